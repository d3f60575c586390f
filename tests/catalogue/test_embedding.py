"""New stickers get their vectors in the background: some at a time, by one at a time, behind the game."""

from __future__ import annotations

import fcntl
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from retrieval_engine.frames import Source
from retrieval_engine.serving import Bundle
from sticktionary import tasks
from sticktionary.domain import jobs
from sticktionary.domain.intake.pictures import path_of
from sticktionary.domain.lab import embedding, promotion, registry
from sticktionary.models import Embedding, IndexChange, ModelVersion, Sticker
from tests.catalogue import colours, files
from tests.catalogue.conftest import Importer

N = 12


@pytest.fixture
def live(db: None, tmp_path: Path) -> ModelVersion:
    """A model that went live before there was a sticker."""
    version = registry.install(actor=None, source=str(colours.bundle(tmp_path / "bundle")), queue=False)
    assert jobs.carry_out(ModelVersion, version.pk, promotion.run)
    version.refresh_from_db()
    return version


@pytest.fixture
def stickers(live: ModelVersion, imported: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Sticker]:
    monkeypatch.setattr(embedding, "AT_ONCE", 4)
    imported(files.folder(tmp_path / "pack", {f"{n:02}.png": files.png(n) for n in range(1, N + 1)}))
    assert Sticker.objects.count() == N
    return list(Sticker.objects.order_by("pk"))


def vectors(version: ModelVersion) -> dict[int, np.ndarray]:
    rows = Embedding.objects.filter(embedded_by=version.name).values_list("sticker_id", "vector")
    return {id: np.frombuffer(bytes(vector), dtype=np.float32) for id, vector in rows}


def test_each_gets_its_own_vector_and_search_is_told(live: ModelVersion, stickers: list[Sticker]) -> None:
    IndexChange.objects.all().delete()
    assert embedding.keep_up(60) == N
    bundle = Bundle.open(live.path)
    expected = {sticker.pk: bundle.encode_stickers([path_of(sticker.image)])[0] for sticker in stickers}
    held = vectors(live)
    assert held.keys() == expected.keys()
    for id, vector in held.items():
        assert vector == pytest.approx(expected[id], abs=1e-6)
    assert set(IndexChange.objects.values_list("sticker_id", flat=True)) == set(expected)
    assert embedding.keep_up(60) == 0


def test_when_its_time_is_up_it_stops_and_goes_on_next_time(
    live: ModelVersion, stickers: list[Sticker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "N_THREADS", 1)
    told: list[int] = []
    bundle = Bundle.open(live.path)
    assert embedding.embed(live.name, bundle, told.append, for_s=0) == 4
    assert embedding.embed(live.name, bundle, told.append, for_s=0) == 4
    assert embedding.embed_missing(told.append) == 4
    assert told == [4, 8, 12]
    assert embedding.embed_missing(for_s=0) == 0


def test_more_stickers_ask_the_database_no_more_often_each(
    live: ModelVersion, stickers: list[Sticker], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    for at_once in (12, 6, 3):
        monkeypatch.setattr(embedding, "AT_ONCE", at_once)
        Embedding.objects.all().delete()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert embedding.embed_missing() == N
        asked.append(len(queries))
    per_batch = asked[1] - asked[0]
    assert asked[2] - asked[1] == 2 * per_batch
    assert per_batch <= 5  # which are missing, a transaction's beginning and end, vectors, lines for search


def test_a_file_that_is_lost_holds_up_nobody(live: ModelVersion, stickers: list[Sticker]) -> None:
    path_of(stickers[5].image).unlink()
    assert embedding.keep_up(60) == N
    held = vectors(live)
    assert [len(held[sticker.pk]) for sticker in stickers] == [0 if n == 5 else 3 for n in range(N)]


def test_one_process_is_at_it_at_a_time(live: ModelVersion, stickers: list[Sticker], settings: Any) -> None:
    with (Path(settings.MODELS_DIR) / ".embedding.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert embedding.keep_up(60) == 0
    tasks.embed()
    assert len(vectors(live)) == N


def test_who_is_told_no_more_leaves_what_is_written(live: ModelVersion, stickers: list[Sticker]) -> None:
    def killed(n: int) -> None:
        if n == 8:
            raise SystemExit

    with pytest.raises(SystemExit):
        embedding.embed(live.name, Bundle.open(live.path), killed)
    assert len(vectors(live)) == 8


@given(st.floats(0, 100), st.floats(1, 50))
def test_who_waited_for_a_processor_leaves_it_alone_for_a_while(processor: float, slower: float) -> None:
    rest = embedding.rest_s(slower * processor, processor)
    assert embedding.rest_s(processor, processor) == embedding.rest_s(0.99 * processor, processor) == 0
    assert 0 <= rest <= embedding.MOST_REST * processor
    assert rest == pytest.approx(min(2 * (slower - 1), 4) * processor)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux alone")
def test_the_work_stands_back_for_the_game(live: ModelVersion, stickers: list[Sticker]) -> None:
    seen = set()

    class Watched(Bundle):
        def encode_stickers(self, stickers: Sequence[Source]) -> Any:
            seen.add(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            return super().encode_stickers(stickers)

    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert embedding.embed(live.name, Watched.open(live.path)) == N
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before
    assert seen == {embedding.NICENESS}
