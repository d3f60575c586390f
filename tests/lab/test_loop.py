"""The whole loop on one machine: drawings come in, people have names of their own for who is drawn, and after a
training the search knows those names on stickers that nobody has ever looked for."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.management import call_command

from retrieval_engine.searching import Mode
from sticktionary.domain import jobs
from sticktionary.domain.lab import bundles, promotion, registry, runs, watching
from sticktionary.domain.search import following
from sticktionary.domain.search.live import CatalogueSearch, catalogue_search
from sticktionary.models import GeneratedQuery, Pack, Preview, Release, Round, Sticker, TrainingRun
from tests.game.conftest import make_player
from tests.game.page import Page, page_of
from tests.game.test_two_players import right_letter, to_label
from tests.lab import plays
from tests.lab.candidates import promoted
from tests.lab.test_registry_live import typed_until_live
from tests.releases import plays as rows
from tests.rules import leave_nothing_to_chance

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = {  # of the characters, as no word of the starter pack has them
    "panda": ("bubu", "布布"),
    "cat": ("mimi", "咪咪"),
    "frog": ("kermie", "瓜瓜"),
    "duck": ("quackers", "嘎嘎"),
    "ghost": ("spooky pal", "飘飘"),
    "robot": ("tin can", "铁皮"),
}
DOING = ("haha", "furious", "hug", "good_night", "thinking", "love", "cold", "cry_river")
CLIP = {"steps": 60, "batch": 24, "learning_rate": 1e-3, "freeze_vision": True, "validate_every": 20, "patience": 0}
GENERATOR = {"epochs": 6, "part": 32, "learning_rate": 5e-3, "judged": 4, "written": 2, "samples": 1}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(following, "REFRESH_EVERY_S", 0.0)
    catalogue_search.__init__()  # type: ignore[misc]
    following.freshness.__init__()  # type: ignore[misc]
    leave_nothing_to_chance(monkeypatch)


@pytest.fixture
def drawings(tmp_path: Path) -> Path:
    """Some of the starter pack's drawings, without their words."""
    folder = tmp_path / "drawings"
    (folder / "stickers").mkdir(parents=True)
    for name in (f"{who}_{what}.webp" for who in NAMES for what in DOING):
        shutil.copy(Path(settings.STARTER_PACK_DIR, "stickers", name), folder / "stickers" / name)
    return folder


def told(sticker: Sticker) -> tuple[str, str]:
    """Who is drawn, and what they do."""
    who, _, what = sticker.name.removesuffix(".webp").partition("_")
    return who, what


def is_known(sticker: Sticker) -> bool:
    """All but one expression of each character, another one each time: for those nobody has ever looked."""
    who, what = told(sticker)
    return DOING.index(what) != list(NAMES).index(who)


