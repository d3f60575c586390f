"""The studio's pages on which a person looks at drafts and makes notes of a chat."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from sticktionary.domain.annotation import drafts
from sticktionary.domain.annotation.drafts import Written
from sticktionary.domain.chats import summing
from sticktionary.domain.people import accounts
from sticktionary.models import ChatSession, Draft, Pack, Player, SessionSummary, Settlement, Sticker, TurnPolarity
from tests.annotation.test_drafts import LOOKS, drafted, session_of

ROLES = ("moderator", "reviewer", "publisher", "researcher", "admin")


def signed_in(role: str) -> Client:
    player = Player.objects.create_user(username=f"the {role}", password="longwinded")
    accounts.give_consent(player_id=player.pk, language="en")
    player.groups.set(Group.objects.filter(name=role))
    client = Client()
    client.force_login(player)
    return client


@pytest.fixture
def client(db: None) -> Client:
    return signed_in("reviewer")


@pytest.fixture
def sticker(pack: Pack) -> Sticker:
    return pack.stickers.order_by("pk")[0]


PAGE = "/studio/annotation/drafts/"


def test_a_reviewer_takes_changes_and_refuses_one_draft_after_another(client: Client, pack: Pack) -> None:
    made = [drafted(sticker) for sticker in pack.stickers.order_by("pk")]
    shown = client.get(PAGE)
    assert (shown.context["draft"], shown.context["n_waiting"]) == (made[0], 3)
    assert [(field.name, field.words, field.none) for field in shown.context["fields"]] == [
        ("gesture", "waving", False),
        ("posture", "", True),
        ("face", "grin, tears", False),
        ("verbal", "", False),
    ]
    as_it_stands = {"gesture": "waving", "posture_none": "1", "face": "grin, tears", "verbal": "", "kind": "attributes"}
    taken = client.post(f"{PAGE}{made[0].pk}/", {**as_it_stands, "verdict": "accept"}, follow=True)
    assert taken.redirect_chain == [(f"{PAGE}?kind=attributes&after={made[0].pk}", 302)]
    assert taken.context["draft"] == made[1]
    changed = {**as_it_stands, "posture": "leaning， bent", "face": ""}
    client.post(f"{PAGE}{made[1].pk}/", {**changed, "verdict": "accept"})
    client.post(f"{PAGE}{made[2].pk}/", {"verdict": "refuse"})
    assert list(Draft.objects.order_by("pk").values_list("state", "kept")) == [
        ("accepted", LOOKS),
        ("edited", {"gesture": ["waving"], "posture": ["leaning", "bent"]}),
        ("refused", None),
    ]
    assert Settlement.objects.count() == 5
    assert client.get(PAGE).context["draft"] is None


def test_what_is_refused_comes_back_with_its_reason(client: Client, sticker: Sticker) -> None:
    draft = drafted(sticker)
    for sent, reason in (
        ({"face": "a,b,c,d,e,f"}, "At most 5 words each."),
        ({}, "There is nothing left of it. Refuse it instead."),
        ({"face": "开心"}, None),
    ):
        answer = client.post(f"{PAGE}{draft.pk}/", {**sent, "verdict": "accept"}, follow=True)
        (message,) = [str(message) for message in answer.context["messages"]]
        assert reason in (message, None)
        assert answer.context["draft"] == draft
    assert not Settlement.objects.exists()


def test_drafts_are_sifted_by_kind_and_language_and_left_to_others(client: Client, pack: Pack) -> None:
    first, second, third = pack.stickers.order_by("pk")
    looks, other = drafted(first), drafted(second)
    caption = drafted(third, "caption", "zh", text="一只猫。")
    assert client.get(PAGE, {"after": looks.pk}).context["draft"] == other
    assert client.get(PAGE, {"after": caption.pk}).context["draft"] == looks
    assert client.get(PAGE, {"language": "zh"}).context["draft"] == caption
    assert client.get(PAGE, {"kind": "summary"}).context["draft"] is None
    assert client.get(PAGE, {"draft": other.pk}).context["draft"] == other
    assert client.get(PAGE, {"draft": "x", "after": "9" * 30, "kind": "?"}).context["draft"] == looks
    Sticker.objects.filter(pk=first.pk).update(state="withdrawn")
    assert client.get(PAGE).context["draft"] == other


def test_a_summary_is_drafted_from_the_page_of_its_chat_and_taken(client: Client) -> None:
    session = session_of("hi", "the exam was cancelled", "bye")
    first = session.utterances.order_by("number")[0].pk
    chat = reverse("studio_conversation", args=[session.conversation_id])
    answer = client.post(f"{chat}summary/draft/", {"first": first})
    draft = Draft.objects.get()
    assert answer.headers["Location"] == f"{PAGE}?draft={draft.pk}"
    client.post(f"{chat}summary/draft/", {"first": first})
    assert Draft.objects.get() == draft
    assert client.get(chat).context["turns"][0].draft_id == draft.pk
    client.post(f"{PAGE}{draft.pk}/", {"text": "The exam was cancelled.", "verdict": "accept"})
    (row, *_rest) = client.get(chat).context["turns"]
    assert row.summary == summing.Summary("The exam was cancelled.", "person", "salient-turns@1")
    client.post(f"{chat}summary/", {"first": first, "text": "No exam."})
    assert client.get(chat).context["turns"][0].summary == summing.Summary("No exam.", "person")


def test_notes_of_a_turn_and_back_to_it(client: Client) -> None:
    session = session_of("hi", "so sad", "bye")
    _first, second, _third = session.utterances.order_by("number").values_list("pk", flat=True)
    chat = reverse("studio_conversation", args=[session.conversation_id])
    answer = client.post(f"{chat}note/", {"feeling": f"{second} not_glad", "page": "1"})
    assert answer.headers["Location"] == f"{chat}?page=1#t{second}"
    row = client.get(chat).context["turns"][1]
    assert (row.my_feeling, [(said.text, said.n, said.of) for said in row.felt]) == ("not_glad", [("not glad", 1, 1)])
    quiet = {"accept": "application/json"}
    assert client.post(f"{chat}note/", {"feeling": f"{second} unsaid"}, headers=quiet).json() == {"problem": ""}
    wrong = client.post(f"{chat}note/", {"feeling": f"{second} purple"}, headers=quiet)
    assert (wrong.status_code, wrong.json()) == (400, {"problem": "Choose one of them first."})
    assert client.get(chat).context["turns"][1].felt == []
    client.post(f"{chat}note/", {"begins": f"{second} yes"})
    assert [row.utterance.session.number for row in client.get(chat).context["turns"]] == [1, 2, 2]
    client.post(f"{chat}note/", {"begins": f"{second} no"})
    assert ChatSession.objects.count() == 1
    other = session_of("elsewhere").utterances.get().pk
    for told in (f"{other} glad", "x glad", f"{second}", ""):
        code = client.post(f"{chat}note/", {"feeling": told}).status_code
        assert code == (302 if told == f"{second}" else 404)
    assert TurnPolarity.objects.count() == 2
    answer = client.post(f"{chat}by-gap/", {"minutes": "60"}, follow=True)
    assert [str(message) for message in answer.context["messages"]][
        -1
    ] == "This chat does not say when anything was said."


@pytest.mark.parametrize("role", ROLES)
def test_each_role_does_what_it_may(role: str, db: None, pack: Pack) -> None:
    client, session = signed_in(role), session_of("hi", "bye")
    drafts.of_session(session, Written({"text": "They meet."}, "talker@p1"))
    draft, first = Draft.objects.get(), session.utterances.order_by("number")[0].pk
    chat = reverse("studio_conversation", args=[session.conversation_id])
    acts = [
        (f"{PAGE}{draft.pk}/", {"text": "They meet.", "verdict": "accept"}),
        (f"{chat}note/", {"feeling": f"{first} glad"}),
        (f"{chat}by-gap/", {"minutes": "60"}),
        (f"{chat}summary/", {"first": first, "text": "They part."}),
        (f"{chat}summary/draft/", {"first": first}),
    ]
    may = role in {"moderator", "reviewer", "admin"}
    assert client.get(PAGE).status_code == 200
    assert ("data-turn" in client.get(chat).content.decode()) is may
    assert {client.post(where, sent).status_code for where, sent in acts} == {302 if may else 403}
    assert (SessionSummary.objects.count(), TurnPolarity.objects.count()) == ((2, 1) if may else (0, 0))
    assert Client().get(PAGE).status_code == 302
