"""The command line of the project: what Make calls, so that no value of a user meets a shell.

Make exports what a user gave it (`make build FILE=…`) as it is, and
`python -m footfall.commands build` makes the arguments of dbt and of the other programs from it.
This package starts programs; it imports neither dbt nor a database.
"""
