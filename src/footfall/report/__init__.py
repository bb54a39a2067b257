"""Draws the journey, its pains and its customers on one page that a browser opens without a network."""
