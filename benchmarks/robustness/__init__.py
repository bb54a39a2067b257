"""Checks of what goes wrong: bad inputs, kills, full disks, servers that die, shops out of size.

`benchmarks/harness.py` runs them and prints a table; tests run the short ones.
"""
