"""Reads a file of scored people, for a comparison of its groups."""
