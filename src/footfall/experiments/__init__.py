"""Reads experiments: pure functions over sums of each arm, and the learners of uplift.

Nothing here touches a database. Rows become sums in SQL (`footfall.experiments.files` for files,
models for the warehouse); from the sums everything else follows:

- `fixed` compares two arms once, after the end (Welch's t-test, lift, CUPED);
- `planned_looks` looks at dates that were set before, and spends its errors on them;
- `always_valid` holds at every moment, and has wider intervals for it;
- `verdicts` decides about several arms and metrics;
- `health` says whether an experiment can be trusted at all;
- `planning` says how many units one takes;
- `uplift` ranks units by what an arm changes for them.
"""
