from __future__ import annotations

import hypothesis

# How long an example takes says something about the machine, not about the code. What passed once passes again; to
# look further than the usual examples: make test ARGS=--hypothesis-profile=searching
hypothesis.settings.register_profile("sticktionary", deadline=None, derandomize=True)
hypothesis.settings.register_profile("searching", deadline=None, max_examples=1_000, print_blob=True)
hypothesis.settings.load_profile("sticktionary")
