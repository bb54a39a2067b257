"""What customers write: whether it is positive, learned from the ratings of the shop itself."""
