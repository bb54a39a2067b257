"""How positive each text of a shop is, learned from its own ratings, and how good that is."""
