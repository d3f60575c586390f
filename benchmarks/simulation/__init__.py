"""Simulated players on the real game (`play`) and on a sketch of it (`sketch`): what the flags make of them. See
`benchmarks/spam.py`."""
