"""Ranks units by what an arm changes for them, and measures such a ranking.

`learners` holds a response model, the T- and the X-learner, `qini` the measure with its interval,
and `trials` learns, chooses and measures on units that are kept apart.
"""
