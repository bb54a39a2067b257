"""`python -m footfall.boards`: an alias for `python -m footfall.pages.boards`, for one version."""

import runpy

runpy.run_module("footfall.pages.boards", run_name="__main__", alter_sys=True)
