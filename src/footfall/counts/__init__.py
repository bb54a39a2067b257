"""What customers repeat and what follows what: counts, and vectors made from them."""
