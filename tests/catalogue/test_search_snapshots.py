"""Snapshots of what search holds: taken up where they are right, passed over where they are not."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sticktionary.domain import catalogue
from sticktionary.domain.search import filling, reading, snapshots
from sticktionary.domain.search.live import CatalogueSearch
from sticktionary.domain.search.snapshots import WORDS, of_model
from sticktionary.models import Embedding, IndexChange, ModelVersion, Pack, Sticker
from tests.catalogue import colours

Make = Callable[..., Sticker]
TEXTS = ("apple", "pear", "red", "a number", "number 7", "nothing of it")


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.SEARCH_DIR = tmp_path / "search"
    settings.SEARCH_DIR.mkdir()
    return Path(settings.SEARCH_DIR)


@pytest.fixture(autouse=True)
def _every_change_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "WRITTEN_FROM", 1)
    monkeypatch.setattr(filling, "DUE_AFTER", 3)


@pytest.fixture
def model(tmp_path: Path, db: None) -> ModelVersion:
    """A live model."""
    bundle = colours.bundle(tmp_path / "bundle", "colours", 3)
    return ModelVersion.objects.create(
        name="colours@1", title="colours", path=str(bundle), stage="champion", state="done"
    )


@pytest.fixture
def stickers(pack: Pack, model: ModelVersion) -> list[Sticker]:
    made = []
    for number in range(12):
        sticker = Sticker.objects.create(
            pack=pack, name=f"{number}.png", sha256=f"{number:064}", image=f"{number}.webp", poster=f"{number}.webp",
            width=10, height=10, printed_text=f"number {number}", labels={"emotion": ["apple", "pear"][number % 2]},
        )  # fmt: skip
        catalogue.index_changed([sticker.pk])
        look(sticker, model.name, number)
        made.append(sticker)
    return made


def look(sticker: Sticker, model: str, seed: int) -> None:
    vector = np.random.default_rng(seed).standard_normal(3).astype(np.float32)
    Embedding.objects.update_or_create(sticker=sticker, embedded_by=model, defaults={"vector": vector.tobytes()})


def answers(search: CatalogueSearch) -> list[object]:
    """What it finds and shows, and what looks like what."""
    search.refresh()
    found = [search.preview(text, Sticker.objects.earliest("pk").pk, 9) for text in TEXTS]
    pictures = [search.known_pictures(one.ids, language) for one in found for language in ("en", "zh")]
    alike = [search.lookalikes(id, 5) for id in Sticker.objects.values_list("pk", flat=True)]
    return [search.model_version, [(one.ids, one.target_rank) for one in found], pictures, alike]


@pytest.fixture
def reads_of_all(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was read of the database as a whole."""
    read: list[str] = []
    for name in ("all_entries", "all_vectors"):
        kept: Callable[..., Iterator[Any]] = getattr(reading, name)
        monkeypatch.setattr(reading, name, lambda *told, kept=kept, name=name: read.append(name) or kept(*told))
    return read


@pytest.fixture
def truth(stickers: list[Sticker]) -> Callable[[], list[object]]:
    """What a process finds that has read the database as a whole."""

    def read() -> list[object]:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(snapshots, "opened", lambda *told: None)
            return answers(CatalogueSearch())

    return read


def test_a_process_starts_from_it_and_reads_on(
    stickers: list[Sticker], model: ModelVersion, truth: Callable[[], list[object]], reads_of_all: list[str]
) -> None:
    assert filling.keep_snapshots() == 2
    stickers[3].printed_text, stickers[4].twin_of = "a red one", stickers[0]
    for sticker in stickers[3:5]:
        sticker.save()
    look(stickers[5], model.name, 99)
    catalogue.index_changed(sticker.pk for sticker in stickers[3:6])
    catalogue.set_state(actor=None, sticker_ids=[stickers[7].pk], state="halted")
    wanted = truth()
    reads_of_all.clear()
    assert answers(CatalogueSearch()) == wanted
    assert reads_of_all == []


def test_the_next_is_written_from_the_last_when_enough_has_changed(
    stickers: list[Sticker], folder: Path, truth: Callable[[], list[object]], reads_of_all: list[str]
) -> None:
    assert filling.keep_snapshots() == 2
    assert filling.keep_snapshots() == 0
    reads_of_all.clear()
    for number in range(3):
        catalogue.set_state(actor=None, sticker_ids=[stickers[number].pk], state="halted")
        catalogue.index_changed([stickers[9].pk, stickers[10].pk, stickers[11].pk])
        assert filling.keep_snapshots() == 2
    assert reads_of_all == []
    assert [len(list(kind.glob("[0-9]*"))) for kind in sorted(folder.iterdir()) if kind.is_dir()] == [2, 2]
    wanted = truth()
    reads_of_all.clear()
    assert answers(CatalogueSearch()) == wanted
    assert reads_of_all == []


def test_few_stickers_are_read_without_any(
    stickers: list[Sticker], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "WRITTEN_FROM", 13)
    filling.lay_ready("colours@1")
    assert filling.keep_snapshots() == 0
    assert list(folder.iterdir()) == []


