"""Simulated players on the real game: what the flags make of them. See `benchmarks/spam.py`."""
