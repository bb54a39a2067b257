"""Rows at cut-offs: features, histories, and the windows that heads learn from."""
