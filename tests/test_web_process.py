"""What a web process loads."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"torch", "torchvision", "open_clip", "transformers", "onnx", "matplotlib"}
HEAVY |= {"pandas", "pyarrow", "statsmodels", "krippendorff", "sacrebleu", "huggingface_hub"}  # the worker's
WEB_PROCESS = """
import sys
import sticktionary.asgi
from django.urls import get_resolver
get_resolver().url_patterns
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_it_does_without_torch() -> None:
    run = subprocess.run([sys.executable, "-c", WEB_PROCESS], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert {"django", "channels", "onnxruntime", "retrieval_engine"} <= loaded
    assert loaded & HEAVY == set()
