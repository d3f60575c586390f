from __future__ import annotations

import csv
import hashlib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from sticktionary.domain import catalogue, exporting, jobs
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.intake import importing
from sticktionary.domain.people import moderation
from sticktionary.domain.quality import sanctions
from sticktionary.models import ExportJob, ImportJob, Pack, Player, Query, Retrieval, Round, Sticker
from tests.catalogue import files
from tests.catalogue.conftest import Importer
from tests.releases import plays


def played(sticker: Sticker, *texts: str, finders: int = 1, **fields: Any) -> None:
    round_ = plays.written(sticker, plays.player(), *texts, **fields)
    for _ in range(finders):
        plays.looked_up(round_, plays.player())


def rows(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["sticker_id"]: row["labeled_queries"] for row in csv.DictReader(file)}


@pytest.fixture
def two(imported: Importer, pack: Pack, tmp_path: Path) -> tuple[Sticker, Sticker]:
    Pack.objects.update(may_publish_pictures=True)
    lists = {
        "sticker_queries_en.csv": b'sticker_id,labeled_queries\na.png,"one, Two"\n',
        "sticker_queries_zh.csv": "sticker_id,labeled_queries\na.png,一\nb.gif,二\n".encode(),
    }
    imported(
        files.folder(
            tmp_path / "pack", {"stickers/a.png": files.png(1), "stickers/b.gif": files.moving("GIF"), **lists}
        )
    )
    first, second = Sticker.objects.order_by("name")
    return first, second


def test_the_pair_of_lists_lies_beside_the_stickers_as_they_came(two: tuple[Sticker, Sticker], tmp_path: Path) -> None:
    assert exporting.write(tmp_path / "out") == 2
    assert (tmp_path / "out/sticker_queries_en.csv").read_bytes() == (b'sticker_id,labeled_queries\na.png,"one, Two"\n')
    assert (tmp_path / "out/sticker_queries_zh.csv").read_text() == "sticker_id,labeled_queries\na.png,一\nb.gif,二\n"
    assert (tmp_path / "out/stickers/a.png").read_bytes() == files.png(1)
    assert (tmp_path / "out/stickers/b.gif").read_bytes() == files.moving("GIF")
    assert len([*(tmp_path / "out").rglob("*")]) == 5


def test_what_was_found_follows_what_came_and_nothing_is_said_twice(
    two: tuple[Sticker, Sticker], tmp_path: Path
) -> None:
    sticker = two[0]
    played(sticker, "two", "three", "no, thanks")
    played(sticker, "four", "THREE", source="suggestion")
    exporting.write(tmp_path / "out")
    assert rows(tmp_path / "out/sticker_queries_en.csv") == {"a.png": "one, Two, three, no,thanks, four"}


@pytest.mark.parametrize(
    "facts",
    [
        {"finders": 0},
        {"finders": 0, "state": "found"},
        {"state": "labelling"},
        {"state": "skipped"},
        {"state": "lapsed"},
        {"state": "withdrawn"},
        {"source": "practice"},
        {"finders": 0, "source": "suggestion"},
        {"source": "house", "state": "withdrawn"},
    ],
)
def test_what_nobody_found_stays_at_home(two: tuple[Sticker, Sticker], tmp_path: Path, facts: dict[str, Any]) -> None:
    played(two[0], "secret", **facts)
    exporting.write(tmp_path / "out")
    assert rows(tmp_path / "out/sticker_queries_en.csv") == {"a.png": "one, Two"}


def test_it_holds_what_a_release_would(
    two: tuple[Sticker, Sticker], admin: Player, settings: Any, tmp_path: Path
) -> None:
    settings.RELEASES_DIR = tmp_path / "releases"
    settings.RELEASES_DIR.mkdir()
    sticker, other = two
    played(sticker, "three", "call me 01512 3456789", "no, thanks")
    played(other, "四", language="zh")
    unasked = plays.written(sticker, plays.player(consent=False), "from somebody who did not agree")
    plays.looked_up(unasked, plays.player())
    excluded = plays.player()
    played(sticker, "found by nobody who counts", finders=0)
    plays.looked_up(Round.objects.latest("pk"), excluded)
    sanctions.impose(player_id=excluded.pk, step="excluded", reason="copying", actor=admin)
    exporting.write(tmp_path / "out")
    release = plays.frozen(admin)
    for path in (tmp_path / "out").rglob("*.*"):
        held = settings.RELEASES_DIR / release.path / path.relative_to(tmp_path / "out")
        assert held.read_bytes() == path.read_bytes()
    assert rows(tmp_path / "out/sticker_queries_en.csv") == {"a.png": "one, Two, three, no,thanks"}
    assert rows(tmp_path / "out/sticker_queries_zh.csv") == {"a.png": "一", "b.gif": "二, 四"}