def sayings(language: str) -> dict[str, list[str]]:
    path = Path(settings.STARTER_PACK_DIR, f"sticker_queries_{language}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {row["sticker_id"]: row["labeled_queries"].split(", ") for row in csv.DictReader(file)}


def play(stickers: Sequence[Sticker]) -> None:
    """A labeler of each language writes names and sayings for the known ones, and a retriever finds them all."""
    finder = rows.player()
    for place, language in enumerate(("en", "zh")):
        writer, said = rows.player(language=language), sayings(language)
        for sticker, other in zip(stickers, [*stickers[1:], stickers[0]], strict=True):
            if is_known(sticker):
                name = NAMES[told(sticker)[0]][place]
                saying = said[sticker.name][0]
                round_ = rows.written(sticker, writer, name, f"{name} {saying}", saying, language=language)
                rows.looked_up(round_, finder, 1, others=[other])
    Round.objects.filter(source=Round.Source.PLAY).update(state=Round.State.FOUND)


def reciprocal_rank(mode: Mode, stickers: Sequence[Sticker]) -> float:
    """How high up they stand in live search for their characters' new names with what they do: a mean of 1 / rank."""
    live = registry.champion()
    assert live is not None
    search = CatalogueSearch()
    search.refresh()
    searcher = search.beside(live.name, bundles.opened(live.path))
    ranks = []
    for sticker in stickers:
        who, what = told(sticker)
        hits = searcher.search(f"{NAMES[who][0]} {what.replace('_', ' ')}", len(searcher), mode=mode)
        ranks.append(next((hit.rank for hit in hits if hit.id == sticker.pk), len(searcher)))
    return float(np.mean([1 / rank for rank in ranks]))


def trained(recipe: str, release: Release, base: str, values: dict[str, Any]) -> TrainingRun:
    run = runs.start(actor=None, recipe=recipe, release=release, base=base, settings=values, device="cpu", queue=False)
    assert jobs.carry_out(TrainingRun, run.pk, watching.run)
    run = TrainingRun.objects.select_related("model").get(pk=run.pk)
    assert (run.state, run.error) == ("done", "")
    return run


def brought_in(drawings: Path) -> list[Sticker]:
    call_command("import_stickers", drawings, title="Drawings", licence="CC0-1.0", source="drawn here")
    Pack.objects.update(may_publish_pictures=True)
    assert promotion.install_starter() is not None
    return list(Sticker.objects.order_by("pk"))


async def to_look_up(page: Page) -> None:
    """Deal until the page is one to look up."""
    await page.move("deal")
    while page.turn["kind"] != "find":
        await page.play("add_query", text=f"words of {len(page.frames)} kinds")
        await page.play("submit")
        await page.move("deal")


async def test_what_is_played_is_learned_and_found_by_while_two_people_play(drawings: Path) -> None:
    database = sync_to_async
    stickers = await database(brought_in)(drawings)
    await database(play)(stickers)
    release = await database(plays.freeze)(None)
    starter = await database(registry.champion)()
    assert starter is not None
    unknown = [sticker for sticker in stickers if not is_known(sticker)]
    known = [sticker for sticker in stickers if is_known(sticker)]

    def found() -> dict[str, float]:
        """By looks where nobody has ever said a word, and by all that search has where people have."""
        return {"looks": reciprocal_rank("dense", unknown), "all": reciprocal_rank("hybrid", known)}

    before = await database(found)()
    run = await database(trained)("stickerclip", release, starter.name, CLIP)
    gain = next(
        figure for figure in run.report["figures"] if figure["method"] == "gain" and figure["language"] == "all"
    )
    assert gain["value"] > 0

    anna, ben = await database(lambda: (make_player("anna"), make_player("ben")))()
    async with page_of(anna) as writer, page_of(ben) as seeker:
        await to_label(writer)
        await typed_until_live(writer, starter)
        model = await database(promoted)(run.model)
        await typed_until_live(writer, model)
        assert (await writer.play("add_query", text="pretend you saw nothing"))["type"] == "done"
        assert (await writer.play("submit"))["type"] == "done"
        await to_look_up(seeker)
        await seeker.play("answer", picks=[await database(right_letter)(ben)])
        assert seeker.turn["outcome"] == "first"

        after = await database(found)()
        assert after["looks"] > before["looks"] + 0.2
        assert after["all"] > before["all"]

        await database(promotion.roll_back)(actor=None)
        await to_label(writer)
        await typed_until_live(writer, starter)
    assert await database(found)() == pytest.approx(before)
    typed = await database(lambda: list(Preview.objects.order_by("at", "pk").values_list("model_version", flat=True)))()
    assert [name for name, _ in groupby(typed)] == [starter.name, model.name, starter.name]


@pytest.mark.trains
def test_what_a_generator_writes_is_searched_and_leaves_the_house_with_no_release(drawings: Path) -> None:
    stickers = brought_in(drawings)
    play(stickers)
    run = trained("querygen", plays.freeze(None), "tiny", GENERATOR)
    losses = list(run.events.filter(kind="step", data__phase="training").order_by("position"))
    assert losses[-1].data["values"]["loss"] < losses[0].data["values"]["loss"]
    promoted(run.model, why="so that stickers nobody has looked for can be found")
    written = GeneratedQuery.objects.exclude(text="")
    assert {sticker.pk for sticker in stickers} == set(GeneratedQuery.objects.values_list("sticker_id", flat=True))

    catalogue_search.refresh()
    query = written.filter(sticker__in=[sticker for sticker in stickers if not is_known(sticker)]).first()
    assert query is not None
    searcher = catalogue_search.beside(registry.WORDS_ONLY, None)
    [found] = [hit for hit in searcher.search(query.text, len(searcher)) if hit.id == query.sticker_id]
    assert (found.lexical_rank, found.generated_rank is not None) == (None, True)

    folder = Path(settings.RELEASES_DIR, plays.freeze(None).path)
    names = {sticker.name for sticker in stickers if not is_known(sticker)}
    with (folder / "sticker_queries_en.csv").open(encoding="utf-8", newline="") as file:
        assert names.isdisjoint(row["sticker_id"] for row in csv.DictReader(file))
