"""What search does while models change, and what runs beside the live one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from threading import Event

import pytest
from django.db import OperationalError
from django.utils import timezone

from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.lab import beside, embedding, promotion, registry, shadowing
from sticktionary.domain.play import chance
from sticktionary.domain.search import live as search_module
from sticktionary.domain.search.live import CatalogueSearch, catalogue_search
from sticktionary.models import Embedding, ModelVersion, Player, Release, Round, ShadowLook, Sticker
from tests.game.conftest import make_player
from tests.lab.candidates import candidate, promoted, worked


@pytest.fixture(autouse=True)
def _search_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue_search.__init__()  # type: ignore[misc]
    shadowing._looks.clear()
    monkeypatch.setattr(chance, "happens", lambda share: share > 0)


@pytest.fixture
def red(stickers: list[Sticker]) -> Sticker:
    return next(sticker for sticker in stickers if sticker.name == "red-square.webp")


@pytest.fixture
def live(frozen: Release) -> ModelVersion:
    return promoted(candidate(frozen, dim=3))


@pytest.fixture
def shadow(frozen: Release, live: ModelVersion, researcher: Player) -> ModelVersion:
    return worked(shadowing.shadow(actor=researcher, version=candidate(frozen, dim=4)))


def everything_looked_at() -> None:
    shadowing.LOOKER.submit(lambda: None).result()


# --- changing over ---


class Opener:
    """Makes models ready when it is told to, so that a test can look at what is live before."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def submit(self, work: Callable[..., object], *given: object) -> Future[object]:
        ready = Future[object]()
        self.waiting.append(lambda: ready.set_result(work(*given)))
        return ready

    def open(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


@pytest.fixture
def opener(monkeypatch: pytest.MonkeyPatch) -> Opener:
    opener = Opener()
    monkeypatch.setattr(search_module, "OPENER", opener)
    monkeypatch.setattr(search_module.connection, "close", lambda: None)  # the opener's own, elsewhere
    return opener


def caught_up() -> tuple[str, bool]:
    """As a follower does it: by which model is answered then, and whether the red square is found."""
    while catalogue_search.catch_up():
        pass
    red = Sticker.objects.get(name="red-square.webp")
    found = catalogue_search.preview("red square", red.pk)
    return found.model_version, red.pk in found.ids


def test_the_old_model_answers_until_all_of_the_new_one_is_there(
    frozen: Release, live: ModelVersion, opener: Opener
) -> None:
    catalogue_search.refresh()
    second = promoted(candidate(frozen, dim=4), why="larger")
    assert [caught_up(), caught_up()] == [(live.name, True)] * 2
    assert len(opener.waiting) == 1
    opener.open()
    assert caught_up() == (second.name, True)


def test_a_change_of_mind_half_way_leaves_the_old_model(
    frozen: Release, live: ModelVersion, researcher: Player, opener: Opener
) -> None:
    catalogue_search.refresh()
    promoted(candidate(frozen, dim=4), why="larger")
    assert caught_up() == (live.name, True)
    promotion.roll_back(actor=researcher)
    assert caught_up() == (live.name, True)
    opener.open()
    assert caught_up() == (live.name, True)


@pytest.mark.parametrize("is_ready", [False, True])
def test_stickers_that_change_meanwhile_are_right_under_both_models(
    frozen: Release, live: ModelVersion, red: Sticker, opener: Opener, is_ready: bool
) -> None:
    """Whether the vectors were read before the change or after it."""
    from sticktionary.domain import catalogue

    catalogue_search.refresh()
    second = promoted(candidate(frozen, dim=4), why="larger")
    assert caught_up() == (live.name, True)
    if is_ready:
        opener.open()
    catalogue.set_state(actor=None, sticker_ids=[red.pk], state="halted")
    assert caught_up() == (second.name if is_ready else live.name, False)
    opener.open()
    assert caught_up() == (second.name, False)
    catalogue.set_state(actor=None, sticker_ids=[red.pk], state="active")
    assert caught_up() == (second.name, True)


def test_a_model_that_cannot_be_made_ready_is_tried_again(
    frozen: Release, live: ModelVersion, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue_search.refresh()
    second = promoted(candidate(frozen, dim=4), why="larger")
    assert caught_up() == (live.name, True)
    failed = Future[object]()
    failed.set_exception(OperationalError("the database is away"))
    monkeypatch.setattr(catalogue_search._coming, "ready", failed)
    with pytest.raises(OperationalError):
        catalogue_search.catch_up()
    assert caught_up() == (live.name, True)
    opener.open()
    assert caught_up() == (second.name, True)


# --- beside the live model ---


def test_only_a_candidate_runs_beside_the_live_model_and_one_at_a_time(
    frozen: Release, live: ModelVersion, shadow: ModelVersion, researcher: Player
) -> None:
    assert (shadow.is_shadow, shadow.stage, shadow.state) == (True, "candidate", "done")
    assert Embedding.objects.filter(embedded_by=shadow.name).count() == 30
    with pytest.raises(Refused):
        shadowing.shadow(actor=researcher, version=live)
    with pytest.raises(NotAllowed):
        shadowing.shadow(actor=make_player("pat"), version=shadow)
    other = worked(shadowing.shadow(actor=researcher, version=candidate(frozen, dim=5)))
    assert list(ModelVersion.objects.filter(is_shadow=True)) == [other]
    shadowing.stop(actor=researcher)
    assert not ModelVersion.objects.filter(is_shadow=True).exists()


def test_what_ran_beside_the_live_model_goes_live_only_when_it_is_approved(
    frozen: Release, live: ModelVersion, researcher: Player
) -> None:
    version = shadowing.shadow(actor=researcher, version=candidate(frozen, dim=4))
    shadowing.stop(actor=researcher)
    with pytest.raises(Refused, match="Nobody has approved"):
        promotion.resume(actor=researcher, version=version)
    ModelVersion.objects.filter(pk=version.pk).update(state="queued", cancel_asked_at=None)
    assert worked(version).state == "failed"
    assert registry.champion() == live


def test_it_answers_the_same_previews_and_is_never_shown(
    live: ModelVersion, shadow: ModelVersion, red: Sticker
) -> None:
    catalogue_search.refresh()
    round_ = Round.objects.filter(sticker=red).first()
    assert round_ is not None
    found = catalogue_search.preview("red", red.pk)
    assert found.model_version == live.name
    shadowing.offer_preview(round_.pk, "en", "red", red.pk, found)
    everything_looked_at()
    assert (shadowing.write_down(), shadowing.write_down()) == (1, 0)
    look = ShadowLook.objects.get()
    assert (look.model, look.champion, look.kind, look.round) == (shadow, live.name, "preview", round_)
    assert (look.rank, look.champion_rank, look.overlap) == (found.target_rank, found.target_rank, 1.0)


def test_it_plays_retriever_on_the_same_rounds(
    live: ModelVersion, shadow: ModelVersion, stickers: list[Sticker]
) -> None:
    catalogue_search.refresh()
    round_ = Round.objects.get(sticker=stickers[1], language="en")
    ids = [sticker.pk for sticker in stickers[:24]]
    shadowing.offer_round(round_.pk, "en", ["red"], ids, stickers[1].pk)
    everything_looked_at()
    assert shadowing.write_down() == 1
    look = ShadowLook.objects.get()
    assert (look.kind, look.language, look.rank) == ("round", "en", look.champion_rank)


def test_under_load_looks_are_dropped_and_nobody_waits(live: ModelVersion, shadow: ModelVersion, red: Sticker) -> None:
    catalogue_search.refresh()
    round_, may_look = Round.objects.filter(sticker=red).first(), Event()
    assert round_ is not None
    found = catalogue_search.preview("red", red.pk)
    shadowing.LOOKER.submit(may_look.wait)
    for _ in range(100):
        shadowing.offer_preview(round_.pk, "en", "red", red.pk, found)
    may_look.set()
    everything_looked_at()
    assert shadowing.write_down() == shadowing.N_WAITING


def test_without_a_shadow_nothing_is_looked_up(live: ModelVersion, red: Sticker) -> None:
    catalogue_search.refresh()
    shadowing.offer_preview(1, "en", "red", red.pk, catalogue_search.preview("red", red.pk))
    everything_looked_at()
    assert shadowing.write_down() == 0


def test_new_stickers_are_embedded_for_it_too(shadow: ModelVersion, red: Sticker) -> None:
    Embedding.objects.filter(sticker=red).delete()
    ModelVersion.objects.filter(pk=shadow.pk).update(stage="retired")  # it may be one that was live long ago
    assert (embedding.embed_missing(), embedding.forget()) == (2, 0)
    search = CatalogueSearch()
    search.refresh()
    found = search.shadow_preview("red", red.pk)
    assert found is not None
    assert (found.model_version, red.pk in found.ids) == (shadow.name, True)


def test_curves_are_over_rounds_and_beside_one_model(shadow: ModelVersion, live: ModelVersion) -> None:
    assert beside.curves(shadow) == []
    now, rounds = timezone.now(), list(Round.objects.order_by("pk")[:3])
    facts = [(rounds[0], 1, 2, live.name), (rounds[0], 1, 2, live.name), (rounds[1], None, 4, live.name)]
    facts += [(rounds[2], 1, 1, "another")]
    for number, (round_, rank, champion_rank, champion) in enumerate(facts):
        ShadowLook.objects.create(
            model=shadow, champion=champion, kind="preview", at=now - timedelta(days=number), round=round_,
            language="en", rank=rank, champion_rank=champion_rank, overlap=0.5, ms=2.0,
        )  # fmt: skip
    (curve,) = beside.curves(shadow)
    assert (curve.kind, curve.champion, curve.n, curve.n_looks, curve.overlap) == ("preview", live.name, 2, 3, 0.5)
    assert (curve.shadow, curve.live, curve.gain[0]) == (0.5, 0.375, 0.125)
    assert curve.gain[1] <= -0.25 <= 0.5 <= curve.gain[2]
    points = [(point.n, point.shadow, point.champion) for point in curve.points]
    assert points == [(1, 0, 0.25), (1, 1, 0.5), (1, 1, 0.5)]
    ShadowLook.objects.update(at=now - timedelta(days=91))
    assert shadowing.forget_old() == 4