def test_pictures_that_may_not_be_published_stay_at_home(two: tuple[Sticker, Sticker], tmp_path: Path) -> None:
    Pack.objects.update(may_publish_pictures=False)
    assert exporting.write(tmp_path / "out") == 2
    assert [path.name for path in (tmp_path / "out/stickers").iterdir()] == []
    assert rows(tmp_path / "out/sticker_queries_en.csv") == {"a.png": "one, Two"}


def test_removed_queries_and_withdrawn_stickers_stay_at_home(two: tuple[Sticker, Sticker], tmp_path: Path) -> None:
    played(two[0], "oops")
    Query.objects.filter(text="oops").update(removed_at=timezone.now())
    catalogue.set_state(actor=None, sticker_ids=[two[1].pk], state="withdrawn")
    exporting.write(tmp_path / "out")
    assert rows(tmp_path / "out/sticker_queries_en.csv") == {"a.png": "one, Two"}
    assert rows(tmp_path / "out/sticker_queries_zh.csv") == {"a.png": "一"}
    assert [path.name for path in (tmp_path / "out/stickers").iterdir()] == ["a.png"]


def test_names_that_two_packs_share_are_told_apart(
    two: tuple[Sticker, Sticker], imported: Importer, tmp_path: Path
) -> None:
    other = Pack.objects.create(slug="other", title="Other", source="me", licence="CC0", may_publish_pictures=True)
    lists = b"sticker_id,labeled_queries\na.png,another\n"
    imported(files.folder(tmp_path / "other", {"stickers/a.png": files.png(7), "q_en.csv": lists}), other)
    exporting.write(tmp_path / "out")
    assert rows(tmp_path / "out/sticker_queries_en.csv") == {"a.png": "one, Two", "other_a.png": "another"}
    assert (tmp_path / "out/stickers/other_a.png").read_bytes() == files.png(7)


def test_what_was_exported_imports_again_to_the_same(
    two: tuple[Sticker, Sticker], imported: Importer, tmp_path: Path
) -> None:
    played(two[0], "three", "没有, 谢谢", language="zh")
    exporting.write(tmp_path / "out")
    Retrieval.objects.all().delete()
    Query.objects.all().delete()
    Round.objects.all().delete()
    Sticker.objects.all().delete()
    job = imported(tmp_path / "out")
    assert set(job.items.values_list("outcome", flat=True)) == {"imported"}
    exporting.write(tmp_path / "again")
    for path in (tmp_path / "out").rglob("*.*"):
        assert (tmp_path / "again" / path.relative_to(tmp_path / "out")).read_bytes() == path.read_bytes()


def test_a_folder_that_holds_something_is_left_alone(two: tuple[Sticker, Sticker], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    with pytest.raises(Refused):
        exporting.write(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


@pytest.fixture
def admin(db: None) -> Player:
    return moderation.make_admin(username="ada", password="seven quiet otters", language="en")


def test_the_same_facts_give_the_same_zip(two: tuple[Sticker, Sticker], admin: Player) -> None:
    digests = []
    for _ in range(2):
        job = exporting.start_export(actor=admin)
        assert jobs.carry_out(ExportJob, job.pk, exporting.run)
        job.refresh_from_db()
        archive = exporting.archive_of(job)
        assert (job.state, job.n_done, job.n_total) == ("done", 2, 2)
        assert archive is not None
        digests.append(hashlib.sha256(archive.read_bytes()).hexdigest())
    assert digests[0] == digests[1]
    with zipfile.ZipFile(archive) as opened:
        assert opened.namelist() == [
            "sticker_queries_en.csv", "sticker_queries_zh.csv", "stickers/a.png", "stickers/b.gif",
        ]  # fmt: skip


def test_an_exported_zip_imports_as_it_is(
    two: tuple[Sticker, Sticker], admin: Player, imported: Importer, tmp_path: Path
) -> None:
    job = exporting.start_export(actor=admin)
    jobs.carry_out(ExportJob, job.pk, exporting.run)
    job.refresh_from_db()
    archive = exporting.archive_of(job)
    assert archive is not None
    lines = list(importing.rehearse(archive, None))
    assert {(line.outcome, line.reason) for line in lines} == {
        ("duplicate", "It is the same file as a.png of “Shapes”."),
        ("duplicate", "It is the same file as b.gif of “Shapes”."),
    }
    assert not ImportJob.objects.filter(path=str(archive)).exists()


def test_a_file_that_is_gone_fails_the_export_with_its_name(two: tuple[Sticker, Sticker], admin: Player) -> None:
    from sticktionary.domain.intake.pictures import path_of

    path_of(two[0].original).unlink()
    job = exporting.start_export(actor=admin)
    jobs.carry_out(ExportJob, job.pk, exporting.run)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "The file of sticker a.png is gone.")
    assert exporting.archive_of(job) is None


def test_players_do_not_export(db: None) -> None:
    with pytest.raises(NotAllowed):
        exporting.start_export(actor=Player.objects.create(username="pat"))
