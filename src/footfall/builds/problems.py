"""Why a build cannot go on."""


class BuildProblem(Exception):
    """A build cannot go on; the message says why, and what the user can do about it."""
