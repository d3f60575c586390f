"""Conversation models that answer: by what they made of the stickers, without torch, or by a worker's child."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.utils import timezone

from sticktionary.domain import catalogue as verbs
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.lab import approval, embedding, promotion
from sticktionary.domain.replies import answering, asking, repliers, showing, stickers, warm
from sticktionary.domain.replies.answering import Answers, Pending
from sticktionary.domain.replies.asking import Asked, Said
from sticktionary.models import Annotation, AuditEntry, Embedding, ModelVersion, Pack, Player, Settlement, Sticker
from tests.lab.candidates import worked

Install = Callable[..., ModelVersion]


def asked(*texts: str, **rest: object) -> asking.Asked:
    return Asked(tuple(Said("anna", text) for text in texts), "ben", **rest)  # type: ignore[arg-type]


def answer(name: str, player: Player, *texts: str, k: int = 30, **rest: object) -> Answers:
    found = answering.answer(name, [asking.checked(asked(*texts))], k, asker=player, **rest)  # type: ignore[arg-type]
    assert isinstance(found, Answers)
    return found


def names(found: Answers) -> list[str]:
    held = dict(Sticker.objects.values_list("pk", "name"))
    return [held[reply.id].removesuffix(".webp") for reply, _picture in found.answered[0].stickers]


SHAPES = ["circle", "square", "bar", "pole", "cross"]


@pytest.fixture
def colours(install: Install, catalogue: dict[str, Sticker]) -> ModelVersion:
    version = install()
    showing.make_ready(version)
    return version


def test_a_model_can_answer_once_it_has_looked_at_the_stickers(
    install: Install, catalogue: dict[str, Sticker], researcher: Player
) -> None:
    version, told = install(), list[int]()
    assert (showing.n_wanted(version), showing.is_missing(version)) == (30, True)
    assert ([name for name, _title in repliers.versions()], repliers.default_name()) == (["bm25"], "bm25")
    with pytest.raises(Refused) as refusal:
        answer(version.name, researcher, "red")
    assert refusal.value.code == "not_embedded"
    showing.make_ready(version, told.append)
    assert (told[-1], showing.is_missing(version)) == (30, False)
    assert repliers.default_name() == version.name


def test_it_answers_with_what_drove_it(colours: ModelVersion, researcher: Player) -> None:
    found = answer(colours.name, researcher, "something red", k=5)
    answered = found.answered[0]
    assert names(found) == [f"red-{shape}" for shape in SHAPES]
    assert answered.answer.intents[0][0] == "red"
    assert answered.stickers[0][0].heat == ((0.0, 1.0), (0.502, 0.0))
    assert answered.stickers[0][1].image.endswith(".webp")


def test_what_a_model_cannot_see_is_not_shown_for_ever_and_never_answered_with(
    colours: ModelVersion, researcher: Player
) -> None:
    unseen = Embedding.objects.filter(vector=b"").count()
    assert (unseen, showing.is_missing(colours)) == (15, False)  # yellow, purple, black
    assert {name.split("-")[0] for name in names(answer(colours.name, researcher, "red"))} == {"red", "blue", "green"}


def test_new_stickers_follow_and_withdrawn_ones_are_gone_at_once(
    colours: ModelVersion, catalogue: dict[str, Sticker], researcher: Player
) -> None:
    def red() -> list[str]:
        return [name for name in names(answer(colours.name, researcher, "red")) if name.startswith("red")]

    assert red() == [f"red-{shape}" for shape in SHAPES]
    verbs.set_state(actor=None, sticker_ids=[catalogue["red-bar"].pk], state="withdrawn")
    assert red() == ["red-circle", "red-square", "red-pole", "red-cross"]
    verbs.set_state(actor=None, sticker_ids=[catalogue["red-bar"].pk], state="active")
    assert red() == [f"red-{shape}" for shape in SHAPES]
    Embedding.objects.filter(sticker=catalogue["red-bar"]).delete()
    verbs.index_changed([catalogue["red-bar"].pk])
    assert red() == ["red-circle", "red-square", "red-pole", "red-cross"]
    showing.make_ready(colours)
    assert red() == [f"red-{shape}" for shape in SHAPES]


def test_one_pack_alone_answers(colours: ModelVersion, researcher: Player) -> None:
    other = Pack.objects.create(slug="lines", title="Lines", source="drawn here", licence="CC0")
    Sticker.objects.filter(name__regex="^red-(bar|pole)").update(pack=other)
    for model in (colours.name, "bm25"):
        assert names(answer(model, researcher, "red", packs=["lines"])) == ["red-bar", "red-pole"]
    with pytest.raises(Refused) as refusal:
        answer(colours.name, researcher, "red", packs=["lines", "nowhere"])
    assert refusal.value.code == "no_pack"


def test_several_answers_are_those_to_each_alone(colours: ModelVersion, researcher: Player) -> None:
    texts = ["red", "so blue", "nothing known", "green and red", "红色"]
    uses = [asking.checked(asked(text)) for text in texts]
    for model in (colours.name, "bm25"):
        together = answering.answer(model, uses, 7, asker=researcher)
        assert isinstance(together, Answers)
        alone = [answering.answer(model, [use], 7, asker=researcher) for use in uses]
        assert together.answered == tuple(each.answered[0] for each in alone if isinstance(each, Answers))


def test_another_model_brings_its_own_vectors(
    colours: ModelVersion, install: Install, researcher: Player, catalogue: dict[str, Sticker]
) -> None:
    other = install("others@1", stage="candidate")
    showing.make_ready(other)
    Embedding.objects.filter(embedded_by=other.name, sticker=catalogue["red-circle"]).delete()
    assert names(answer(other.name, researcher, "red", k=1)) == ["red-square"]
    assert names(answer(colours.name, researcher, "red", k=1)) == ["red-circle"]
    approval.reject(actor=None, version=other, why="no better")
    embedding.forget()
    assert [name for name, _title in repliers.versions()] == ["bm25", colours.name]


def test_a_damaged_model_is_refused_by_its_name(colours: ModelVersion, researcher: Player) -> None:
    with open(f"{colours.path}/serving.json", "ab") as file:
        file.write(b" ")
    with pytest.raises(Refused) as refusal:
        answer(colours.name, researcher, "red")
    assert (refusal.value.code, colours.path in refusal.value.message) == ("damaged_bundle", False)


# --- candidates look before anybody decides about them ---


def test_a_candidate_looks_at_the_stickers_without_going_live(
    install: Install, catalogue: dict[str, Sticker], researcher: Player
) -> None:
    version = install(stage="candidate")
    assert (repliers.still_to_look(), promotion.may_look(version)) == ([version], True)
    with pytest.raises(NotAllowed):
        promotion.let_look(actor=Player.objects.exclude(pk=researcher.pk).first(), version=version)
    promotion.let_look(actor=researcher, version=version)
    with pytest.raises(Refused) as again:
        promotion.let_look(actor=researcher, version=version)
    assert again.value.code == "busy"
    assert list(AuditEntry.objects.filter(verb="let_look").values_list("actor", "subject")) == [
        (researcher.pk, version.name)
    ]
    looked = worked(version)
    assert (looked.state, looked.stage, looked.n_done, looked.n_total) == ("done", "candidate", 30, 30)
    assert (repliers.still_to_look(), promotion.may_look(looked)) == ([], False)
    assert (repliers.default_name(), names(answer(version.name, researcher, "red", k=1))) == ("bm25", ["red-circle"])
    promotion.promote(actor=researcher, version=looked)
    assert worked(looked).stage == "champion"


def test_looking_again_shows_the_stickers_that_came_since(
    install: Install, catalogue: dict[str, Sticker], researcher: Player
) -> None:
    version = install(stage="candidate")
    promotion.let_look(actor=researcher, version=version)
    worked(version)
    with pytest.raises(Refused) as nothing_new:
        promotion.let_look(actor=researcher, version=version)
    assert nothing_new.value.code == "nothing_to_see"
    Embedding.objects.filter(sticker=catalogue["red-circle"]).delete()
    promotion.let_look(actor=researcher, version=version)
    assert worked(version).state == "done"
    assert not showing.is_missing(version)


def test_what_is_live_or_was_turned_down_does_not_look_first(
    install: Install, catalogue: dict[str, Sticker], researcher: Player
) -> None:
    turned_down = install("others@1", stage="candidate")
    approval.reject(actor=researcher, version=turned_down, why="no better")
    for version in (install(), turned_down):
        with pytest.raises(Refused) as refusal:
            promotion.let_look(actor=researcher, version=version)
        assert refusal.value.code == "no_candidate"
    without_graph = install("heavy@1", stage="candidate", has_graph=False)
    assert (promotion.may_look(without_graph), repliers.still_to_look()) == (False, [])


# --- what is known of stickers ---


def said(sticker: Sticker, task: str, value: dict[str, object], player: Player, language: str = "en") -> None:
    now = timezone.now()
    Annotation.objects.create(
        task=task, language=language, sticker=sticker, player=player, state="answered", value=value,
        dealt_at=now, lease_until=now, answered_at=now,
    )  # fmt: skip


def test_stickers_are_told_by_what_annotators_say_together_and_reviewers_settle(
    catalogue: dict[str, Sticker], researcher: Player
) -> None:
    sticker, (one, two) = catalogue["red-bar"], Player.objects.exclude(pk=researcher.pk)[:2]
    for player in (one, two):
        said(sticker, "gesture", {"words": ["waving"]}, player)
        said(sticker, "emotion", {"labels": ["Smiling"], "primary": "Smiling"}, player)
    said(sticker, "style", {"label": "cute cartoons"}, one)
    (line,) = stickers.described([sticker.pk])
    assert (line.attributes, line.style, line.emotion) == ({"gesture": "waving"}, None, "happiness")
    assert (line.pack, line.queries[:2]) == ("shapes", ("red bar", "bar in red"))
    Settlement.objects.create(task="style", sticker=sticker, value={"label": "cute cartoons"}, at=timezone.now())
    assert stickers.described([sticker.pk])[0].style == "cute cartoons"


def test_a_sticker_of_which_something_else_is_known_is_shown_again(
    colours: ModelVersion, catalogue: dict[str, Sticker]
) -> None:
    assert promotion.catch_up() is False
    Sticker.objects.filter(pk=catalogue["red-bar"].pk).update(printed_text="no")
    assert promotion.catch_up() is False  # all of them have been looked through a moment ago
    cache.clear()
    assert promotion.catch_up() is True
    before = Embedding.objects.get(sticker=catalogue["red-bar"])
    assert list(showing.missing(colours)) == [catalogue["red-bar"]]
    assert worked(colours).state == "done"
    after = Embedding.objects.get(sticker=catalogue["red-bar"])
    assert (before.made_of, after.pk, after.vector) == ("", before.pk, before.vector)
    cache.clear()
    assert promotion.catch_up() is False


def test_many_stickers_are_looked_through_some_at_a_time(
    colours: ModelVersion, catalogue: dict[str, Sticker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(showing, "AT_ONCE", 12)
    Sticker.objects.update(printed_text="no")
    assert [showing.look_through(colours) for _ in range(4)] == [12, 12, 6, 0]
    assert showing.missing(colours).count() == 30


@pytest.mark.parametrize("heat", [(), ((0.0, 1.0), (0.2, 0.4)), ((1.0,),)])
def test_maps_are_kept_to_a_byte(heat: tuple[tuple[float, ...], ...]) -> None:
    assert showing.unpacked(showing.packed(heat)) == heat


# --- models that need torch ---


@pytest.fixture
def heavy(install: Install, catalogue: dict[str, Sticker]) -> ModelVersion:
    return install("heavy@1", has_graph=False)


def test_a_model_that_needs_torch_is_asked_through_a_worker(
    heavy: ModelVersion, worker: Callable[[], int], researcher: Player
) -> None:
    assert (showing.n_wanted(heavy), showing.is_missing(heavy), repliers.default_name()) == (0, False, heavy.name)
    pending = answering.answer(heavy.name, [asking.checked(asked("red"))], 3, asker=researcher)
    assert isinstance(pending, Pending)
    assert answering.fetch(pending.ticket, asker=researcher) == pending
    assert worker() == 1
    found = answering.fetch(pending.ticket, asker=researcher)
    assert isinstance(found, Answers)
    assert names(found) == ["red-circle", "red-square", "red-bar"]
    assert (found.answered[0].answer.searches, found.answered[0].stickers[0][0].match) == (True, 0.5)


def test_nobody_else_fetches_an_answer(
    heavy: ModelVersion, worker: Callable[[], int], researcher: Player, catalogue: dict[str, Sticker]
) -> None:
    pending = answering.answer(heavy.name, [asking.checked(asked("red"))], 3, asker=researcher)
    assert isinstance(pending, Pending)
    worker()
    stranger = Player.objects.exclude(pk=researcher.pk).first()
    assert stranger is not None
    assert answering.fetch(pending.ticket, asker=stranger) is None
    assert answering.fetch("nothing", asker=researcher) is None


def test_its_child_stays_warm_and_never_answers_with_what_was_withdrawn(
    heavy: ModelVersion, worker: Callable[[], int], researcher: Player, catalogue: dict[str, Sticker]
) -> None:
    def reds() -> list[str]:
        pending = answering.answer(heavy.name, [asking.checked(asked("red"))], 9, asker=researcher)
        assert isinstance(pending, Pending)
        worker()
        found = answering.fetch(pending.ticket, asker=researcher)
        assert isinstance(found, Answers)
        return names(found)

    assert len(reds()) == 5
    first = warm._warm[heavy.name]
    verbs.set_state(actor=None, sticker_ids=[catalogue["red-circle"].pk], state="withdrawn")
    assert reds() == ["red-square", "red-bar", "red-pole", "red-cross"]
    assert warm._warm[heavy.name] is first


@pytest.mark.parametrize(
    ("text", "why"), [("fall over", "The conversation model stopped: it fell over"), ("nonsense", "line 1: nonsense")]
)
def test_what_goes_wrong_in_the_child_is_told_and_the_next_one_is_answered(
    heavy: ModelVersion, worker: Callable[[], int], researcher: Player, text: str, why: str
) -> None:
    failing = answering.answer(heavy.name, [asking.checked(asked(text))], 3, asker=researcher)
    assert isinstance(failing, Pending)
    worker()
    with pytest.raises(Refused) as refusal:
        answering.fetch(failing.ticket, asker=researcher)
    assert refusal.value.message == why
    following = answering.answer(heavy.name, [asking.checked(asked("blue"))], 3, asker=researcher)
    assert isinstance(following, Pending)
    worker()
    assert isinstance(answering.fetch(following.ticket, asker=researcher), Answers)


def test_an_answer_whose_worker_is_gone_is_given_up(
    heavy: ModelVersion, worker: Callable[[], int], researcher: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pending for as long as it beats, which the file or the store beside the ticket says."""
    ticket, seen = "", list[Answers | Pending | None]()

    def killed(name: str, questions: object) -> None:
        seen.append(answering.fetch(ticket, asker=researcher))
        raise KeyboardInterrupt

    monkeypatch.setattr(warm, "answers", killed)
    pending = answering.answer(heavy.name, [asking.checked(asked("red"))], 3, asker=researcher)
    assert isinstance(pending, Pending)
    ticket = pending.ticket
    with pytest.raises(KeyboardInterrupt):
        worker()
    assert seen == [pending]
    with pytest.raises(Refused) as refusal:
        answering.fetch(ticket, asker=researcher)
    assert refusal.value.code == "worker_gone"


def test_a_first_stage_answers_at_once_and_thoroughly_through_a_worker(
    install: Install, catalogue: dict[str, Sticker], worker: Callable[[], int], researcher: Player
) -> None:
    version = install(first_stage=True)
    showing.make_ready(version)
    quick = answer(version.name, researcher, "red", k=1)
    assert quick.answered[0].answer.notes == (
        "Ranked by vectors alone: nothing looked at conversation and sticker together.",
    )
    thorough = answering.answer(version.name, [asking.checked(asked("red"))], 1, asker=researcher, thorough=True)
    assert isinstance(thorough, Pending)
