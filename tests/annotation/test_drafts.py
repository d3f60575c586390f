"""Nothing that a model drafted is released as a person's word before a person has said yes to it."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval_engine.dialogue.telling import drafting
from retrieval_engine.dialogue.telling.providers import Provided, Table
from sticktionary.domain.annotation import drafts
from sticktionary.domain.annotation.answers import Given
from sticktionary.domain.annotation.drafts import Written
from sticktionary.domain.chats import dividing, summing
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.releases import annotations as answered
from sticktionary.domain.releases import conversations
from sticktionary.models import (
    AuditEntry,
    ChatSession,
    Conversation,
    Draft,
    Pack,
    Player,
    SessionSummary,
    Settlement,
    Sticker,
    Task,
    Utterance,
)
from tests.annotation.conftest import answered_by
from tests.conversations.test_release import rows, scope

LOOKS = {"gesture": ["waving"], "posture": [], "face": ["grin", "tears"]}
TAKEN = {
    "gesture": Given(words=["waving"]),
    "posture": Given(none=True),
    "face": Given(words=["grin", "tears"]),
}


@pytest.fixture
def reviewer(db: None) -> Player:
    player = Player.objects.create_user(username="reviewer", password="longwinded")
    player.groups.add(Group.objects.get(name="reviewer"))
    return player


@pytest.fixture
def sticker(pack: Pack) -> Sticker:
    return pack.stickers.order_by("pk")[0]


def drafted(sticker: Sticker, kind: str = "attributes", language: str = "en", **value: Any) -> Draft:
    provider = f"looker@p{Draft.objects.count()}"
    assert drafts.of_sticker(kind, language, sticker.pk, Written(value or LOOKS, provider))
    return Draft.objects.latest("pk")


def session_of(*lines: str) -> ChatSession:
    key = f"chat {Conversation.objects.count()}"
    chat = Conversation.objects.create(key=key, language="en", source="s", licence="l")
    session = ChatSession.objects.create(conversation=chat, number=1)
    for n, line in enumerate(lines, 1):
        Utterance.objects.create(session=session, number=n, speaker=f"User_{n % 2 + 1}", text=line)
    return session


def released(folder: Path, **changes: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The answers, and what holds."""
    if not answered.write(folder, scope(**changes)):
        return [], []
    return rows(folder, answered.ANSWERS), rows(folder, answered.LABELS)


# --- deciding ---


def test_a_draft_that_is_taken_is_a_reviewers_word_that_says_whose_draft_it_was(
    sticker: Sticker, reviewer: Player, tmp_path: Path
) -> None:
    draft = drafted(sticker)
    edited = TAKEN | {"face": Given(words=["grin"])}
    drafts.accept(actor=reviewer, draft_id=draft.pk, kept=edited)
    draft.refresh_from_db()
    assert (draft.state, draft.kept, draft.decided_by) == (
        "edited",
        {"gesture": ["waving"], "posture": [], "face": ["grin"]},
        reviewer,
    )
    said, held = released(tmp_path)
    assert [(row["value"], row["role"], row["annotator"], row["status"], row["drafted_by"]) for row in said] == [
        ({"gesture": ["waving"]}, "reviewer", f"anon_{reviewer.pk}", "accepted", "looker@p0"),
        ({"posture": []}, "reviewer", f"anon_{reviewer.pk}", "accepted", "looker@p0"),
        ({"face": ["grin"]}, "reviewer", f"anon_{reviewer.pk}", "edited", "looker@p0"),
    ]
    assert [(row["value"], row["by"], row["n_answers"], row["drafted_by"]) for row in held] == [
        ({"gesture": ["waving"]}, "reviewer", 0, "looker@p0"),
        ({"posture": []}, "reviewer", 0, "looker@p0"),
        ({"face": ["grin"]}, "reviewer", 0, "looker@p0"),
    ]
    entry = AuditEntry.objects.get(verb="draft_edited")
    assert (entry.actor, entry.subject) == (reviewer, f"draft {draft.pk}")
    assert released(tmp_path / "without", left_out=frozenset([reviewer.pk])) == ([], [])
    assert released(tmp_path / "before", watermark_at=draft.created_at) == ([], [])


