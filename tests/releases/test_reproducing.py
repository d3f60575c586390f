"""The same facts and rules give the same bytes: at another time, in another database, on another machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from sticktionary.domain import catalogue
from sticktionary.domain.quality import estimates
from sticktionary.domain.releases import asking, tombstones
from sticktionary.domain.releases.verifying import verify
from sticktionary.models import (
    Case,
    Judgement,
    Pack,
    Player,
    Query,
    Release,
    Retrieval,
    Revision,
    Round,
    Ruling,
    SameStickers,
    Sanction,
    Sitting,
    Sticker,
    Turn,
)
from tests.releases.plays import asked, carried_out, frozen, looked_up, player, written
from tests.releases.reading import contents, folder

MANAGE = Path(settings.BASE_DIR) / "manage.py"


def judged(round_: Round, verdict: str, ruling: str, text: str = "") -> Judgement:
    """As a reviewer's verb leaves it: what stood before, what stands after."""
    now = timezone.now()
    case = Case.objects.create(kind="not_found", state="decided", round=round_, opened_at=now)
    before = list(Ruling.objects.filter(query__round=round_).values())
    judgement = Judgement.objects.create(case=case, verdict=verdict, key=f"key-{case.pk}", at=now)
    Ruling.objects.filter(query__round=round_).delete()
    for query in Query.objects.filter(round=round_):
        Ruling.objects.create(query=query, judgement=judgement, verdict=ruling, text=text, normalised=text)
    after = list(Ruling.objects.filter(query__round=round_).values())
    Judgement.objects.filter(pk=judgement.pk).update(
        detail={"before": {"rulings": before}, "after": {"rulings": after}}
    )
    return judgement


def undone(judgement: Judgement) -> None:
    judgement.refresh_from_db()
    Judgement.objects.filter(pk=judgement.pk).update(undone_at=timezone.now())
    assert judgement.case.round is not None
    Ruling.objects.filter(query__round=judgement.case.round).delete()
    Ruling.objects.bulk_create([Ruling(**row) for row in judgement.detail["before"]["rulings"]])
    SameStickers.objects.filter(judgement=judgement).delete()


def named_line(retrieval: Retrieval, query: Query) -> None:
    """The retriever says which line led there."""
    assert retrieval.player is not None
    sitting = Sitting.objects.filter(player=retrieval.player, ended_at=None).first()
    sitting = sitting or Sitting.objects.create(player=retrieval.player, started_at=timezone.now())
    turn, _new = Turn.objects.get_or_create(
        retrieval=retrieval,
        defaults={
            "sitting": sitting, "number": 1, "role": "retriever", "state": "done",
            "round": retrieval.round, "dealt_at": timezone.now(),
        },
    )  # fmt: skip
    key = f"key-{Revision.objects.count()}"
    Revision.objects.create(
        round=retrieval.round, turn=turn, key=key, move="gave_away", detail={"query": query.pk}, at=timezone.now()
    )
    Retrieval.objects.filter(pk=retrieval.pk).update(gave_away=query)


@pytest.fixture
def facts(stickers: list[Sticker]) -> dict[str, object]:
    """A little of everything that a release reads."""
    people = [player(display_name=f"Person{number}name") for number in range(6)]
    rounds = []
    for place in range(12):
        texts = [f"query {place}", f"{place} no, thanks", "person3name is late"][: 2 + (place == 4)]
        language, labeler = ("zh" if place % 3 == 0 else "en"), people[place % 5]
        round_ = written(stickers[place], labeler, *texts, language=language, results_hidden=place % 4 == 0)
        for turn in (1, 2):
            who = people[(place + turn) % 5]
            looked_up(round_, who, (place + turn) % 4, others=stickers[12:17], machine_rank=place, is_gold=place == 7)
        rounds.append(round_)
    written(stickers[1], None, "came with it", "来了", source="house", language="zh")
    Query.objects.update(novelty=1 / 3, nudges=["drawn"])
    mended = judged(rounds[5], "correct", "corrected", "mended")
    same = judged(rounds[6], "same", "accepted")
    SameStickers.objects.create(first=stickers[0], second=stickers[1], judgement=same)
    Judgement.objects.filter(pk=same.pk).update(
        detail={**Judgement.objects.get(pk=same.pk).detail, "same": [stickers[0].pk, stickers[1].pk]}
    )
    first_line = Query.objects.filter(round=rounds[0]).first()
    assert first_line is not None
    named_line(lookup := Retrieval.objects.filter(round=rounds[0])[0], first_line)
    cheat = Sanction.objects.create(player=people[5], step="excluded", reason="-", at=timezone.now())
    looked_up(written(stickers[13], people[5], "by a cheat"), people[0])
    return {
        "people": people, "rounds": rounds, "mended": mended, "same": same, "lookup": lookup, "cheat": cheat,
    }  # fmt: skip


