"""Scores of attempts to pay: a model for each week, what it says, and how good that is."""
