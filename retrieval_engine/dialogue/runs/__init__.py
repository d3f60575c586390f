"""A run of the lab: from a release to a published model and its figures."""
