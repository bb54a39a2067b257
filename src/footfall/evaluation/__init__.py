"""Metrics of rankings and scores, calibration and bootstrap intervals."""
