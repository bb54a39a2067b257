"""The packages that the project stands on: their lock files, and a list of them for auditors."""
