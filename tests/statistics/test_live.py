"""The play so far, and the page that shows it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from retrieval_engine.folders import Players
from sticktionary.celery_app import app
from sticktionary.domain import live_statistics, statistics
from sticktionary.domain.people import accounts
from sticktionary.models import Pack, Player, Query, Retrieval, Round, Sanction, Sitting, Sticker, Turn
from sticktionary.web import statistics_tables as tables

NOW = timezone.now().replace(microsecond=0)
numbers = count(1)


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def player(db: None) -> Callable[[str], Player]:
    def known(name: str) -> Player:
        return Player.objects.get_or_create(username=name)[0]

    return known


def sticker(name: str) -> Sticker:
    pack = Pack.objects.get_or_create(slug="cast", defaults={"title": "Cast"})[0]
    picture = {"image": "x.webp", "poster": "x.webp", "width": 64, "height": 64, "sha256": f"{next(numbers):064x}"}
    return Sticker.objects.get_or_create(pack=pack, name=name, defaults=picture)[0]


def written(name: str, labeler: Player | None, *texts: str, language: str = "en", **fields: Any) -> Round:
    facts = {"source": "play", "state": "found", "dealt_at": NOW, "submitted_at": NOW} | fields
    round_ = Round.objects.create(sticker=sticker(name), labeler=labeler, language=language, **facts)
    for n, text in enumerate(texts):
        Query.objects.create(round=round_, text=text, normalised=text.lower(), position=n, added_at=NOW)
    return round_


def looked_up(round_: Round, player: Player, rank: int, **fields: Any) -> Retrieval:
    facts = {"state": "answered", "candidates": [], "dealt_at": NOW, "lease_until": NOW, "answered_at": NOW} | fields
    return Retrieval.objects.create(round=round_, player=player, rank=rank, **facts)


@pytest.fixture
def play(player: Callable[[str], Player]) -> None:
    """Four rounds by two labelers, a house round, and one by somebody who was excluded."""
    ann, bob, cat, bad = map(player, ("ann", "bob", "cat", "bad"))
    first = written("a.png", ann, "So sad", "crying")
    second = written("a.png", bob, "so sad", "cat")
    written("b.gif", ann, "cat")
    third = written("b.gif", bob, "party", state="needs_review", decided_at=NOW)
    written("c.png", None, "house words", source="house", submitted_at=None)
    written("c.png", bad, "spam")
    written("a.png", player("zoe"), "好难过", language="zh")
    Sanction.objects.create(player=bad, step="excluded", reason="x", at=NOW)
    looked_up(first, cat, 1)
    looked_up(second, cat, 2)
    looked_up(third, cat, 0)
    looked_up(first, bob, 1, is_gold=True)
    looked_up(second, ann, 0, target_absent=True, none_of_these=True)
    sitting = Sitting.objects.create(player=ann, started_at=NOW)
    for n, minutes in enumerate((1, 2, 60), 1):  # the last one lay open
        facts = {"round": first, "role": "labeler", "state": "done", "dealt_at": NOW}
        Turn.objects.create(sitting=sitting, number=n, ended_at=NOW + timedelta(minutes=minutes), **facts)


def test_players_and_tasks_so_far(play: None) -> None:
    assert live_statistics.players()["en"] == Players(
        n_labelers=2,
        n_labelled=4,
        tasks_per_labeler=2,
        n_retrievers=3,
        n_retrievals=5,
        tasks_per_retriever=5 / 3,
        n_proof=3,
        success_rate=2 / 3,
        n_gold=1,
        gold_pass_rate=1,
        n_absent=1,
        absent_pass_rate=1,
    )


def test_hours_and_queries_an_hour(play: None) -> None:
    assert live_statistics.hours() == {"en": 0.1, "zh": 0}
    pace = statistics.work_out()["pace"]
    assert pace["en"] == {"hours": 0.1, "n_verified": 6, "queries_per_hour": 60}
    assert pace["zh"] == {"hours": 0, "n_verified": 1, "queries_per_hour": 0}


def test_queries_that_count_with_and_without_those_that_came_along(play: None) -> None:
    sets = statistics.work_out()["sets"]
    assert sets["play"]["queries"]["en"]["top_queries"] == [["cat", 2], ["crying", 1], ["so sad", 1]]
    assert sets["play"]["queries"]["zh"]["n_queries"] == 1
    everything = dict(map(tuple, sets["all"]["queries"]["en"]["top_queries"]))
    assert everything["house words"] == 1
    assert "party" not in everything  # nobody found it


def test_labelers_of_the_same_sticker_are_compared(play: None) -> None:
    rows = {(row.measure, row.variant): row for row in live_statistics.agreed("en")}
    rouge = rows["ROUGE-L (words)", "list"]
    assert (rouge.n_stickers, rouge.n_pairs) == (2, 2)
    # so sad, crying | so sad, cat: 2 of 3 words; cat | party: none
    assert rouge.estimate.value == pytest.approx((2 / 3 + 0) / 2)
    assert rows["Jaccard", "list"].estimate.value == pytest.approx((1 / 3 + 0) / 2)
    assert live_statistics.agreed("zh") == []


def test_figures_are_kept_until_they_are_old_or_asked_for(play: None, tmp_path: Path) -> None:
    first = statistics.live()
    assert first is not None
    assert first == json.loads((tmp_path / "statistics.json").read_text(encoding="utf-8"))
    Query.objects.all().delete()
    assert statistics.live() == first
    statistics.refresh_if_stale()
    assert statistics.live() == first
    aged = {**first, "at": (timezone.now() - timedelta(hours=2)).isoformat()}
    (tmp_path / "statistics.json").write_text(json.dumps(aged), encoding="utf-8")
    fresh = statistics.live()
    assert fresh is not None
    assert "queries" not in fresh["sets"]["play"]


def test_where_there_is_much_the_worker_counts(
    play: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, researcher: Client
) -> None:
    monkeypatch.setattr(statistics, "FEW", 3)
    assert statistics.live() is None
    assert "being worked out" in researcher.get(reverse("studio_statistics")).content.decode()
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(app, "send_task", lambda *args, **named: asked.append((args, named)))
    researcher.post(reverse("studio_refresh_statistics"))
    assert asked == [(("sticktionary.refresh_statistics",), {"args": [True]})]
    assert not (tmp_path / "statistics.json").exists()
    from sticktionary.tasks import refresh_statistics

    refresh_statistics(True)
    assert statistics.live() is not None


def test_a_spoiled_file_is_worked_out_again(play: None, tmp_path: Path) -> None:
    (tmp_path / "statistics.json").write_text('{"at": "20', encoding="utf-8")
    found = statistics.live()
    assert found is not None
    assert found["sets"]["play"]["queries"]["en"]["n_queries"] == 4


# --- the page ---


@pytest.fixture
def researcher(db: None) -> Client:
    return signed_in("researcher")


def signed_in(role: str) -> Client:
    player = Player.objects.create(username=f"a_{role}")
    accounts.give_consent(player_id=player.pk, language="en")
    player.groups.set(Group.objects.filter(name=role))
    client = Client()
    client.force_login(player)
    return client


@pytest.mark.parametrize(
    ("role", "status"),
    [("", 403), ("moderator", 403), ("reviewer", 403), ("publisher", 200), ("researcher", 200), ("admin", 200)],
)
def test_only_who_may_see_statistics_sees_them(role: str, status: int, play: None) -> None:
    client = signed_in(role)
    pages = [reverse(f"studio_statistics{form}") for form in ("", "_json", "_csv")]
    assert {client.get(page).status_code for page in pages} == {status}
    assert client.post(reverse("studio_refresh_statistics")).status_code == (302 if status == 200 else 403)


def test_the_page_shows_the_papers_figures_beside_ours(play: None, researcher: Client) -> None:
    page = researcher.get(reverse("studio_statistics"))
    players = {row.name: [(cell.value, cell.published) for cell in row.cells] for row in page.context["players"]}
    assert players["Labelers"] == [(2, 42), (1, 18)]
    assert players["Gold rounds passed"] == [(1, None), (None, None)]
    queries = {row.name: [(cell.value, cell.published) for cell in row.cells] for row in page.context["queries"]}
    assert queries["Queries"] == [(4, 8_181), (1, 3_059)]
    assert page.context["of"] == "play"
    html = page.content.decode()
    assert 'style="' not in html
    assert "<script>" not in html
    assert researcher.get(reverse("studio_statistics"), {"of": "all"}).context["of"] == "all"


def test_an_empty_house_has_a_page_too(researcher: Client) -> None:
    page = researcher.get(reverse("studio_statistics"))
    assert page.status_code == 200
    assert "Nothing has been proven in play yet." in page.content.decode()


def test_downloads(play: None, researcher: Client) -> None:
    found = researcher.get(reverse("studio_statistics_json")).json()
    assert found == statistics.live()
    table = researcher.get(reverse("studio_statistics_csv")).content.decode()
    rows = dict(csv.reader(io.StringIO(table)))
    assert rows["figure"] == "value"
    assert rows["sets.play.queries.en.n_queries"] == "4"
    assert rows["sets.play.queries.en.top_queries[cat]"] == "2"
    assert rows["sets.play.queries.en.per_sticker.histogram[1]"] == "1"
    assert rows["pace.en.hours"] == "0.1"


def test_words_of_a_cloud_are_sized_by_area() -> None:
    words = tables.cloud([("most", 100), ("the", 90), ("quarter", 25), ("one", 1), ("的", 1)])
    assert [(word.text, word.size) for word in words] == [("most", 6), ("one", 1), ("quarter", 3)]


def test_bars_of_a_histogram_stand_on_one_line_and_hold_everything() -> None:
    chart = tables.histogram("Lengths", [(2, 10), (3, 5), (40, 1)])
    assert sum(bar.n for bar in chart.bars) == 16
    assert (len(chart.bars), chart.bars[0].label, chart.bars[-1].label) == (24, "2", "25+")
    assert {round(bar.y + bar.height, 1) for bar in chart.bars} == {tables.HEIGHT}
    assert (chart.bars[0].height, chart.bars[1].height) == (tables.HEIGHT, tables.HEIGHT / 2)
    assert tables.histogram("One", [(1, 3)]).bars[0].label == "1"


def test_statistics_of_a_release_are_plain_and_the_same_each_time(release: Path) -> None:
    found = statistics.of_release(release)
    assert found.keys() == {"players", "queries", "overlap", "agreement"}
    assert json.loads(json.dumps(found)) == found == statistics.of_release(release)
    assert found["players"]["en"]["success_rate"] == 0.666667
    assert found["agreement"]["en"]["Jaccard, list"]["value"] == 0
    assert statistics.of_release(release / "queries") == {}
