"""What a web process loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = {"torch", "torchvision", "open_clip", "transformers", "onnx", "matplotlib"}
HEAVY |= {"pandas", "pyarrow", "statsmodels", "krippendorff", "sacrebleu", "huggingface_hub"}  # the worker's
HEAVY |= {"faiss", "qdrant_client", "grpc"}  # of catalogues that are too large for plain arrays, or for one machine
HEAVY |= {"scipy", "numba"}
MOST_MB = 400
WEB_PROCESS = """
import sys
import sticktionary.asgi
from django.urls import get_resolver
get_resolver().url_patterns
"""
SEARCHING = """
from pathlib import Path
import numpy as np
from retrieval_engine.catalogue import read_stickers
from retrieval_engine.searcher import Searcher
from retrieval_engine.serving import Bundle
pack = Path("starter_pack")
bundle = Bundle.open(pack / "clip")
searcher, rng = Searcher(bundle), np.random.default_rng(0)
for id, sticker in enumerate(read_stickers(pack / "pack" / "stickers", sorted((pack / "pack").glob("*.csv")))):
    texts = {language: ", ".join(queries) for language, queries in sticker.queries.items()}
    searcher.put(id, texts, rng.standard_normal(bundle.dim))
for query in ("so ti", "好累", "今天又是"):
    assert len(searcher.search(query, 24, partial=True)) == 24
"""
TOLD = """
import psutil
print(psutil.Process().memory_info().rss // 2**20, *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def told(*code: str) -> tuple[int, set[str]]:
    """Resident MB and the packages that are loaded when the code has run in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", "".join(code)], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]
    )
    mb, *loaded = run.stdout.split()
    return int(mb), set(loaded)


def test_it_does_without_torch() -> None:
    mb, loaded = told(WEB_PROCESS, TOLD)
    assert {"django", "channels", "onnxruntime", "retrieval_engine"} <= loaded
    assert loaded & HEAVY == set()
    assert mb < MOST_MB


def test_nothing_heavy_comes_with_the_first_searches_of_the_starter_pack() -> None:
    """Compiled loops (numba) are loaded where they are installed, and have to fit in, too."""
    for numba in ("", "sys.modules['numba'] = None"):
        mb, loaded = told(WEB_PROCESS, numba, SEARCHING, TOLD)
        compiled = {"numba", "scipy"} if not numba else {"numba"}  # a None stands among the modules
        assert loaded & HEAVY - compiled == set()
        assert mb < MOST_MB