def newest(folder: Path, of: str) -> Path:
    return max((folder / of).glob("[0-9]*"))


def damage(path: Path) -> None:
    held = bytearray(path.read_bytes())
    held[len(held) // 2] ^= 1
    path.write_bytes(held)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("of", [WORDS, of_model("colours@1")])
@pytest.mark.parametrize("harm", [damage, cut, Path.unlink])
def test_a_damaged_file_is_noticed_whichever_it_is(
    stickers: list[Sticker], folder: Path, truth: Callable[[], list[object]], of: str, harm: Callable[[Path], None]
) -> None:
    filling.keep_snapshots()
    wanted, whole = truth(), folder.with_name("whole")
    shutil.copytree(folder, whole)
    files = [path.relative_to(folder) for path in newest(folder, of).rglob("*") if path.is_file()]
    assert len(files) > 1
    for file in files:
        if not (whole / file).stat().st_size:
            continue
        shutil.rmtree(folder)
        shutil.copytree(whole, folder)
        harm(folder / file)
        if file.name != snapshots.ABOUT:  # a number in it may be another one and right
            assert snapshots.opened(of, lambda path: path) is None
    assert answers(CatalogueSearch()) == wanted


def test_the_one_before_is_taken_where_the_newest_is_damaged(
    stickers: list[Sticker], folder: Path, truth: Callable[[], list[object]], reads_of_all: list[str]
) -> None:
    filling.keep_snapshots()
    catalogue.index_changed(sticker.pk for sticker in stickers[:3])
    filling.keep_snapshots()
    wanted = truth()
    damage(max(newest(folder, WORDS).rglob("*.npy"), key=lambda path: path.stat().st_size))
    reads_of_all.clear()
    assert answers(CatalogueSearch()) == wanted
    assert reads_of_all == []


@pytest.mark.parametrize("why", ["other code", "log forgotten", "older database"])
def test_one_that_does_not_belong_here_is_passed_over(
    stickers: list[Sticker], monkeypatch: pytest.MonkeyPatch, truth: Callable[[], list[object]], why: str
) -> None:
    filling.keep_snapshots()
    Sticker.objects.filter(pk=stickers[0].pk).update(printed_text="red as never before")  # and no line says so
    if why == "other code":
        monkeypatch.setattr(snapshots, "code", lambda: "another")
    elif why == "log forgotten":
        IndexChange.objects.all().delete()
    else:
        IndexChange.objects.update(at=IndexChange.objects.earliest("pk").at)
    assert answers(CatalogueSearch()) == truth()
    assert filling.keep_snapshots() == 2


def test_a_writer_that_is_killed_leaves_nothing_that_anybody_takes_up(
    stickers: list[Sticker], folder: Path, model: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, place = filling.words()
    writer = os.fork()
    if not writer:  # it touches no database

        def save(into: Path) -> None:
            shelf.album.save(into)
            os.kill(os.getpid(), signal.SIGKILL)

        snapshots.write(WORDS, place, save)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(writer, 0)[1]) == -signal.SIGKILL
    assert len(list((folder / WORDS).iterdir())) == 1
    assert snapshots.opened(WORDS, lambda path: path) is None
    assert filling.keep_snapshots() == 2
    assert [path.name for path in (folder / WORDS).iterdir()] == [f"{IndexChange.objects.latest('pk').pk:012}"]


def test_one_process_writes_at_a_time(stickers: list[Sticker], folder: Path) -> None:
    with snapshots.alone() as first, snapshots.alone() as second:
        assert (first, second) == (True, False)
        assert filling.keep_snapshots() == 0
    assert filling.keep_snapshots() == 2


def test_a_full_disk_leaves_what_was_there(
    stickers: list[Sticker], folder: Path, monkeypatch: pytest.MonkeyPatch, truth: Callable[[], list[object]]
) -> None:
    filling.keep_snapshots()
    before = sorted(path.name for path in folder.rglob("*"))
    catalogue.index_changed(sticker.pk for sticker in stickers)

    def full(*told: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(snapshots, "_flush", full)
    with pytest.raises(OSError, match="No space"):
        filling.keep_snapshots()
    filling.lay_ready("colours@1")  # logged: the model goes live all the same
    assert sorted(path.name for path in folder.rglob("*")) == before
    assert answers(CatalogueSearch()) == truth()


def test_models_that_cannot_be_live_again_have_no_snapshots(
    stickers: list[Sticker], folder: Path, model: ModelVersion
) -> None:
    filling.keep_snapshots()
    ModelVersion.objects.update(stage="retired")
    filling.keep_snapshots()
    assert [path.name for path in folder.iterdir() if path.is_dir()] == [WORDS]


def test_lines_that_a_snapshot_reads_on_from_are_not_forgotten(stickers: list[Sticker]) -> None:
    filling.keep_snapshots()
    first = IndexChange.objects.latest("pk").pk
    catalogue.index_changed(sticker.pk for sticker in stickers)
    IndexChange.objects.update(at="2020-01-01T00:00:00Z")
    n_read = IndexChange.objects.filter(pk__lt=first).count()
    assert (filling.forget_old_changes(), IndexChange.objects.earliest("pk").pk) == (n_read, first)
