"""Compares what a score does to groups of people: metrics, gaps, and what chance alone would make.

Pure functions over arrays; nothing here touches a database, and NumPy is all that it takes.

- `rows` holds scored people whose outcome is known, and `selection` says whom a cut-off picks;
- `metrics` are the figures of each group, with intervals;
- `standardised` compares groups within bands, such as those of past spend;
- `intervals` bounds the largest difference, and `null` says what chance alone makes of it;
- `closing` says what thresholds by group that close a gap would cost;
- `gaps` puts these together, with a verdict for each gap.
"""
