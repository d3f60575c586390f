from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from sticktionary.models import (
    AbusiveWord,
    Annotation,
    ApiToken,
    AuditEntry,
    Case,
    ChatSession,
    Conversation,
    ConversationImport,
    DayFigures,
    ExportJob,
    Flag,
    GeneratedQuery,
    Gold,
    ImportItem,
    ImportJob,
    Judgement,
    ModelVersion,
    Notice,
    Player,
    PlayerQuality,
    Publication,
    Query,
    Release,
    Reply,
    RuleSet,
    Ruling,
    SameStickers,
    Sanction,
    Settlement,
    Skip,
    StickerDifficulty,
    Tombstone,
    TrainingRun,
    Utterance,
)
from tests.people.conftest import Play, _forget_rate_limits, admin, client_of, make_player, play, player

__all__ = ["_forget_rate_limits", "admin", "play", "player"]

ROLES = ("moderator", "reviewer", "publisher", "researcher", "admin")


@pytest.fixture
def staff(db: None) -> Callable[[str], Client]:
    """Somebody with one role, signed in; a contributor has none."""

    def sign_in(role: str) -> Client:
        member = make_player(f"the_{role}")
        if role in ROLES:
            member.groups.add(Group.objects.get(name=role))
            Player.objects.filter(pk=member.pk).update(is_staff=True)
        return client_of(member)

    return sign_in


def one_of_each(play: Play, n: int) -> None:
    """A round that all has happened to, with rows of the other kinds that a list may show."""
    now = timezone.now()
    writer, finder, judge = (make_player(f"{role}{n}") for role in ("writer", "finder", "judge"))
    round_ = play.round(writer, f"words {n}", "second words", state="found", decided_at=now)
    retrieval = play.retrieval(round_, finder, picks=[round_.sticker_id], gave_away=Query.objects.first())
    play.pay(finder, 60, round=round_, retrieval=retrieval)
    common = {"player": finder, "round": round_}
    flag = Flag.objects.create(kind="too_fast", **common, partner=writer, key=f"flag{n}", at=now, decided_by=judge)
    Sanction.objects.create(player=finder, step="weight", reason="too fast", flags=[flag.pk], imposed_by=judge, at=now)
    Skip.objects.create(**common, sticker=round_.sticker, reason="other", as_labeler=False, at=now)
    Notice.objects.create(player=writer, kind="found", key=f"notice{n}", payload={"round": round_.pk})
    AuditEntry.objects.create(actor=judge, verb="judge", subject=f"round {round_.pk}", detail={"why": "clear"})
    case = Case.objects.create(kind="not_found", state="decided", round=round_, held_by=judge, opened_at=now)
    judgement = Judgement.objects.create(case=case, reviewer=judge, verdict="accept", key=f"judgement{n}", at=now)
    Ruling.objects.create(query=round_.queries.all()[0], judgement=judgement, verdict="accepted")
    Gold.objects.create(round=round_, promoted_at=now)
    PlayerQuality.objects.create(player=finder, updated_at=now)
    sticker = {"sticker": round_.sticker, "language": "en"}
    StickerDifficulty.objects.create(**sticker, updated_at=now)
    smiling = {"labels": ["Smiling"], "primary": "Smiling"}
    told = {"task": "emotion", "value": smiling, "taxonomy": "sticker820k-30@1"}
    Annotation.objects.create(**sticker, **told, player=finder, state="answered", dealt_at=now, lease_until=now)
    Settlement.objects.create(sticker=round_.sticker, **told, reviewer=judge, at=now)
    job = ImportJob.objects.create(pack=play.pack, path="p", label="l", created_by=judge)
    ImportItem.objects.create(job=job, name="a.png", outcome="imported", sticker=round_.sticker)
    release = Release.objects.create(title=f"r{n}", watermark_at=now, created_by=judge)
    Publication.objects.create(release=release, target="hub", created_by=judge)
    ExportJob.objects.create(created_by=judge)
    ConversationImport.objects.create(path="p", label="l", created_by=judge)
    run = TrainingRun.objects.create(title=f"run{n}", recipe="stickerclip", release=release, created_by=judge)
    model = ModelVersion.objects.create(name=f"m{n}", title="m", run=run, created_by=judge)
    GeneratedQuery.objects.create(**sticker, text="smile", normalised="smile", log_probability=-1.0, model=model)
    ApiToken.objects.create(player=judge, label="nightly", hint="stk_abcd", digest=f"{n:064x}", scopes=["read"])
    chat = Conversation.objects.create(key=f"c{n}", language="en", source="s", licence="l")
    place = Utterance.objects.create(session=ChatSession.objects.create(conversation=chat, number=1), number=1)
    replied = {"pick": round_.sticker, "language": "en", "state": "answered", "intent": "joy", "scenario": "DR"}
    Reply.objects.create(utterance=place, player=finder, **replied, dealt_at=now, lease_until=now)
    Tombstone.objects.create(kind="query", subject=n)
    RuleSet.objects.create(values={"gold_every": 9}, set_by=judge)
    AbusiveWord.objects.create(language="en", word=f"w{n}", normalised=f"w{n}", added_by=judge)
    SameStickers.objects.create(first=round_.sticker, second=play.sticker(), judgement=judgement)
    DayFigures.objects.create(day=(now - timedelta(days=n)).date(), language="en", written_at=now)
