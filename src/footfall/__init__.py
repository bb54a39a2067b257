"""Footfall: customer journeys and scores inside the warehouse."""

import os

# Threads that wait for each other sleep. By default they spin, and where other work shares the
# cores that costs more time than it saves (a build took three times as long). It is read when torch
# and LightGBM are loaded, so it has to be set here; a setting of the user's own comes first.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
