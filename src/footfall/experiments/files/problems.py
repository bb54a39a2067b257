"""What is wrong with a file or with what was asked of it."""


class ExperimentProblem(ValueError):
    """A file cannot be read as an experiment; the message names the column or value to fix."""
