"""The former home of ``footfall.pages.boards``; it goes with the next version."""
