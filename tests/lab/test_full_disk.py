"""A disk without room while a model is taken in or made live: nothing half is left; with room again, it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import approval, bundles, embedding, promotion, registry
from sticktionary.domain.search import filling
from sticktionary.models import Embedding, ModelVersion, Player, Release, Sticker, TrainingRun
from tests.catalogue import colours
from tests.full_disk import little_room
from tests.lab.candidates import candidate, figure, promoted, run, worked

FULL = "There is no room left for the model on the disk."
VECTOR_OF_PAGES = 4_096  # numbers: four pages of SQLite, which no free ones are enough for
ROOM = 200  # bytes a file: less than the smallest file of a bundle


@contextmanager
def full_database() -> Iterator[None]:
    """Not a page more, as on a full disk; what lies in free pages and rows can still be written."""
    with connection.cursor() as cursor:
        (n_pages,) = cursor.execute("PRAGMA page_count").fetchone()
        (most,) = cursor.execute("PRAGMA max_page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {n_pages}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA max_page_count = {most}")


def test_the_model_of_a_run_is_taken_in_when_there_is_room(frozen: Release, settings: Any) -> None:
    done = run(frozen, figure("fine-tuned", 0.5), figure("bm25", 0.3))
    with little_room(ROOM), pytest.raises(Refused, match=FULL):
        registry.register(done)
    assert (list(Path(settings.MODELS_DIR).iterdir()), ModelVersion.objects.count()) == ([], 0)
    assert TrainingRun.objects.get() == done
    version = registry.register(done)
    bundles.check(version)
    assert promoted(version).stage == "champion"


def test_an_installed_model_goes_live_when_there_is_room(
    stickers: list[Sticker], settings: Any, tmp_path: Path
) -> None:
    live = worked(registry.install(actor=None, source=str(colours.bundle(tmp_path / "one", dim=3))))
    coming = registry.install(actor=None, source=str(colours.bundle(tmp_path / "two", dim=4)))
    before = sorted(Path(settings.MODELS_DIR).iterdir())
    with little_room(ROOM):
        assert jobs.carry_out(ModelVersion, coming.pk, promotion.run)
    coming.refresh_from_db()
    assert (coming.state, coming.error, coming.path, coming.stage) == ("failed", FULL, "", "candidate")
    assert sorted(Path(settings.MODELS_DIR).iterdir()) == before
    assert registry.champion() == live
    promotion.resume(actor=None, version=coming)
    assert worked(coming).stage == "champion"
    assert registry.live_bundle() is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the pages of a PostgreSQL server are not a test's to limit")
def test_vectors_that_find_no_room_hold_up_a_promotion_and_nothing_else(
    frozen: Release, researcher: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = promoted(candidate(frozen, dim=3))
    version = candidate(frozen, dim=VECTOR_OF_PAGES)
    approval.approve(actor=researcher, version=version)
    promotion.promote(actor=researcher, version=version)
    monkeypatch.setattr(embedding, "AT_ONCE", 1)
    with full_database():
        assert jobs.carry_out(ModelVersion, version.pk, promotion.run)
    version.refresh_from_db()
    assert (version.state, version.error) == ("failed", "OperationalError: database or disk is full")
    assert registry.champion() == live
    n_written = Embedding.objects.filter(embedded_by=version.name).count()
    assert n_written < Sticker.objects.count()
    promotion.resume(actor=researcher, version=version)
    assert worked(version).stage == "champion"
    assert not embedding.without_vector(version.name).exists()


def test_a_model_goes_live_although_its_vectors_cannot_be_laid_ready(
    frozen: Release, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SEARCH_DIR = tmp_path / "search"
    settings.SEARCH_DIR.mkdir()
    monkeypatch.setattr(filling, "WRITTEN_FROM", 1)
    version = candidate(frozen)
    with little_room(ROOM):
        assert promoted(version).stage == "champion"
    files = [path for path in settings.SEARCH_DIR.rglob("*") if path.is_file() and path.stat().st_size]
    assert files == []
    filling.lay_ready(version.name)
    assert [path.name for path in settings.SEARCH_DIR.rglob("about.json")] == ["about.json"]
