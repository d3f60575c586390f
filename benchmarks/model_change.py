"""A model changes while people type: how long the roll back takes, how long until a web process answers by the other
model, and what previews take meanwhile; with the other model's vectors in the database, and with a snapshot of them.

`python -m benchmarks.model_change [--stickers 20000] [--dim 512]`. Stickers have five queries in English and five in
Chinese out of the starter pack's words, vectors are random; queries are encoded by the starter CLIP, padded to `dim`.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._game import ROOT, quantiles

LANGUAGES = ("en", "zh")


def words(language: str) -> list[str]:
    from retrieval_engine.data import read_queries_csv

    file = ROOT / "starter_pack" / "pack" / f"sticker_queries_{language}.csv"
    return [query for row in read_queries_csv(file) for query in row.queries]


def fill(n: int, dim: int) -> None:
    """Stickers with house rounds, and vectors of two models."""
    from django.utils import timezone

    from retrieval_engine.text import normalise
    from sticktionary.models import Embedding, Pack, Query, Round, Sticker

    rng, dice, now = np.random.default_rng(0), random.Random(0), timezone.now()
    pack = Pack.objects.create(slug="many", title="Many", licence="CC0")
    plain = {"image": "x.webp", "poster": "x.webp", "width": 1, "height": 1}
    stickers = Sticker.objects.bulk_create(
        [Sticker(pack=pack, name=f"{i}.png", sha256=f"{i:064x}", **plain) for i in range(n)], batch_size=2_000
    )
    for name in models(dim):
        vectors = rng.standard_normal((n, dim), dtype=np.float32)
        rows = (
            Embedding(sticker=one, embedded_by=name, vector=vector.tobytes())
            for one, vector in zip(stickers, vectors, strict=True)
        )
        Embedding.objects.bulk_create(rows, batch_size=2_000)
    for language in LANGUAGES:
        said = words(language)
        times = {"dealt_at": now, "submitted_at": now}
        rounds = Round.objects.bulk_create(
            [Round(sticker=one, language=language, source="house", state="open", **times) for one in stickers],
            batch_size=2_000,
        )
        texts = ((one, text) for one in rounds for text in dice.sample(said, 5))
        Query.objects.bulk_create(
            (Query(round=one, text=text, normalised=normalise(text), position=1, added_at=now) for one, text in texts),
            batch_size=2_000,
        )


def models(dim: int) -> list[str]:
    """Two models, the second of them live; both encode by the starter CLIP, whose numbers are repeated up to `dim`."""
    from retrieval_engine.serving import Bundle
    from sticktionary.domain.lab import bundles
    from sticktionary.models import ModelVersion

    class Wide:
        version = "wide"
        starter = Bundle.open(ROOT / "starter_pack" / "clip")

        def encode(self, texts: list[str]) -> np.ndarray[Any, Any]:
            return np.resize(self.starter.encode(texts), (len(texts), dim))

    bundles.opened = lambda path: Wide()  # type: ignore[assignment]
    bundles.check = lambda version: None  # type: ignore[assignment, return-value]
    stages = {"before": "previous", "now": "champion"}
    for name, stage in stages.items():
        ModelVersion.objects.get_or_create(name=name, defaults={"stage": stage, "path": name, "state": "done"})
    return list(stages)


def typing(search: Any, until: threading.Event) -> Iterator[float]:
    """Milliseconds of previews, one after the other."""
    said = words("en")
    for number in range(10**9):
        if until.is_set():
            return
        yield search.preview(said[number % len(said)][: 3 + number % 9], 1).ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stickers", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=512)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sticktionary-bench-") as data:
        os.environ |= {"STICKTIONARY_DATA": data, "DJANGO_SETTINGS_MODULE": "sticktionary.settings"}
        os.environ |= {"LOG_LEVEL": "ERROR"}
        import django
        from django.core.management import call_command

        django.setup()
        Path(data, "static").mkdir(exist_ok=True)
        call_command("migrate", verbosity=0)
        fill(args.stickers, args.dim)
        measure()


def measure() -> None:
    from sticktionary.domain.lab import promotion
    from sticktionary.domain.search import filling
    from sticktionary.domain.search.following import Follower
    from sticktionary.domain.search.live import CatalogueSearch

    search, warm = CatalogueSearch(), threading.Event()
    began = time.perf_counter()
    follower = Follower(search, warm.set)
    warm.wait()
    print(f"reading the catalogue in: {time.perf_counter() - began:.2f} s", flush=True)
    ms, over = list[float](), threading.Event()
    typist = threading.Thread(target=lambda: ms.extend(typing(search, over)))
    typist.start()
    time.sleep(5)
    quiet = list(ms)
    for name, where in (("before", "in the database"), ("now", "in a snapshot")):
        if where == "in a snapshot":
            filling.write_vectors(name)
        n_before, began = len(ms), time.perf_counter()
        promotion.roll_back(actor=None)
        rolled_back = time.perf_counter() - began
        while search.model_version != name:
            time.sleep(0.005)
        changed = time.perf_counter() - began
        print(f"vectors {where}: rolled back in {rolled_back * 1e3:.0f} ms, answered by after {changed:.2f} s")
        print(f"  previews meanwhile: {quantiles([each / 1_000 for each in ms[n_before:]])}", flush=True)
    over.set()
    typist.join()
    follower.end()
    print(f"previews before: {quantiles([each / 1_000 for each in quiet])}")


if __name__ == "__main__":
    main()
