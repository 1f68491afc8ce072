"""Simulated people who use the public API: `python -m simulation`, for the demo, panels, drills and benchmarks."""
