"""A model changes while people play, and while several hands pull at it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import embedding, promotion, registry, shadowing
from sticktionary.domain.search import following
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import Embedding, ModelVersion, Preview, ShadowLook, Sticker
from tests.catalogue import colours
from tests.game.conftest import make_player, make_sticker
from tests.game.page import Page, page_of
from tests.game.test_races import at_once
from tests.game.test_two_players import right_letter, to_label
from tests.lab.candidates import worked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _search_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from sticktionary.domain.play import chance

    catalogue_search.__init__()  # type: ignore[misc]
    following.freshness.__init__()  # type: ignore[misc]
    monkeypatch.setattr(following, "REFRESH_EVERY_S", 0.0)
    monkeypatch.setattr(chance, "happens", lambda share: share in {1, shadowing.SHARE})


@pytest.fixture
def cast(transactional_db: None) -> list[Sticker]:
    return [make_sticker(number, queries=2) for number in range(1, 27)]


def installed(folder: Path, dim: int) -> ModelVersion:
    """Ready to go live, as one that is brought in from elsewhere and was live once."""
    version = registry.install(actor=None, source=str(colours.bundle(folder, dim=dim)), queue=False)
    return worked(version)


async def rows(read: Any) -> Any:
    return await sync_to_async(read)()


async def typed(page: Page, number: int) -> None:
    await page.say(type="preview", lease=page.turn["lease"], number=number, text=f"red {number}")
    await page.hear_until("results")


async def test_two_players_play_through_a_promotion_and_a_roll_back(cast: list[Sticker], tmp_path: Path) -> None:
    anna, ben = await rows(lambda: (make_player("anna"), make_player("ben")))
    second = await rows(lambda: installed(tmp_path / "second", 4))
    first = await rows(lambda: installed(tmp_path / "first", 3))
    async with page_of(anna) as writer, page_of(ben) as seeker:
        await to_label(writer)
        await seeker.move("deal")
        await seeker.play("wait")
        await typed_until_live(writer, first)
        await rows(lambda: worked(promotion.promote(actor=None, version=second)))
        await typed_until_live(writer, second)
        await rows(lambda: promotion.roll_back(actor=None))
        await typed_until_live(writer, first)
        assert (await writer.play("add_query", text="pretend you saw nothing"))["type"] == "done"
        assert (await writer.play("submit"))["type"] == "done"
        await seeker.hear_turn("find")
        await seeker.play("answer", picks=[await rows(lambda: right_letter(ben))])
        assert seeker.turn["outcome"] == "first"
    shown = await rows(lambda: list(Preview.objects.order_by("at", "pk").values_list("model_version", "hits")))
    assert [model for model, _ in groupby(model for model, _ in shown)] == [first.name, second.name, first.name]
    assert {len(hits) for _, hits in shown} == {24}


async def typed_until_live(page: Page, version: ModelVersion) -> None:
    """Type until the model answers in this process; whatever is typed meanwhile is answered, too."""
    for number in range(1, 500):
        was_live = catalogue_search.model_version == version.name
        await typed(page, number)
        if was_live:
            return
    raise AssertionError(f"{version.name} never answered")


async def test_what_players_look_up_is_looked_up_by_the_candidate_too(cast: list[Sticker], tmp_path: Path) -> None:
    anna, ben = await rows(lambda: (make_player("anna"), make_player("ben")))
    shadow = await rows(lambda: installed(tmp_path / "first", 3))
    live = await rows(lambda: installed(tmp_path / "second", 4))
    await rows(lambda: worked(shadowing.shadow(actor=None, version=shadow)))
    await rows(catalogue_search.refresh)
    async with page_of(anna) as writer, page_of(ben) as seeker:
        await to_label(writer)
        await typed(writer, 1)
        await writer.play("add_query", text="pretend you saw nothing")
        await writer.play("submit")
        await seeker.move("deal")
        await seeker.play("answer", picks=[await rows(lambda: right_letter(ben))])
        await seeker.look()
    await rows(lambda: shadowing.LOOKER.submit(lambda: None).result())
    await rows(shadowing.write_down)
    looks = await rows(lambda: list(ShadowLook.objects.values_list("model", "champion", "kind", "language")))
    assert set(looks) == {(shadow.pk, live.name, kind, "en") for kind in ("preview", "round")}


def test_of_two_promotions_at_once_one_is_refused(cast: list[Sticker], tmp_path: Path) -> None:
    versions = [installed(tmp_path / str(dim), dim) for dim in (3, 4, 5)][:2]

    def promote(version: ModelVersion) -> str:
        try:
            promotion.promote(actor=None, version=version, queue=False)
        except Refused as refusal:
            return refusal.code
        return "begun"

    assert sorted(at_once([lambda version=version: promote(version) for version in versions])) == [  # type: ignore[misc]
        "begun", "promoting",
    ]  # fmt: skip


def test_roll_backs_and_promotions_at_once_leave_one_of_each_stage(cast: list[Sticker], tmp_path: Path) -> None:
    versions = [installed(tmp_path / str(dim), dim) for dim in (3, 4, 5)]
    promotion.promote(actor=None, version=versions[0], queue=False)

    def back() -> None:
        with suppress(Refused):  # two go back at once: one comes too late
            promotion.roll_back(actor=None)

    at_once([lambda: jobs.carry_out(ModelVersion, versions[0].pk, promotion.run), back, back])
    stages = list(ModelVersion.objects.values_list("stage", flat=True))
    assert sorted(stages) == ["champion", "previous", "retired"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a process of its own")
def test_a_worker_that_is_killed_leaves_the_live_model_and_its_work(
    cast: list[Sticker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("the tests' SQLite lives in the memory of one process")
    live = installed(tmp_path / "live", 3)
    version = registry.install(actor=None, source=str(colours.bundle(tmp_path / "new", dim=4)), queue=False)
    connection.close()
    worker = os.fork()
    if not worker:
        monkeypatch.setattr(embedding, "AT_ONCE", 4)

        def killed(held: ModelVersion) -> None:
            if held.n_done >= 8:
                os.kill(os.getpid(), signal.SIGKILL)

        jobs.carry_out(ModelVersion, version.pk, lambda held: promotion.run(held, killed))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == -signal.SIGKILL
    version.refresh_from_db()
    assert (registry.champion(), version.state) == (live, "running")
    kept = set(Embedding.objects.filter(embedded_by=version.name).values_list("pk", flat=True))
    ModelVersion.objects.filter(pk=version.pk).update(heartbeat_at=live.created_at.replace(year=2020))
    jobs.sweep()
    version.refresh_from_db()
    assert (len(kept), version.state) == (8, "queued")
    assert worked(version).stage == "champion"
    assert kept < set(Embedding.objects.filter(embedded_by=version.name).values_list("pk", flat=True))
