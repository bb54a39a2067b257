"""Reads experiments from files: rows of units into moments of arms, by SQL in DuckDB.

`names` takes apart what a user wrote, `units` reads a file with a row a unit or more, `checkpoints`
one that holds sums already, and `results` makes figures of both.
"""
