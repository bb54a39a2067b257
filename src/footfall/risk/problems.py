"""What is wrong with a file or an option, in words that say how to fix it."""


class RiskProblem(ValueError):
    """A file or an option cannot be used; the message names it and says what is allowed."""
