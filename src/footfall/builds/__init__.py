"""What a build decides: plain Python that imports neither dbt nor a database.

Macros ask for these decisions through the macro `ask_program` and carry them out: they query, run
statements and print. A function here takes what JSON can hold, by name, and returns the same.
"""
