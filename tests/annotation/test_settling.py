"""What a reviewer settles, and the studio's page about annotation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.cache import caches
from django.test import Client
from django.urls import reverse

from sticktionary.domain.annotation import answers, questions, settling, tallies
from sticktionary.domain.annotation.answers import Given
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.people.roles import Role
from sticktionary.models import Annotation, AuditEntry, Case, Pack, Player, Settlement, Sticker, Task
from tests.annotation.conftest import GIVEN, answered_by, asking, chat, dealt, give
from tests.game.conftest import make_player
from tests.game.page import client_of

pytestmark = pytest.mark.django_db


def of_role(name: str, role: Role) -> Player:
    player = make_player(name)
    player.groups.add(Group.objects.get(name=role.value))
    return Player.objects.get(pk=player.pk)


@pytest.fixture
def reviewer(db: None) -> Player:
    return of_role("rita", Role.REVIEWER)


@pytest.fixture
def sticker(pack: Pack) -> Sticker:
    return asking(pack, Task.STYLE, Task.FACE).stickers.order_by("pk")[0]


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    caches["figures"].delete(tallies.KEPT)
    yield
    caches["figures"].delete(tallies.KEPT)


STYLES = {"ben": "real people", "cleo": "cute cartoons", "dora": "abstract icons"}


def split_on(sticker: Sticker) -> list[Annotation]:
    return [answered_by(name, Task.STYLE, sticker, Given(choice=choice)) for name, choice in STYLES.items()]


def waiting() -> list[int]:
    return [question.sticker_id for question in tallies.figures().split]


def test_only_what_is_split_to_the_end_waits(sticker: Sticker) -> None:
    rows = split_on(sticker)
    assert waiting() == [sticker.pk]
    rows[2].delete()
    assert waiting() == []  # a third answer may still decide


def test_a_settlement_decides_and_is_written_down(sticker: Sticker, reviewer: Player) -> None:
    rows = split_on(sticker)
    settling.settle(actor=reviewer, annotation_id=rows[0].pk, given=Given(choice="cute cartoons"), why="drawn")
    settlement = Settlement.objects.get()
    assert (settlement.value, settlement.taxonomy, settlement.language) == (
        {"label": "cute cartoons"},
        "style-7@1",
        "",
    )
    assert waiting() == []
    assert questions.settlements() == {questions.ask(Task.STYLE, sticker.pk, "en"): settlement}
    assert AuditEntry.objects.get(verb="settle").detail == {"value": {"label": "cute cartoons"}, "why": "drawn"}
    assert [row.value for row in Annotation.objects.order_by("pk")] == [row.value for row in rows]


def test_a_later_settlement_overrides_an_earlier_one(sticker: Sticker, reviewer: Player) -> None:
    rows = split_on(sticker)
    for choice in ("cute cartoons", "real people"):
        settling.settle(actor=reviewer, annotation_id=rows[0].pk, given=Given(choice=choice))
    assert [held.value for held in questions.settlements().values()] == [{"label": "real people"}]


def test_who_may_not_settle_and_what_may_not_be_settled(sticker: Sticker, reviewer: Player) -> None:
    rows = split_on(sticker)
    with pytest.raises(NotAllowed):
        settling.settle(actor=make_player("eve"), annotation_id=rows[0].pk, given=Given(choice="real people"))
    with pytest.raises(Refused) as refusal:
        settling.settle(actor=reviewer, annotation_id=rows[0].pk, given=Given(choice="oil painting"))
    assert refusal.value.code == "no_such_label"
    agreed = answered_by("ben", Task.FACE, sticker, GIVEN["face"])
    with pytest.raises(Refused) as refusal:
        settling.settle(actor=reviewer, annotation_id=agreed.pk, given=GIVEN["face"])
    assert refusal.value.code == "not_split"
    dora = Player.objects.get(username="dora")
    dora.groups.add(Group.objects.get(name=Role.REVIEWER.value))
    with pytest.raises(NotAllowed) as denied:
        settling.settle(
            actor=Player.objects.get(pk=dora.pk), annotation_id=rows[0].pk, given=Given(choice="real people")
        )
    assert denied.value.code == "own_answer"
    assert not Settlement.objects.exists()


@pytest.mark.parametrize("task", Task)
def test_an_answer_can_be_given_again_as_it_is_kept(task: Task) -> None:
    value = answers.checked(task, GIVEN[task], "en")
    assert answers.checked(task, answers.given_of(task, value), "en") == value


# --- figures ---


def test_agreement_per_task_and_language(pack: Pack, sticker: Sticker) -> None:
    other = pack.stickers.order_by("pk")[1]
    for name in ("ben", "cleo"):
        answered_by(name, Task.STYLE, sticker, Given(choice="real people"))
        answered_by(name, Task.STYLE, other, Given(choice=STYLES[name]))
        answered_by(name, Task.FACE, sticker, Given(words=["grin"]))
    answered_by("chen", Task.FACE, sticker, Given(words=["笑"]), language="zh")
    assert tallies.figures().agreements == []
    tallies.refresh()
    found = {(row.task, row.language): row.figures for row in tallies.figures().agreements}
    assert list(found) == [("style", ""), ("face", "en"), ("face", "zh")]
    style = found[Task.STYLE, ""]
    assert (style.n_units, style.n_answers, style.percent) == (2, 4, 0.5)
    assert (found[Task.FACE, "en"].n_units, found[Task.FACE, "en"].percent) == (1, 1.0)
    assert found[Task.FACE, "zh"].n_units == 0


def test_progress_counts_what_is_open_begun_and_done(pack: Pack, sticker: Sticker) -> None:
    other = pack.stickers.order_by("pk")[1]
    for name in ("ben", "cleo"):
        answered_by(name, Task.STYLE, sticker, Given(choice="real people"))
    answered_by("ben", Task.STYLE, other, Given(choice="real people"))
    rows = tallies.figures().progress
    assert [(row.task, row.language, row.n_asked, row.n_open, row.n_begun, row.n_done) for row in rows] == [
        ("style", "", 3, 1, 1, 1),
        ("face", "en", 3, 3, 0, 0),
        ("face", "zh", 3, 3, 0, 0),
    ]


def test_many_answers_are_counted_by_the_sweep_and_what_is_settled_goes_at_once(
    sticker: Sticker, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "MANY", 1)
    rows = split_on(sticker)
    tallies.refresh()
    where = reverse("studio_annotation")
    assert desk.get(where).context["n_waiting"] == 1
    desk.post(reverse("studio_settle", args=[rows[0].pk]), {"take": rows[1].pk})
    kept = desk.get(where).context
    assert (kept["n_waiting"], kept["figures"].agreements[0].n_split) == (0, 1)
    tallies.refresh()
    assert desk.get(where).context["figures"].counted_at == kept["figures"].counted_at
    monkeypatch.setattr(tallies, "AGAIN_AFTER", timedelta(0))
    tallies.refresh()
    assert desk.get(where).context["figures"].agreements[0].n_split == 0


def test_uses_in_chats_are_counted_by_their_language(pack: Pack, sticker: Sticker) -> None:
    asking(pack, Task.FITS)
    chat(sticker, key="a")
    chat(sticker, key="b")
    chat(sticker, key="c", language="zh")
    rows = tallies.progress({})
    assert [(row.language, row.n_asked) for row in rows] == [("en", 2), ("zh", 1)]


# --- the page ---


@pytest.fixture
def desk(reviewer: Player) -> Client:
    return client_of(reviewer)


def test_the_page_shows_agreement_progress_and_what_is_split(sticker: Sticker, desk: Client) -> None:
    rows = split_on(sticker)
    page = desk.get(reverse("studio_annotation"))
    assert page.status_code == 200
    assert [each.sticker for each in page.context["waiting"]] == [sticker]
    assert [words for _id, words, _language in page.context["waiting"][0].said] == [
        "Real people",
        "Cute cartoons",
        "Signs and icons",
    ]
    kept = desk.post(reverse("studio_settle", args=[rows[0].pk]), {"take": rows[1].pk, "why": "lines"}, follow=True)
    assert "Settled." in kept.content.decode()
    assert Settlement.objects.get().value == {"label": "cute cartoons"}


def test_another_label_may_be_taken_and_nonsense_is_told(sticker: Sticker, desk: Client) -> None:
    rows = split_on(sticker)
    where = reverse("studio_settle", args=[rows[0].pk])
    told = desk.post(where, {"take": "other", "choice": "oil painting"}, follow=True)
    assert "Choose one of them first." in told.content.decode()
    elsewhere = answered_by("ben", Task.FACE, sticker, GIVEN["face"])
    desk.post(where, {"take": elsewhere.pk})
    assert not Settlement.objects.exists()
    desk.post(where, {"take": "other", "choice": "parody cartoons"})
    assert Settlement.objects.get().value == {"label": "parody cartoons"}


def test_the_page_is_for_those_who_may_see_annotations(pack: Pack) -> None:
    answered = {
        role: client_of(of_role(role.value, role)).get(reverse("studio_annotation")).status_code for role in Role
    }
    assert answered == dict.fromkeys(Role, 200)
    assert client_of(make_player("eve")).get(reverse("studio_annotation")).status_code == 403


def test_settling_is_for_reviewers(sticker: Sticker) -> None:
    rows = split_on(sticker)
    researcher = client_of(of_role("rob", Role.RESEARCHER))
    answer = researcher.post(reverse("studio_settle", args=[rows[0].pk]), {"take": rows[0].pk})
    assert answer.status_code == 403
    assert not Settlement.objects.exists()


def test_an_admin_says_on_the_pack_page_what_is_asked(pack: Pack) -> None:
    client = client_of(of_role("ada", Role.ADMIN))
    where = reverse("studio_bonus_tasks", args=[pack.slug])
    assert client.post(where, {"task": ["style", "emotion"], "why": "for the paper"}).status_code == 302
    pack.refresh_from_db()
    assert pack.bonus_tasks == ["emotion", "style"]
    shown = client.get(reverse("studio_pack", args=[pack.slug])).content.decode()
    assert 'value="emotion" checked' in shown
    assert 'value="face">' in shown
    assert client_of(of_role("mo", Role.MODERATOR)).post(where, {"task": ["face"]}).status_code == 403
    pack.refresh_from_db()
    assert pack.bonus_tasks == ["emotion", "style"]


def test_what_two_call_harmful_goes_to_a_person(pack: Pack, anna: Player, ben: Player) -> None:
    asking(pack, Task.STYLE)
    pack.stickers.exclude(pk=pack.stickers.order_by("pk")[0].pk).update(state=Sticker.State.WITHDRAWN)
    dealt(anna)
    give(anna, Given(choice="harmful stickers"))
    assert not Case.objects.exists()
    dealt(ben)
    give(ben, Given(choice="harmful stickers"))
    case = Case.objects.get()
    assert (case.kind, case.sticker, case.reasons) == ("sticker", pack.stickers.order_by("pk")[0], ["harmful"])


def test_a_reviewer_sees_the_chat_that_was_asked_about(sticker: Sticker, desk: Client) -> None:
    used = chat(sticker)
    choices = {"ben": "joy", "cleo": "anger", "dora": "neutral"}
    for name, choice in choices.items():
        answered_by(name, Task.INTENT, sticker, Given(choice=choice), utterance=used)
    [each] = desk.get(reverse("studio_annotation")).context["waiting"]
    assert [line.text for line in each.chat] == ["line 1", "line 2", "line 3", ""]
    assert each.chat[-1].is_asked
