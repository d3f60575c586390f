"""The desk over HTTP: with and without scripts, who is let in, and what it costs with many rounds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sticktionary.domain import rules
from sticktionary.domain.people.roles import Role
from sticktionary.domain.review import casefile, casework, spelling, verdicts
from sticktionary.models import Case, Flag, Judgement, Player, Preview, Retrieval, Revision, Round, Sticker
from tests.game.conftest import make_player, make_sticker
from tests.people.conftest import client_of
from tests.review.conftest import a_reviewer, answered, case_of, ids, written

N_QUERIES = 21  # session, player and permissions among them
JSON = {"Accept": "application/json"}


def post(client: Client, path: str, **said: Any) -> Any:
    return client.post(f"/studio/review/{path}", said, headers=JSON)


@pytest.mark.parametrize("path", ["", "judgements/", "1/"])
def test_the_desk_is_for_reviewers(path: str, lost: Case, rita: Player) -> None:
    path = path.replace("1", str(lost.pk))
    assert client_of(None).get(f"/studio/review/{path}").status_code == 302
    assert client_of(make_player("zoe")).get(f"/studio/review/{path}").status_code == 403
    assert client_of(rita).get(f"/studio/review/{path}").status_code == 200


@pytest.mark.parametrize(
    "path", ["next/", "{case}/judge/", "{case}/take/", "{case}/let-go/", "{case}/reopen/", "judgements/1/undo/"]
)
def test_so_is_all_that_is_done_there(path: str, lost: Case) -> None:
    before = Case.objects.values().get()
    response = post(client_of(make_player("zoe")), path.format(case=lost.pk), verdict="accept", why="x")
    assert response.status_code == 403
    assert Case.objects.values().get() == before


def test_the_page_shows_the_case_and_holds_it(rita: Player, lost: Case, anna: Player, ben: Player) -> None:
    page = client_of(rita).get("/studio/review/").content.decode()
    assert Case.objects.get().held_by == rita
    assert "monday mornign" in page
    assert anna.name not in page.replace("manager", "")
    assert f"/studio/review/{lost.pk}/judge/" in page


def test_a_plain_form_judges_too_and_leads_back(rita: Player, lost: Case) -> None:
    client = client_of(rita)
    line = f"line-{ids(lost.round)[0]}"  # type: ignore[arg-type]
    response = client.post(
        f"/studio/review/{lost.pk}/judge/", {"verdict": "correct", line: "monday morning"}, follow=True
    )
    assert response.redirect_chain == [("/studio/review/", 302)]
    assert [str(each) for each in response.context["messages"]] == [f"Case {lost.pk}: accepted, spelling mended."]
    refused = client.post(f"/studio/review/{lost.pk}/judge/", {"verdict": "accept"}, follow=True)
    assert [str(each) for each in refused.context["messages"]] == ["This case has been settled already."]


def test_a_script_hears_what_became_of_it(rita: Player, lost: Case) -> None:
    client = client_of(rita)
    bad = post(client, f"{lost.pk}/judge/", verdict="correct", key="k0")
    assert (bad.status_code, bad.json()["code"]) == (409, "nothing_mended")
    told = post(client, f"{lost.pk}/judge/", verdict="accept", key="k").json()
    judgement = Judgement.objects.get()
    assert told == {"judgement": judgement.pk, "case": lost.pk, "told": f"Case {lost.pk}: accepted."}
    assert post(client, f"{lost.pk}/judge/", verdict="accept", key="k").json() == told
    undone = post(client, f"judgements/{judgement.pk}/undo/").json()
    assert (undone["id"], undone["told"]) == (lost.pk, f"Case {lost.pk} is open again.")
    assert "monday mornign" in undone["html"]


def test_the_next_is_another_than_those_in_hand(rita: Player, lost: Case, pair: list[Sticker]) -> None:
    other = case_of(written(make_player("dora"), pair[2], "no"), [make_player("ed"), make_player("flo")])
    client = client_of(rita)
    assert post(client, "next/").json()["id"] == lost.pk
    answer = post(client, "next/", besides=[lost.pk, "x", "9" * 30]).json()
    assert (answer["id"], answer["n"], answer["by_kind"]["not_found"]) == (other.pk, 2, 2)
    assert post(client, "next/", besides=[lost.pk, other.pk]).json()["id"] is None


def test_what_was_left_comes_again_when_nothing_else_is(rita: Player, lost: Case, pair: list[Sticker]) -> None:
    other = case_of(written(make_player("dora"), pair[2], "no"), [make_player("ed"), make_player("flo")])
    client = client_of(rita)
    client.get("/studio/review/")
    post(client, f"{lost.pk}/let-go/")
    assert Case.objects.get(pk=lost.pk).held_by is None
    assert post(client, "next/").json()["id"] == other.pk
    post(client, f"{other.pk}/let-go/")
    assert post(client, "next/").json()["id"] == lost.pk


def test_a_case_of_ones_choice_is_taken_unless_another_has_it(rita: Player, lost: Case) -> None:
    assert post(client_of(rita), f"{lost.pk}/take/").json()["id"] == lost.pk
    assert post(client_of(rita), f"{lost.pk}/take/", keep="1").json() == {}
    answer = post(client_of(a_reviewer("ron")), f"{lost.pk}/take/")
    assert (answer.status_code, answer.json()["code"]) == (409, "held")


def test_the_page_of_a_case_tells_its_whole_history(rita: Player, head: Player, lost: Case) -> None:
    judgement = verdicts.judge(actor=rita, case_id=lost.pk, verdict="discard", key="k", why="unclear")
    client = client_of(head)
    assert "unclear" in client.get(f"/studio/review/{lost.pk}/").content.decode()
    client.post(f"/studio/review/{lost.pk}/reopen/", {"why": "it is clear"})
    judgement.refresh_from_db()
    assert (judgement.undone_by, Case.objects.get().state) == (head, "open")
    assert client.get("/studio/review/999999/").status_code == 404


def test_nobody_reads_the_file_of_a_case_that_touches_their_own_play(lost: Case, pair: list[Sticker]) -> None:
    labeler, retriever, other = (a_reviewer(name, Role.ADMIN) for name in ("lea", "remy", "otto"))
    assert lost.round is not None
    Round.objects.filter(pk=lost.round.pk).update(labeler=labeler)
    answered(lost.round, [pair[1].pk], retriever)
    where = f"/studio/review/{lost.pk}/"
    assert [client_of(who).get(where).status_code for who in (labeler, retriever, other)] == [403, 403, 200]
    Case.objects.filter(pk=lost.pk).update(state=Case.State.DECIDED)
    assert client_of(labeler).get(where).status_code == 403
    assert client_of(other).get("/studio/review/999999/").status_code == 404


def test_the_history_is_ones_own_or_everybodys_with_undo(rita: Player, head: Player, lost: Case) -> None:
    judgement = verdicts.judge(actor=rita, case_id=lost.pk, verdict="discard", key="k")
    undo = f"/studio/review/judgements/{judgement.pk}/undo/"
    assert undo in client_of(rita).get("/studio/review/judgements/").content.decode()
    assert undo not in client_of(head).get("/studio/review/judgements/").content.decode()
    assert undo in client_of(head).get("/studio/review/judgements/?whose=all").content.decode()
    assert undo not in client_of(a_reviewer("ron")).get("/studio/review/judgements/?whose=all").content.decode()
    response = client_of(rita).post(undo, {"onward": "judgements"})
    assert response["Location"] == "/studio/review/judgements/"


def test_the_policy_is_on_the_page(rita: Player, head: Player, db: None) -> None:
    assert "What retrievers found is taken directly." in client_of(rita).get("/studio/review/").content.decode()
    rules.change(actor=head, changes={"take_found": False}, why="a first look")
    rules.forget()
    assert (
        "What retrievers found comes here before it counts." in client_of(rita).get("/studio/review/").content.decode()
    )


# --- the file of a case ---


def test_the_file_holds_what_was_typed_seen_and_picked(rita: Player, lost: Case, pair: list[Sticker]) -> None:
    round_ = lost.round
    assert round_ is not None
    start = round_.dealt_at
    for n, rank in enumerate([None, 40, 2]):
        at = start + timedelta(seconds=n + 1)
        Preview.objects.create(
            round=round_, text="mon"[: n + 1], at=at, hits=[], target_rank=rank, model_version="m", ms=1
        )
    Revision.objects.create(
        round=round_, key="k", move="add", detail={"text": "monday"}, at=start + timedelta(seconds=4)
    )
    Sticker.objects.filter(pk=pair[2].pk).update(twin_of=pair[0].pk)
    file = casefile.read(lost.pk)
    assert file is not None
    assert [(seen.at_s, seen.text, seen.rank, seen.height) for seen in file.seen] == [
        (1.0, "m", None, 0),
        (2.0, "mo", 40, 20),
        (3.0, "mon", 2, 85),
    ]
    assert [(move.at_s, move.what, move.text) for move in file.moves] == [(4.0, "add", "monday")]
    assert [(each.number, each.seconds, [pick.id for pick in each.picks]) for each in file.lookups] == [
        (1, 9.0, [pair[1].pk]),
        (2, 9.0, [pair[1].pk]),
    ]
    assert [(other.id, other.why) for other in file.others] == [(pair[1].pk, "picked"), (pair[2].pk, "twin")]


def test_a_suggestion_is_made_from_words_that_proved_themselves(anna: Player, pair: list[Sticker]) -> None:
    found = {"state": Round.State.FOUND, "decided_at": timezone.now()}
    for text in ("zorble morning", "good morning", "Morning zorble", "a quixle word"):
        written(anna, pair[0], text, **found)
    vocabulary = spelling.read()
    said = {
        text: spelling.suggestion(text, vocabulary)
        for text in ("zorble mornign", "Mornnig", "good morning", "OMG zrorble", "MORNIGN", "quixel", "on")
    }
    assert said == {
        "zorble mornign": "zorble morning",
        "Mornnig": "Morning",
        "good morning": "",
        "OMG zrorble": "OMG zorble",
        "MORNIGN": "",
        "quixel": "",
        "on": "",
    }


def test_common_words_are_right_and_are_what_is_meant(db: None) -> None:
    vocabulary = spelling.read()
    said = {
        text: spelling.suggestion(text, vocabulary) for text in ("second line", "so tierd", "meetings", "yesturday")
    }
    assert said == {"second line": "", "so tierd": "so tired", "meetings": "", "yesturday": "yesterday"}


def a_crowded_round(labeler: Player, sticker: Sticker, n: int) -> Round:
    round_ = written(
        labeler, sticker, *(f"line {number}" for number in range(min(n, 5))), state=Round.State.NEEDS_REVIEW
    )
    now = timezone.now()
    for number in range(n):
        Preview.objects.create(round=round_, text="x", at=now, hits=[], model_version="m", ms=1)
        Revision.objects.create(round=round_, key=f"{number}", move="add", detail={}, at=now)
        Flag.objects.create(kind="pasted", player=labeler, round=round_, key=f"{round_.pk}:{number}", at=now)
        answered(round_, [], make_player(f"r{round_.pk}:{number}"))
    Retrieval.objects.filter(round=round_).update(candidates=list(Sticker.objects.values_list("pk", flat=True)))
    casework.open_case(kind=Case.Kind.NOT_FOUND, round_id=round_.pk)
    return round_


def test_the_page_costs_the_same_number_of_queries_however_much_there_is(
    rita: Player, anna: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "FRESH_FOR_S", float("inf"))  # else they are read again now and then, by the clock
    stickers = [make_sticker(number, image="a", poster="a") for number in range(1, 25)]
    a_crowded_round(anna, stickers[0], 1)
    client = client_of(rita)
    client.get("/studio/review/")
    counts = []
    for n in (1, 2, 12):
        if n > 1:
            Case.objects.all().delete()
            for sticker in stickers[:n]:
                a_crowded_round(anna, sticker, n)
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/studio/review/").status_code == 200
        counts.append(len(seen))
    assert counts == [N_QUERIES - 1, N_QUERIES, N_QUERIES], "one less to come back to the case in hand"
