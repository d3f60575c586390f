"""Abusive words in both languages: what is refused, what is not, who keeps the lists, what is counted."""

from __future__ import annotations

import pytest

from retrieval_engine.text import normalise
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.play import dealing, labelling, retrieving, turns
from sticktionary.domain.quality import flags, word_lists, words
from sticktionary.models import AbusiveWord, AuditEntry, Case, Flag, Player, Query, Revision, Round, Sticker
from tests.flags.conftest import play_page, role
from tests.game.conftest import make_player

pytestmark = pytest.mark.django_db


@pytest.fixture
def moderator(db: None) -> Player:
    return role(make_player("mo"), "moderator")


@pytest.mark.parametrize(
    "text",
    [
        "train to Scunthorpe", "assessing the cockpit", "what the hell is this", "so fucking tired", "shit monday",
        "I'm so done", "cuntering", "kyser",
        "妈的味道", "操场跑步", "收支那么少", "日本妈妈", "气死我了", "烦死了", "逼着我上班", "傻乎乎",
    ],
)  # fmt: skip
def test_how_people_talk_is_let_through(text: str) -> None:
    assert words.found_in(normalise(text)) == ""


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("kill yourself", "kill yourself"), ("go KILL   yourself now", "kill yourself"), ("you cunt!", "cunt"),
        ("cuuuunt", "cunt"), ("k.y.s kys", "kys"), ("ＣＵＮＴ", "cunt"), ("kill-yourself", "kill yourself"),
        ("你是傻逼吗", "傻逼"), ("傻 逼", "傻逼"), ("傻*逼", "傻逼"), ("操你媽", "操你妈"), ("死全家吧", "死全家"),
    ],
)  # fmt: skip
def test_words_meant_to_hurt_are_found(text: str, word: str) -> None:
    assert words.found_in(normalise(text)) == word


def test_the_seed_finds_each_of_its_own_words() -> None:
    assert {word.word for word in AbusiveWord.objects.all() if not words.found_in(word.normalised)} == set()
    assert set(AbusiveWord.objects.values_list("language", flat=True)) == {"en", "zh"}


def test_a_word_taken_from_the_first_list_stays_away(moderator: Player) -> None:
    word = AbusiveWord.objects.get(normalised="kys")
    word_lists.remove(actor=moderator, word_id=word.pk)
    word_lists.plant()
    assert not AbusiveWord.objects.filter(normalised="kys").exists()
    entry = AuditEntry.objects.get(verb="remove_abusive_word")
    assert (entry.actor, entry.detail["word"]) == (moderator, "kys")


def test_a_query_with_an_abusive_word_is_refused_and_the_attempt_kept_without_its_words(
    anna: Player, stickers: list[Sticker]
) -> None:
    turn = play_page(anna, "labeler")
    move = {
        "player_id": anna.pk,
        "lease": turns.lease_of(turn.pk, anna.pk),
        "key": "attempt-1",
        "text": "kill yourself",
    }
    for _ in range(2):  # sent twice over a bad line
        with pytest.raises(Refused) as refusal:
            labelling.add_query(**move)  # type: ignore[arg-type]
        assert refusal.value.code == "abusive"
    assert not Query.objects.filter(round=turn.round).exists()
    note = Revision.objects.get(move="refused")
    assert (note.turn, note.round, note.detail) == (turn, turn.round, {"code": "abusive"})
    assert labelling.add_query(**{**move, "text": "so done with this"}) == []  # type: ignore[arg-type]


def test_a_suggestion_is_watched_the_same_way(anna: Player, stickers: list[Sticker]) -> None:
    turn = play_page(anna, "retriever")
    with pytest.raises(Refused) as refusal:
        retrieving.suggest(
            player_id=anna.pk, lease=turns.lease_of(turn.pk, anna.pk), key="attempt-1", candidate="a", text="you cunt"
        )
    assert refusal.value.code == "abusive"
    assert Revision.objects.filter(move="refused", turn=turn).count() == 1


def test_what_is_merely_unfit_is_not_kept(anna: Player, stickers: list[Sticker]) -> None:
    turn = play_page(anna, "labeler")
    with pytest.raises(Refused):
        labelling.add_query(player_id=anna.pk, lease=turns.lease_of(turn.pk, anna.pk), key="attempt-1", text="   ")
    assert not Revision.objects.filter(move="refused").exists()


@pytest.mark.parametrize(
    ("text", "kind"), [("kill yourself", "abusive"), ("mail me a@b.com", "contact"), ("快来看", "wrong_script")]
)
def test_trying_again_and_again_is_flagged_once(text: str, kind: str, anna: Player, stickers: list[Sticker]) -> None:
    limit = flags.wording.MOST[Flag.Kind(kind)]
    held = Flag.objects.filter(kind=kind)
    for number in range(limit + 1):
        assert not held.exists()
        turn = play_page(anna, "labeler")
        lease = turns.lease_of(turn.pk, anna.pk)
        with pytest.raises(Refused):
            labelling.add_query(player_id=anna.pk, lease=lease, key=f"attempt-{number}", text=text)
        labelling.add_query(player_id=anna.pk, lease=lease, key=f"written-{number}", text=f"mood {number * 7919}")
        labelling.submit(player_id=anna.pk, lease=lease, key=f"submitted-{number}")
        dealing.deal(player_id=anna.pk)
        flags.look_at(anna.pk)
    flags.look_at(anna.pk)
    flag = held.get()
    assert (flag.kind, flag.player, flag.evidence) == (kind, anna, {"pattern": "attempts", "n_pages": limit + 1})


def test_a_new_word_is_looked_for_in_what_was_written_before(
    anna: Player, stickers: list[Sticker], moderator: Player
) -> None:
    turn = play_page(anna, "labeler")
    lease = turns.lease_of(turn.pk, anna.pk)
    labelling.add_query(player_id=anna.pk, lease=lease, key="written-1", text="you utter blorgle")
    labelling.submit(player_id=anna.pk, lease=lease, key="submitted-1")
    word_lists.add(actor=moderator, language="en", word="Blorgle")
    flag = Flag.objects.get()
    assert (flag.kind, flag.player, flag.round, flag.query) == (
        "abusive",
        anna,
        turn.round,
        Query.objects.get(flags=flag),
    )
    assert Case.objects.get(round=turn.round).kind == Case.Kind.FLAGGED
    assert flags.look_at(anna.pk) == 0
    with pytest.raises(Refused, match="already"):
        word_lists.add(actor=moderator, language="en", word=" blorgle ")


@pytest.mark.parametrize(("language", "word"), [("fr", "mot"), ("en", "x"), ("en", "!!"), ("en", "x" * 61)])
def test_a_word_that_is_none_is_refused(language: str, word: str, moderator: Player) -> None:
    n_before = AbusiveWord.objects.count()
    with pytest.raises(Refused):
        word_lists.add(actor=moderator, language=language, word=word)
    assert AbusiveWord.objects.count() == n_before


def test_only_moderators_keep_the_lists(anna: Player) -> None:
    with pytest.raises(NotAllowed):
        word_lists.add(actor=anna, language="en", word="blorgle")
    with pytest.raises(NotAllowed):
        word_lists.remove(actor=anna, word_id=AbusiveWord.objects.all()[0].pk)


def test_the_houses_own_rounds_accuse_nobody(stickers: list[Sticker], moderator: Player) -> None:
    text = Query.objects.filter(round__source=Round.Source.HOUSE)[0].normalised
    word_lists.add(actor=moderator, language="en", word=text)
    assert not Flag.objects.exists()
