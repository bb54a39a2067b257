"""What an input holds and how it would be read, in seconds and without a build.

Models and macros of the project are rendered here by Jinja alone, so that what is shown is what a
build makes of the same rows. This package imports no dbt.
"""