def life_goes_on(facts: dict[str, object], stickers: list[Sticker], publisher: Player) -> None:
    """Everything that happens after the watermark, of every kind that a release reads."""
    people, rounds, lookup = facts["people"], facts["rounds"], facts["lookup"]
    assert isinstance(people, list)
    assert isinstance(rounds, list)
    assert isinstance(lookup, Retrieval)
    now = timezone.now() + timedelta(seconds=1)
    looked_up(written(stickers[3], people[0], "later", at=now), people[1], at=now)
    looked_up(rounds[2], player(at=now), 1, at=now)
    Query.objects.filter(round=rounds[8]).update(removed_at=now)
    judged(rounds[9], "discard", "discarded")
    undone(facts["mended"])  # type: ignore[arg-type]
    undone(facts["same"])  # type: ignore[arg-type]
    judged(rounds[5], "correct", "corrected", "mended otherwise")
    last_line = Query.objects.filter(round=rounds[0]).last()
    assert last_line is not None
    named_line(lookup, last_line)
    Sanction.objects.update(lifted_at=now)
    Sanction.objects.create(player=people[0], step="excluded", reason="-", at=now)
    estimates.recount()
    catalogue.set_state(actor=publisher, sticker_ids=[stickers[2].pk], state="withdrawn")
    catalogue.set_pack_active(actor=publisher, pack=Pack.objects.get(), is_active=False)
    Pack.objects.update(title="Another title", may_publish_pictures=False)
    query = Query.objects.filter(round=rounds[10]).first()
    assert query is not None
    tombstones.withdraw_query(actor=publisher, query_id=query.pk, why="-")
    tombstones.withdraw_player(actor=publisher, player_id=people[1].pk, why="-")
    Player.objects.filter(pk=people[3].pk).update(display_name="Renamed")
    Round.objects.filter(pk=rounds[11].pk).update(state="needs_review", decided_at=now)


def test_what_happens_after_the_watermark_changes_nothing(
    publisher: Player, stickers: list[Sticker], facts: dict[str, object], tmp_path: Path
) -> None:
    release = frozen(publisher)
    before = contents(folder(release))
    assert (
        b"mended" in before["queries/train.jsonl"] + before["queries/test.jsonl"] + before["queries/validation.jsonl"]
    )
    life_goes_on(facts, stickers, publisher)
    frozen(publisher)
    assert verify(number=1, into=tmp_path / "again") == []
    assert contents(tmp_path / "again") == before


def test_a_release_that_waited_is_the_one_that_was_asked_for(
    publisher: Player, stickers: list[Sticker], facts: dict[str, object]
) -> None:
    """Asked for at the same moment with the same salt, frozen before and after life went on. A name that was given up
    meanwhile is not looked for any more; here it was not."""
    one, other = asked(publisher), asked(publisher)
    same = {"watermark_at": one.watermark_at, "salt": one.salt, "basis": one.basis}
    Release.objects.filter(pk=other.pk).update(**same)
    early = contents(folder(carried_out(one)))
    life_goes_on(facts, stickers, publisher)
    Player.objects.filter(display_name="Renamed").update(display_name="Person3name")
    other.refresh_from_db()
    late = contents(folder(carried_out(other)))
    tables = {path for path in early if path.endswith((".parquet", ".jsonl", ".csv"))}
    assert {path for path in tables if early[path] != late[path]} == set()


def test_another_database_on_another_machine_gives_the_same_bytes(
    publisher: Player, facts: dict[str, object], tmp_path: Path
) -> None:
    release = asked(publisher)
    dump = tmp_path / "facts.json"
    with dump.open("w", encoding="utf-8") as out:
        planted = ["sticktionary.abusiveword", "sticktionary.watermark"]  # every new house has its own
        call_command("dumpdata", "sticktionary", "--natural-foreign", exclude=planted, stdout=out)
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(settings.MEDIA_ROOT, elsewhere / "media")
    environment = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    environment |= {"STICKTIONARY_DATA": str(elsewhere), "LOG_LEVEL": "ERROR", "TZ": "Asia/Shanghai"}
    resume = ["freeze", "--resume", str(release.pk)]
    for command in (["migrate", "--verbosity", "0"], ["loaddata", str(dump)], resume):
        subprocess.run([sys.executable, MANAGE, *command], env=environment, check=True, capture_output=True)
    here = contents(folder(carried_out(release)))
    there = contents(elsewhere / "releases" / "sticktionary-1")
    assert there.keys() == here.keys()
    assert {path for path in here if here[path] != there[path]} == set()


def test_a_spoiled_file_is_named(publisher: Player, facts: dict[str, object], tmp_path: Path) -> None:
    release = frozen(publisher)
    spoiled = folder(release) / "splits.jsonl"
    spoiled.chmod(0o644)
    spoiled.write_bytes(spoiled.read_bytes() + b"\n")
    assert [(each.path, each.what) for each in verify(number=1, into=tmp_path / "again")] == [
        ("splits.jsonl", "spoiled")
    ]


def test_titles_and_rules_are_part_of_what_is_frozen(publisher: Player, facts: dict[str, object]) -> None:
    release = asking.ask(actor=publisher, title="Named", notes="Says something.", queue=False)
    carried_out(release)
    assert release.manifest["title"] == "Named"
    assert release.manifest["rules"] == release.rules