def test_what_annotators_say_together_stands_above_a_draft(sticker: Sticker, reviewer: Player, tmp_path: Path) -> None:
    for name in ("anna", "ben"):
        answered_by(name, Task.FACE, sticker, Given(words=["frown"]))
    drafts.accept(actor=reviewer, draft_id=drafted(sticker).pk, kept=TAKEN)
    assert set(Settlement.objects.values_list("task", flat=True)) == {"gesture", "posture"}
    for name in ("anna", "ben"):
        answered_by(name, Task.GESTURE, sticker, Given(words=["bow"]))
    said, held = released(tmp_path)
    assert {next(iter(row["value"])): (row["value"], row["by"], row["drafted_by"]) for row in held} == {
        "gesture": ({"gesture": ["bow"]}, "majority", ""),
        "posture": ({"posture": []}, "reviewer", "looker@p0"),
        "face": ({"face": ["frown"]}, "majority", ""),
    }
    assert [row["status"] for row in said if row["role"] == "reviewer"] == ["rejected", "accepted"]


def test_a_draft_is_decided_once_and_by_reviewers_alone(sticker: Sticker, reviewer: Player, anna: Player) -> None:
    draft = drafted(sticker)
    for verb in (drafts.refuse, lambda **who: drafts.accept(**who, kept=TAKEN)):
        with pytest.raises(NotAllowed):
            verb(actor=anna, draft_id=draft.pk)
    drafts.refuse(actor=reviewer, draft_id=draft.pk)
    for verb in (drafts.refuse, lambda **who: drafts.accept(**who, kept=TAKEN)):
        with pytest.raises(Refused) as refusal:
            verb(actor=reviewer, draft_id=draft.pk)
        assert refusal.value.code == "decided"
    assert not Settlement.objects.exists()
    assert not drafts.waiting().exists()


def test_what_will_not_do_loses_nothing(sticker: Sticker, reviewer: Player) -> None:
    draft = drafted(sticker)
    wrong: list[dict[str, Given]] = [{}, {"face": Given()}, {"gesture": Given(words=["waving"]), "face": Given()}]
    for kept in wrong:
        with pytest.raises(Refused) as refusal:
            drafts.accept(actor=reviewer, draft_id=draft.pk, kept=kept)
        assert refusal.value.code == "empty"
    assert drafts.waiting().get() == draft
    assert not Settlement.objects.exists()


def test_a_caption_becomes_the_description(sticker: Sticker, reviewer: Player) -> None:
    draft = drafted(sticker, "caption", text="A cat waves  a flag.")
    drafts.accept(actor=reviewer, draft_id=draft.pk, kept={"text": Given(text="A cat waves a flag.")})
    settled = Settlement.objects.get()
    assert (settled.task, settled.value, settled.drafted_by, settled.is_edited) == (
        "description",
        {"text": "A cat waves a flag."},
        "looker@p0",
        False,
    )


def test_a_summary_is_taken_for_the_session_it_was_drafted_of(reviewer: Player, tmp_path: Path) -> None:
    session = session_of("so tired", "me too", "good night")
    assert drafts.of_session(session, Written({"text": "They are tired."}, "talker@p1"))
    assert not drafts.of_session(session, Written({"text": "They sleep."}, "talker@p1"))
    draft = Draft.objects.get()
    middle = session.utterances.get(number=2).pk
    dividing.divide(actor=reviewer, utterance_id=middle, begins=True)
    with pytest.raises(Refused) as refusal:
        drafts.accept(actor=reviewer, draft_id=draft.pk, kept={"text": Given(text="They are tired.")})
    assert refusal.value.code == "divided"
    dividing.divide(actor=reviewer, utterance_id=middle, begins=False)
    drafts.accept(actor=reviewer, draft_id=draft.pk, kept={"text": Given(text="They are tired.")})
    assert SessionSummary.objects.get().drafted_by == "talker@p1"
    conversations.write(tmp_path, scope())
    (row,) = rows(tmp_path, "sessions.jsonl")
    assert (row["summary"], row["summary_by"], row["summary_drafted_by"]) == ("They are tired.", "person", "talker@p1")


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.sampled_from(["draft", "take", "change", "refuse"]), st.integers(0, 2)), max_size=9),
    data=st.data(),
)
def test_no_row_of_a_release_is_a_persons_without_a_persons_yes(
    pack: Pack, reviewer: Player, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], data: Any
) -> None:
    for model in (Draft, Settlement, SessionSummary, Conversation):
        model.objects.all().delete()
    stickers, sessions = list(pack.stickers.order_by("pk")), [session_of(f"line {n}", "more") for n in range(3)]
    agreed: dict[str, str] = {}
    for step, place in steps:
        if step == "draft":
            text = f"Drafted {Draft.objects.count()}."
            if data.draw(st.booleans()):
                drafted(stickers[place], text=text, kind="caption")
            else:
                drafts.of_session(sessions[place], Written({"text": text}, f"talker@p{Draft.objects.count()}"))
            continue
        if (draft := drafts.waiting()[place : place + 1].first()) is None:
            continue
        if step == "refuse":
            drafts.refuse(actor=reviewer, draft_id=draft.pk)
            continue
        text = draft.value["text"] if step == "take" else f"Changed {draft.pk}."
        drafts.accept(actor=reviewer, draft_id=draft.pk, kept={"text": Given(text=text)})
        agreed[text] = draft.provider
    folder = tmp_path_factory.mktemp("release")
    said, held = released(folder)
    conversations.write(folder, scope())
    told = {row["value"]["text"]: row["drafted_by"] for row in [*said, *held]}
    summed = {row["summary"]: row["summary_drafted_by"] for row in rows(folder, "sessions.jsonl") if row["summary"]}
    assert (told | summed).items() <= agreed.items()
    assert {row["annotator"] for row in said} <= {f"anon_{reviewer.pk}"}
    decided = Draft.objects.exclude(state="waiting")
    assert all(row.decided_by == reviewer and row.decided_at is not None for row in decided)


