"""What each verdict does, whom it tells, what it pays; and that undoing leaves nothing of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from sticktionary.domain.errors import NotAllowed, RuleBroken
from sticktionary.domain.people.roles import Role
from sticktionary.domain.play import outcome, worn
from sticktionary.domain.quality import sanctions
from sticktionary.domain.releases.now import dataset_now
from sticktionary.domain.review import appeals, casework, verdicts
from sticktionary.domain.search import reading
from sticktionary.models import (
    AuditEntry,
    Case,
    IndexChange,
    Judgement,
    LedgerEntry,
    Notice,
    Player,
    Query,
    Round,
    Ruling,
    SameStickers,
    Sanction,
    Sticker,
)
from tests.game.conftest import make_player, make_sticker
from tests.review.conftest import a_reviewer, answered, case_of, ids, written


def judge(actor: Player, case: Case, verdict: str, key: str = "k", **more: Any) -> Judgement:
    return verdicts.judge(actor=actor, case_id=case.pk, verdict=verdict, key=key, **more)


def refused(code: str, actor: Player, case: Case, verdict: str, **more: Any) -> None:
    with pytest.raises(RuleBroken) as refusal:
        judge(actor, case, verdict, **more)
    assert refusal.value.code == code


def state_of(case: Case) -> str:
    assert case.round is not None
    return Round.objects.get(pk=case.round.pk).state


def rulings(case: Case) -> list[tuple[str, str, str]]:
    found = Ruling.objects.filter(query__round=case.round_id).order_by("query__position")
    return list(found.values_list("query__text", "verdict", "text"))


def words_of(sticker_id: int) -> dict[str, str]:
    """What search knows of the sticker, by language."""
    return dict(reading.entries([sticker_id])[0].written)


# --- one by one ---


def test_accepted_words_count_and_pay_as_for_a_third_pick(rita: Player, anna: Player, lost: Case) -> None:
    n_lines = IndexChange.objects.count()
    judgement = judge(rita, lost, "accept")
    assert state_of(lost) == Round.State.ACCEPTED
    assert rulings(lost) == [("monday mornign", "accepted", ""), ("send help", "accepted", "")]
    assert IndexChange.objects.count() > n_lines
    entry = LedgerEntry.objects.get()
    assert (entry.player, entry.n_points, entry.reason) == (anna, 45, "reviewed")
    assert Player.objects.get(pk=anna.pk).points == 45
    notice = Notice.objects.get(player=anna, kind="accepted")
    assert (notice.payload["n_points"], notice.payload["query"]) == (45, "monday mornign")
    assert AuditEntry.objects.get(verb="judge_accept").detail == {"judgement": judgement.pk, "why": ""}


def test_mended_words_are_searched_exported_and_worn_as_mended(rita: Player, lost: Case) -> None:
    assert lost.round is not None
    first, second = ids(lost.round)
    judge(rita, lost, "correct", corrections={first: "monday morning"}, discarded=[second])
    assert state_of(lost) == Round.State.ACCEPTED
    assert rulings(lost) == [("monday mornign", "corrected", "monday morning"), ("send help", "discarded", "")]
    assert words_of(lost.round.sticker_id) == {"en": "monday morning"}
    assert dataset_now().queries("en") == {lost.round.sticker.name: ["monday morning"]}
    assert Query.objects.get(pk=first).text == "monday mornign"
    for name in ("dora", "ed"):
        answered(lost.round, [lost.round.sticker_id], make_player(name))
    assert worn.worn_out(lost.round.sticker_id, "en") == {"monday morning": "monday morning"}


def test_accepting_with_a_word_changed_means_the_changed_word(rita: Player, lost: Case) -> None:
    assert lost.round is not None
    first, second = ids(lost.round)
    judgement = judge(rita, lost, "accept", corrections={first: "monday morning", second: "send help"})
    assert judgement.verdict == Judgement.Verdict.CORRECT
    assert rulings(lost)[1] == ("send help", "accepted", "")


def test_lines_that_came_as_they_were_are_no_change(rita: Player, lost: Case) -> None:
    assert lost.round is not None
    first, second = ids(lost.round)
    judgement = judge(rita, lost, "accept", corrections={first: "monday mornign", second: " send  help "})
    assert judgement.verdict == Judgement.Verdict.ACCEPT


def test_discarded_words_are_nowhere_and_the_labeler_hears_why(rita: Player, anna: Player, lost: Case) -> None:
    assert lost.round is not None
    judge(rita, lost, "discard", why="it fits any sticker")
    assert state_of(lost) == Round.State.DISCARDED
    assert {verdict for _text, verdict, _mended in rulings(lost)} == {"discarded"}
    assert words_of(lost.round.sticker_id) == {}
    assert dataset_now().queries("en") == {}
    assert not LedgerEntry.objects.exists()
    assert Notice.objects.get(player=anna, kind="discarded").payload["why"] == "it fits any sticker"


def test_a_found_round_that_is_flagged_and_discarded_leaves_the_search(
    rita: Player, ben: Player, pair: list[Sticker]
) -> None:
    round_ = written(make_player("anna"), pair[0], "zq7", state=Round.State.FOUND, decided_at=timezone.now())
    assert words_of(pair[0].pk) == {"en": "zq7"}
    case = casework.open_case(kind=Case.Kind.FLAGGED, round_id=round_.pk, reasons=["code_word"])
    assert case is not None
    judge(rita, case, "discard")
    assert words_of(pair[0].pk) == {}


def test_a_flag_that_was_wrong_leaves_a_found_round_found_and_pays_nothing(rita: Player, pair: list[Sticker]) -> None:
    round_ = written(make_player("anna"), pair[0], "zq7", state=Round.State.FOUND, decided_at=timezone.now())
    case = casework.open_case(kind=Case.Kind.FLAGGED, round_id=round_.pk)
    assert case is not None
    judge(rita, case, "accept")
    assert (state_of(case), LedgerEntry.objects.count(), Notice.objects.count()) == (Round.State.FOUND, 0, 0)


def test_words_of_the_house_can_be_discarded_too(rita: Player, ben: Player, pair: list[Sticker]) -> None:
    round_ = written(None, pair[0], "meh", source=Round.Source.HOUSE)
    case = case_of(round_, [ben, make_player("carl")])
    assert words_of(pair[0].pk) == {"en": "meh"}
    judge(rita, case, "discard")
    assert (words_of(pair[0].pk), dataset_now().queries("en")) == ({}, {})


def test_same_stickers_make_a_pair_once(rita: Player, lost: Case, pair: list[Sticker]) -> None:
    judge(rita, lost, "same", same_as=pair[1].pk)
    assert list(SameStickers.objects.values_list("first", "second")) == [(pair[0].pk, pair[1].pk)]
    assert state_of(lost) == Round.State.ACCEPTED
    other = case_of(written(make_player("dora"), pair[1], "no"), [make_player("ed"), make_player("flo")], [pair[0].pk])
    judge(rita, other, "same", key="k2", same_as=pair[0].pk)
    assert SameStickers.objects.count() == 1


@pytest.mark.parametrize("same_as", [None, 0, "itself"])
def test_the_same_as_what_must_be_said(rita: Player, lost: Case, pair: list[Sticker], same_as: Any) -> None:
    refused("no_such_sticker", rita, lost, "same", same_as=pair[0].pk if same_as == "itself" else same_as)


def test_sent_back_it_takes_one_more_retriever(rita: Player, lost: Case) -> None:
    assert lost.round is not None
    judge(rita, lost, "send_back")
    assert state_of(lost) == Round.State.OPEN
    assert outcome.standing_of(lost.round.pk).n_places == 1
    again = case_of(Round.objects.get(pk=lost.round.pk), [make_player("dora")])
    assert again.pk != lost.pk


def test_a_harmful_sticker_goes_and_its_other_cases_with_it(rita: Player, lost: Case, pair: list[Sticker]) -> None:
    other = case_of(written(make_player("dora"), pair[0], "no"), [make_player("ed"), make_player("flo")])
    halted = casework.open_case(kind=Case.Kind.STICKER, sticker_id=pair[0].pk)
    elsewhere = case_of(written(make_player("gil"), pair[2], "no"), [make_player("hal"), make_player("ida")])
    assert halted is not None
    judge(rita, lost, "harmful", why="hurtful")
    assert Sticker.objects.get(pk=pair[0].pk).state == Sticker.State.WITHDRAWN
    states = dict(Case.objects.values_list("pk", "state"))
    assert states == {lost.pk: "decided", other.pk: "closed", halted.pk: "closed", elsewhere.pk: "open"}
    verdicts.undo(actor=rita, judgement_id=Judgement.objects.get().pk)
    assert set(Case.objects.values_list("state", flat=True)) == {"open"}
    assert Sticker.objects.get(pk=pair[0].pk).state == Sticker.State.ACTIVE


def test_a_halted_sticker_is_put_back(rita: Player, pair: list[Sticker]) -> None:
    Sticker.objects.filter(pk=pair[0].pk).update(state=Sticker.State.HALTED)
    case = casework.open_case(kind=Case.Kind.STICKER, sticker_id=pair[0].pk, reasons=["skipped"])
    assert case is not None
    refused("wrong_verdict", rita, case, "accept")
    judge(rita, case, "restore")
    assert Sticker.objects.get(pk=pair[0].pk).state == Sticker.State.ACTIVE


# --- refusals ---


def test_not_by_players_nor_by_those_it_touches(anna: Player, ben: Player, lost: Case) -> None:
    refused("not_allowed", make_player("zoe"), lost, "accept")
    for own in (anna, ben):
        own.groups.set(a_reviewer(f"r{own.pk}").groups.all())
        refused("not_yours", Player.objects.get(pk=own.pk), lost, "accept")


def test_bad_input_is_named_and_changes_nothing(rita: Player, lost: Case) -> None:
    assert lost.round is not None
    first, second = ids(lost.round)
    refused("wrong_verdict", rita, lost, "uphold")
    refused("wrong_verdict", rita, lost, "nonsense")
    refused("nothing_mended", rita, lost, "correct")
    refused("nothing_mended", rita, lost, "correct", corrections={first: "monday mornign"})
    refused("wrong_script", rita, lost, "correct", corrections={first: "周一"})
    refused("contact", rita, lost, "correct", corrections={first: "mail me@example.org"})
    refused("no_such_query", rita, lost, "correct", corrections={0: "monday"})
    refused("no_such_query", rita, lost, "accept", discarded=[0])
    refused("all_discarded", rita, lost, "accept", discarded=[first, second])
    assert state_of(lost) == Round.State.NEEDS_REVIEW
    assert not Judgement.objects.exists()


def test_the_same_key_counts_once(rita: Player, anna: Player, lost: Case) -> None:
    first = judge(rita, lost, "accept")
    assert judge(rita, lost, "accept") == first
    assert judge(rita, lost, "discard") == first, "the key, not what came with it, says which press it was"
    assert (state_of(lost), LedgerEntry.objects.count()) == (Round.State.ACCEPTED, 1)
    refused("key_used", a_reviewer("ron"), lost, "accept")
    refused("decided", rita, lost, "accept", key="another")


def test_a_round_that_is_being_written_is_not_judged(rita: Player, pair: list[Sticker]) -> None:
    round_ = written(make_player("anna"), pair[0], "x", state=Round.State.LABELLING, submitted_at=None)
    case = casework.open_case(kind=Case.Kind.FLAGGED, round_id=round_.pk)
    assert case is not None
    refused("not_ready", rita, case, "discard")


# --- taking back ---


def test_undo_is_for_ones_own_last_verdicts_and_for_admins(rita: Player, head: Player, lost: Case) -> None:
    judgement = judge(rita, lost, "discard")
    with pytest.raises(NotAllowed):
        verdicts.undo(actor=a_reviewer("ron"), judgement_id=judgement.pk)
    Judgement.objects.update(at=F("at") - verdicts.UNDO_FOR)
    with pytest.raises(NotAllowed):
        verdicts.undo(actor=rita, judgement_id=judgement.pk)
    verdicts.undo(actor=head, judgement_id=judgement.pk)
    verdicts.undo(actor=head, judgement_id=judgement.pk)
    judgement.refresh_from_db()
    assert judgement.undone_by == head
    assert (state_of(lost), Case.objects.get(pk=lost.pk).held_by) == (Round.State.NEEDS_REVIEW, head)
    assert AuditEntry.objects.filter(verb="undo_judgement").count() == 1


def test_undoing_takes_the_points_back_with_an_entry_of_its_own(rita: Player, anna: Player, lost: Case) -> None:
    for key in ("one", "two"):
        judgement = judge(rita, lost, "accept", key=key)
        verdicts.undo(actor=rita, judgement_id=judgement.pk)
    assert list(LedgerEntry.objects.order_by("pk").values_list("n_points", flat=True)) == [45, -45, 45, -45]
    assert Player.objects.get(pk=anna.pk).points == 0


def test_who_has_heard_of_it_hears_that_it_was_taken_back(rita: Player, anna: Player, lost: Case) -> None:
    unheard = judge(rita, lost, "discard", key="one")
    verdicts.undo(actor=rita, judgement_id=unheard.pk)
    assert not Notice.objects.exists()
    heard = judge(rita, lost, "accept", key="two")
    Notice.objects.update(seen_at=timezone.now())
    verdicts.undo(actor=rita, judgement_id=heard.pk)
    newest = Notice.objects.latest("pk")
    assert (newest.kind, newest.payload["n_points"], newest.seen_at) == ("reconsidered", -45, None)


def test_nothing_is_undone_that_was_built_upon(rita: Player, lost: Case) -> None:
    judgement = judge(rita, lost, "send_back")
    Round.objects.filter(pk=lost.round_id).update(state=Round.State.FOUND)
    with pytest.raises(RuleBroken) as refusal:
        verdicts.undo(actor=rita, judgement_id=judgement.pk)
    assert refusal.value.code == "built_upon"
    assert state_of(lost) == Round.State.FOUND
    judgement.refresh_from_db()
    assert judgement.undone_at is None


def test_an_earlier_verdict_waits_for_the_later_ones_undoing(
    rita: Player, head: Player, anna: Player, lost: Case
) -> None:
    first = judge(rita, lost, "discard")
    appeal = appeals.appeal(player_id=anna.pk, words="it fits", round_id=lost.round_id)
    second = judge(head, appeal, "uphold", key="k2", why="it does")
    with pytest.raises(RuleBroken):
        verdicts.undo(actor=rita, judgement_id=first.pk)
    verdicts.undo(actor=head, judgement_id=second.pk)
    assert {verdict for _text, verdict, _mended in rulings(lost)} == {"discarded"}
    verdicts.undo(actor=rita, judgement_id=first.pk)
    assert (state_of(lost), rulings(lost)) == (Round.State.NEEDS_REVIEW, [])


def test_reopening_needs_a_reason_and_lets_another_judge(rita: Player, lost: Case) -> None:
    judge(rita, lost, "discard")
    ron = a_reviewer("ron")
    with pytest.raises(RuleBroken):
        verdicts.reopen(actor=ron, case_id=lost.pk, why=" ")
    verdicts.reopen(actor=ron, case_id=lost.pk, why="it fits after all")
    assert (state_of(lost), Case.objects.get(pk=lost.pk).held_by) == (Round.State.NEEDS_REVIEW, None)
    judge(ron, lost, "accept", key="k2")
    assert state_of(lost) == Round.State.ACCEPTED


def test_a_closed_case_opens_again_unless_the_same_is_asked_elsewhere(rita: Player, lost: Case) -> None:
    casework.close_cases([lost])
    newer = casework.open_case(kind=Case.Kind.SPLIT, round_id=lost.round_id)
    assert newer is not None
    with pytest.raises(RuleBroken):
        verdicts.reopen(actor=rita, case_id=lost.pk, why="look")
    casework.close_cases([newer])
    verdicts.reopen(actor=rita, case_id=lost.pk, why="look")
    assert Case.objects.get(pk=lost.pk).state == Case.State.OPEN


# --- appeals ---


def test_an_upheld_appeal_makes_the_words_count_and_its_undoing_unmakes_it(
    rita: Player, head: Player, anna: Player, lost: Case
) -> None:
    judge(rita, lost, "discard")
    appeal = appeals.appeal(player_id=anna.pk, words="the pick is nearly the same", round_id=lost.round_id)
    refused("no_reason", head, appeal, "uphold", key="k2")
    judge(head, appeal, "uphold", key="k2", why="so it is")
    assert state_of(lost) == Round.State.ACCEPTED
    assert Player.objects.get(pk=anna.pk).points == 45
    assert Notice.objects.get(kind="appeal_upheld").payload["why"] == "so it is"


def test_a_rejected_appeal_changes_nothing_but_is_told(rita: Player, mo: Player, anna: Player, lost: Case) -> None:
    judge(rita, lost, "discard")
    appeal = appeals.appeal(player_id=anna.pk, words="please", round_id=lost.round_id)
    judge(mo, appeal, "reject", key="k2", why="it does not fit")
    assert state_of(lost) == Round.State.DISCARDED
    assert Notice.objects.filter(player=anna, kind="appeal_rejected").count() == 1


def test_an_upheld_appeal_lifts_the_sanction_and_undoing_puts_it_back(mo: Player, head: Player, anna: Player) -> None:
    sanction = sanctions.impose(player_id=anna.pk, step="blocked", reason="copying", actor=head)
    appeal = appeals.appeal(player_id=anna.pk, words="I did not", sanction_id=sanction.pk)
    judgement = judge(mo, appeal, "uphold", why="nothing to see")
    assert sanctions.in_force(anna.pk) == []
    before = Sanction.objects.filter(pk=sanction.pk).values().get()
    assert (before["why_lifted"], before["lifted_by_id"]) == ("nothing to see", mo.pk)
    verdicts.undo(actor=mo, judgement_id=judgement.pk)
    held = Sanction.objects.get(pk=sanction.pk)
    assert (held.lifted_at, held.lifted_by, held.why_lifted) == (None, None, "")


# --- judging and undoing is nothing ---


def everything() -> dict[str, Any]:
    """All rows that a verdict may touch, as a reader of the data would see them."""
    return {
        "rounds": list(Round.objects.order_by("pk").values("pk", "state", "decided_at")),
        "rulings": list(Ruling.objects.order_by("pk").values()),
        "stickers": list(Sticker.objects.order_by("pk").values("pk", "state")),
        "same": list(SameStickers.objects.values()),
        "sanctions": list(Sanction.objects.order_by("pk").values()),
        "cases": list(Case.objects.order_by("pk").values("pk", "state", "decided_at", "reasons")),
        "points": list(Player.objects.order_by("pk").values_list("pk", "points")),
        "notices": list(Notice.objects.exclude(kind="sanction").values()),
        "search": [(entry.id, entry.written, entry.generated) for entry in reading.all_entries()],
        "export": dataset_now().queries("en"),
        "in force": list(Judgement.objects.filter(undone_at=None).order_by("pk").values()),
    }


class Undoing(TestCase):
    """A world with every kind of case in it; whatever is judged in it, undoing leaves it as it was."""

    def setUp(self) -> None:
        self.head = a_reviewer("head", Role.ADMIN)
        self.stickers = [make_sticker(number, image="a.webp", poster="a.webp") for number in range(1, 6)]
        anna, ben, carl = (make_player(name) for name in ("anna", "ben", "carl"))
        one, two, three, four, five = self.stickers
        for sticker, texts in ((one, ["monday", "help me"]), (two, ["tiny win"])):
            case_of(written(anna, sticker, *texts), [ben, carl], [three.pk])
        found = written(anna, three, "zq7", state=Round.State.FOUND, decided_at=timezone.now())
        casework.open_case(kind=Case.Kind.FLAGGED, round_id=found.pk)
        casework.open_case(kind=Case.Kind.FLAGGED, round_id=written(anna, four, "open still").pk)
        Sticker.objects.filter(pk=five.pk).update(state=Sticker.State.HALTED)
        casework.open_case(kind=Case.Kind.STICKER, sticker_id=five.pk)
        lost = case_of(written(anna, five, "left out"), [ben, carl])
        verdicts.judge(actor=a_reviewer("other"), case_id=lost.pk, verdict="discard", key="set up")
        appeals.appeal(player_id=anna.pk, words="it fits", round_id=lost.round_id)
        sanction = sanctions.impose(player_id=ben.pk, step="blocked", reason="copying", actor=self.head)
        appeals.appeal(player_id=ben.pk, words="I did not", sanction_id=sanction.pk)

    @settings(max_examples=40)
    @given(st.data())
    def test_judging_and_undoing_is_nothing(self, data: st.DataObject) -> None:
        before = everything()
        done: list[int] = []
        for number in range(data.draw(st.integers(1, 4))):
            held = list(Case.objects.filter(state="open").order_by("pk"))
            if not held:
                break
            case = data.draw(st.sampled_from(held))
            verdict = data.draw(st.sampled_from(verdicts.verdicts_of(case)))
            lines = list(Query.objects.filter(round=case.round_id or 0).values_list("pk", flat=True))
            discarded = data.draw(st.lists(st.sampled_from(lines), max_size=1)) if lines else []
            try:
                judgement = verdicts.judge(
                    actor=self.head,
                    case_id=case.pk,
                    verdict=verdict,
                    key=f"draw {number}",
                    why="because",
                    corrections={lines[0]: "mended"} if lines and verdict == "correct" else None,
                    discarded=discarded,
                    same_as=self.stickers[data.draw(st.integers(0, 4))].pk,
                )
            except RuleBroken:
                continue
            done.append(judgement.pk)
        for judgement_id in reversed(done):
            verdicts.undo(actor=self.head, judgement_id=judgement_id)
        assert everything() == before
