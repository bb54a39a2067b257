"""Reads files of reviews, whatever they call their columns."""