# --- writing ---


def test_lines_of_the_child_are_drafts_or_reasons() -> None:
    said = json.dumps({"gesture": ["waving"], "face": []})
    table = Table({"a": said.replace(" ", ""), "b": '{"face":["开心"]}', "c": ""})
    provided = Provided("attributes", table)
    assert list(drafting.drafts("attributes", "en", provided, {"1": "a", "2": "b"})) == [
        {"id": "1", "value": {"gesture": ["waving"], "face": []}, "provider": "table@1"},
        {"id": "2", "error": "not in en"},
    ]
    failing = Provided("caption", Table({}, name="m@1", by="model"), check=lambda text: str(1 / len(text)))
    with pytest.raises(ZeroDivisionError):
        failing(["x"], "en")
    nonsense = Provided("caption", Table({"x": "?"}, name="m@1", by="model"), check=lambda text: str(int(text)))
    (line,) = drafting.drafts("caption", "en", nonsense, {"1": "x"})
    assert line == {"id": "1", "error": "m@1 gave nonsense: invalid literal for int() with base 10: '?'"}


def command(**options: Any) -> str:
    out = io.StringIO()
    call_command("draft", stdout=out, stderr=out, **options)
    return out.getvalue()


def test_the_command_keeps_what_the_child_wrote(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [str(pk) for pk in pack.stickers.order_by("pk").values_list("pk", flat=True)]
    asked = list[str]()

    def child(arguments: list[str], *, input: str, **rest: Any) -> subprocess.CompletedProcess[str]:
        asked.extend(json.loads(line)["id"] for line in input.splitlines())
        lines = [{"id": ids[0], "value": LOOKS, "provider": "looker@p1"}, {"id": ids[1], "error": "no JSON object"}]
        return subprocess.CompletedProcess(arguments, 0, "".join(json.dumps(line) + "\n" for line in lines))

    monkeypatch.setattr(subprocess, "run", child)
    told = command(kind="attributes", language="en", model="looker")
    assert told == f"{ids[1]}: no JSON object\n1 drafts wait in the studio; 1 could not be written\n"
    assert asked == ids
    asked.clear()
    command(kind="attributes", language="en", model="looker")
    assert asked == ids[1:], "what was drafted is not asked about again"
    Draft.objects.update(state="refused", decided_at=timezone.now())
    asked.clear()
    command(kind="attributes", language="en", model="looker", again=True, pack=pack.slug)
    assert asked == ids
    with pytest.raises(CommandError, match="There is no pack none"):
        command(kind="caption", language="en", model="looker", pack="none")


def test_summaries_are_drafted_without_weights(db: None) -> None:
    session = session_of("hi", "the exam was cancelled", "hurray", "let us go", "bye now")
    session_of("")  # nothing was said
    summed = session_of("one", "two")
    ChatSession.objects.filter(pk=summed.pk).update(summary="They count.")
    options = {"kind": "summary", "language": "en", "model": "salient-turns"}
    assert command(**options) == "1 drafts wait in the studio; 0 could not be written\n"
    assert command(**options) == "0 drafts wait in the studio; 0 could not be written\n"
    draft = Draft.objects.get()
    assert (draft.provider, draft.first_id) == ("salient-turns@1", summing.span_of(session)[0])
    assert draft.value["text"].startswith("User_2: hi\n")
    with pytest.raises(CommandError, match="drafts summaries alone"):
        command(kind="caption", language="en", model="salient-turns")


def test_a_model_that_cannot_be_used_ends_the_command(pack: Pack, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="The model ended with 2"):
        command(kind="attributes", language="en", model=str(tmp_path / "none"), device="nowhere")
    assert not Draft.objects.exists()
