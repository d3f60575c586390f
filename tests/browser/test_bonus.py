"""Bonus pages in a real browser: every task by keyboard against the real server, and each page as it is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import scenes
from tests.browser.bonus_scenes import IN_CHAT, after_six, bonus
from tests.browser.conftest import PHONE
from tests.browser.player import Player
from tests.browser.server import Server
from tests.browser.stage import Stage, stage
from tests.browser.test_two_players import too_small_to_touch

TASKS = ["emotion", "style", "text", "description", "gesture", "posture", "face", "verbal"]
CHAT_TASKS = ["intent", "fits", "scenario"]
SMALL: dict[str, Any] = {**PHONE, "viewport": {"width": 360, "height": 640}}

ASK = """
from sticktionary.models import *
from sticktionary.domain import rules
pack = Pack.objects.get()
RuleSet.objects.create(values={{"n_bonus_pages": {n_pages}}})
pack.bonus_tasks = {tasks}
pack.save()
if {with_chats}:
    for sticker in Sticker.objects.all():
        talk, is_new = Conversation.objects.get_or_create(key=sticker.name, defaults=dict(language="en"))
        if is_new:
            session = ChatSession.objects.create(conversation=talk, number=1)
            Utterance.objects.create(session=session, number=1, speaker="User_2", text="are you coming?")
            Utterance.objects.create(session=session, number=2, speaker="User_1", sticker=sticker)
"""
SIX_DONE = """
from django.utils import timezone
from sticktionary.models import *
now = timezone.now()
player = Player.objects.latest("pk")
Player.objects.filter(pk=player.pk).update(practised_at=now)
Sitting.objects.filter(player=player, ended_at=None).update(ended_at=now)
sitting = Sitting.objects.create(player=player, started_at=now)
shown = Sticker.objects.first()
for n in range(1, 7):
    round_ = Round.objects.create(sticker=shown, language=player.language, state="lapsed", dealt_at=now)
    done = dict(number=n, role="labeler", state="done", dealt_at=now, ended_at=now)
    Turn.objects.create(sitting=sitting, round=round_, **done)
"""
KEPT = """
from sticktionary.models import *
kept = {{row.task: row.value for row in Annotation.objects.filter(state="answered")}}
assert kept == {wanted}, kept
"""


@pytest.fixture
def ask(server: Server) -> Iterator[Callable[..., None]]:
    """Have the pack ask these tasks, and nothing any more afterwards: others play on the same server."""

    def on(*tasks: str, n_pages: int = 6, with_chats: bool = False) -> None:
        server.manage("shell", "-c", ASK.format(n_pages=n_pages, tasks=list(tasks), with_chats=with_chats))

    yield on
    server.manage("shell", "-c", ASK.format(n_pages=2, tasks=[], with_chats=False))


KEYS: dict[str, list[str]] = {
    "emotion": ["o"],
    "style": ["c"],
    "posture": [],
    "intent": ["m"],
    "scenario": ["b"],
    "fits": ["y", "4"],
}
TYPED = {
    "text": "so done",
    "description": "Somebody lies on the floor.",
    "gesture": "waving, thumbs up",
    "face": "grin",
    "verbal": "hello， no way",
}


WANTED = {
    "emotion": {"labels": ["Perfunctory"], "primary": "Perfunctory"},
    "style": {"label": "cute cartoons"},
    "text": {"text": "so done", "none": False},
    "description": {"text": "Somebody lies on the floor."},
    "gesture": {"words": ["waving", "thumbs up"]},
    "posture": {"words": []},
    "face": {"words": ["grin"]},
    "verbal": {"words": ["hello", "no way"]},
    "intent": {"fine": "anger", "coarse": "anger", "second": None},
    "fits": {"ok": True, "score": 4},
    "scenario": {"label": "DR"},
}


def key_answer(player: Player) -> str:
    """Answer the page in hand by keyboard alone; the task it was."""
    main = player.page.locator("main.bonus")
    main.wait_for()
    before = player.page.locator("#ask").inner_text()
    task = next(name for name, words in QUESTIONS.items() if words == before)
    if task in TYPED:
        expect(player.page.locator("#said")).to_be_focused()
        player.page.locator("#said").fill("")
        player.page.keyboard.type(TYPED[task])
    elif task == "posture":
        player.press("Tab", "Space")
        expect(player.page.locator("input[type=checkbox]")).to_be_checked()
    else:
        player.press(*KEYS[task])
    expect(player.page.locator(".foot .go")).to_be_enabled()
    player.press("Enter")
    player.page.wait_for_function(
        "(before) => document.querySelector('#ask')?.textContent !== before && document.querySelector('main h1')",
        arg=before,
    )
    return task


QUESTIONS = {
    "emotion": "Which feeling does it send?",
    "style": "What kind of picture is it?",
    "text": "What is written on it?",
    "description": "Describe it in one sentence",
    "gesture": "What do the hands or paws do?",
    "posture": "How is the body held?",
    "face": "What does the face do?",
    "verbal": "If it could speak, what would it say?",
    "intent": "What does the sender mean by it here?",
    "fits": "Does the sticker fit the chat?",
    "scenario": "Is the sticker the answer, or does it go with words?",
}


def test_every_task_by_keyboard_alone(
    new_player: Callable[..., Player], server: Server, ask: Callable[..., None]
) -> None:
    player = new_player("en")
    answered = []
    for tasks, with_chats in ((TASKS[:6], False), ([*TASKS[6:], *CHAT_TASKS], True)):
        ask(*tasks, n_pages=len(tasks), with_chats=with_chats)
        server.manage("shell", "-c", SIX_DONE)
        player.page.reload()
        player.see("reveal")
        player.press("Enter")
        answered += [key_answer(player) for _task in tasks]
        player.see("summary")
        expect(player.page.locator(".extras")).to_contain_text(f"{len(tasks)} extra pages answered")
    assert sorted(answered) == sorted([*TASKS, *CHAT_TASKS])
    server.manage("shell", "-c", KEPT.format(wanted=WANTED))


# --- as it is seen, on a page the test plays to ---


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], new_player: Callable[..., Player]) -> Page:
    return new_player("en").page


def showing(page: Page, task: str, language: str = "en", **more: Any) -> Stage:
    return stage(page, after_six(bonus(task, language, **more), language))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_small_phone_shows_every_task_without_scrolling_sideways(
    new_player: Callable[..., Player], language: str
) -> None:
    page = new_player(language, **SMALL).page
    for task in [*TASKS, *CHAT_TASKS]:
        showing(page, task, language)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), task
        assert too_small_to_touch(page) == [], task
        expect(page.locator(".foot .go")).to_be_disabled()
        script = "(all) => all.filter((b) => b.scrollWidth > b.clientWidth + 1).length"
        cut = page.locator(".opt b").evaluate_all(script)
        assert cut == 0


def test_a_label_is_chosen_by_thumb_and_explained(new_player: Callable[..., Player]) -> None:
    page = new_player("en", **PHONE).page
    acted = showing(page, "emotion")
    expect(page.locator(".gloss")).to_have_text("Choose one to read what it means.")
    page.get_by_role("radio", name="Half-hearted 敷衍").tap()
    expect(page.locator(".gloss")).to_have_text("Half-hearted: answering only because one has to: “sure, whatever”")
    page.locator(".foot .go").tap()
    [sent] = wait_for(acted, page, "annotate")
    assert sent["given"] == {"choice": "Perfunctory"}


def wait_for(acted: Stage, page: Page, kind: str) -> list[dict[str, Any]]:
    for _ in range(100):
        if acted.moves(kind):
            break
        page.wait_for_timeout(20)
    return acted.moves(kind)


def test_arrows_go_from_label_to_label_in_all_four_directions(page: Page) -> None:
    showing(page, "emotion")
    page.keyboard.press("b")
    page.get_by_role("radio", name="Smiling").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Looking forward")).to_be_checked()
    page.keyboard.press("ArrowDown")
    below = page.locator("input:checked")
    expect(below).to_be_focused()
    place = "(input) => { const box = input.closest('label').getBoundingClientRect(); return [box.left, box.top] }"
    lower = below.evaluate(place)
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("radio", name="Looking forward")).to_be_checked()
    upper = page.get_by_role("radio", name="Looking forward").evaluate(place)
    assert lower[0] == pytest.approx(upper[0])
    assert lower[1] > upper[1]


def test_what_is_put_down_is_there_after_a_reload_and_only_on_its_page(page: Page) -> None:
    showing(page, "gesture")
    page.locator("#said").fill("waving, thumbs up")
    page.reload()
    expect(page.locator("#said")).to_have_value("waving, thumbs up")
    expect(page.locator(".listed")).to_have_text("1 waving   2 thumbs up")
    page.reload()
    page.get_by_label("No gesture to be seen").check(force=True)
    expect(page.locator(".foot .go")).to_be_enabled()
    page.locator("#said").press_sequentially("!")
    expect(page.get_by_label("No gesture to be seen")).not_to_be_checked()


def test_the_printed_text_is_there_to_be_put_right(page: Page) -> None:
    acted = showing(page, "text", printed="MONDAY AGIAN")
    expect(page.locator("#said")).to_have_value("MONDAY AGIAN")
    page.locator("#said").fill("MONDAY AGAIN")
    page.keyboard.press("Enter")
    assert [move["given"] for move in wait_for(acted, page, "annotate")] == [{"text": "MONDAY AGAIN"}]


def test_enter_that_ends_a_composition_sends_nothing(page: Page) -> None:
    acted = showing(page, "description")
    page.locator("#said").fill("A cat lies there.")
    press = "(input, how) => input.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...how }))"
    page.locator("#said").evaluate(press, {"key": "Enter", "isComposing": True})
    page.locator("#said").evaluate(press, {"key": "?"})
    expect(page.locator("dialog")).to_have_count(0)
    assert acted.moves("annotate") == []


def test_a_refusal_is_read_out_and_keeps_what_was_written(page: Page) -> None:
    def refuse(message: dict[str, Any]) -> list[dict[str, Any]]:
        if message["type"] != "annotate":
            return []
        return [{"type": "refused", "key": message["key"], "code": "wrong_length", "message": "One sentence, please."}]

    stage(page, after_six(bonus("description")), refuse)
    page.locator("#said").fill("cat")
    page.locator(".foot .go").click()
    expect(page.locator(".note[role=status]")).to_have_text("One sentence, please.")
    expect(page.locator("#said")).to_have_value("cat")
    expect(page.locator(".foot .go")).to_be_enabled()


def test_skip_and_finish_are_on_every_page(page: Page) -> None:
    for task in ["emotion", "face", "fits"]:
        acted = showing(page, task)
        page.locator("h1").focus()
        page.keyboard.press("0")
        assert [move["finish"] for move in wait_for(acted, page, "skip_bonus")] == [False]
        acted = showing(page, task)
        page.get_by_role("button", name="Finish").click()
        assert [move["finish"] for move in wait_for(acted, page, "skip_bonus")] == [True]


@pytest.mark.parametrize("task", sorted(IN_CHAT))
def test_the_chat_ends_with_the_sticker_that_is_asked_about(page: Page, task: str) -> None:
    showing(page, task)
    lines = page.locator(".talk li")
    expect(lines).to_have_count(6)
    expect(lines.last.locator(".sticker")).to_be_visible()
    expect(page.get_by_role("img", name="The sticker asked about: cat, melting")).to_be_visible()
    assert page.locator(".talk .lab").all_inner_texts() == ["User_1", "User_2", "User_1", "User_2", "User_1"]


def test_the_notches_stay_six_and_a_plus_stands_for_the_extra_page(page: Page) -> None:
    showing(page, "style")
    notches = page.locator(".thumb li > span:first-child").all_text_contents()
    assert notches == ["S2", "T1", "I1", "C–", "K3", "Y1", "+"]
    expect(page.locator(".thumb [aria-current=step]")).to_have_text("+extra page, now")


def test_the_summary_says_what_the_extra_pages_brought(page: Page) -> None:
    for paid, words in ((0, "Each brings 10 points once another player confirms it."), (10, "so far: +10.")):
        stage(page, scenes.snapshot({**scenes.summary(), "n_bonus": 2, "bonus_points": paid}, now=7))
        expect(page.locator(".extras")).to_contain_text(words)


# --- what is put down, as a pure function ---

GIVEN = """async ([turn, changes]) => {
  const { blank, givenOf, put } = await import('/static/js/bonus.js')
  return givenOf(turn, changes.reduce(put, blank))
}"""


@pytest.mark.parametrize(
    ("turn", "changes", "given"),
    [
        ({"task": "emotion"}, [], None),
        ({"task": "emotion"}, [{"choice": "Sad"}, {"choice": "Shy"}], {"choice": "Shy"}),
        ({"task": "fits"}, [{"fits": False}], None),
        ({"task": "fits"}, [{"fits": False}, {"score": 2}], {"fits": False, "score": 2}),
        ({"task": "text", "printed": "OH"}, [], {"text": "OH"}),
        ({"task": "text", "printed": "OH"}, [{"text": ""}], None),
        ({"task": "text", "printed": "OH"}, [{"none": True}], {"none": True}),
        ({"task": "face"}, [{"text": " grin ，Tears、grin, "}], {"words": ["grin", "Tears"]}),
        ({"task": "face"}, [{"text": "a,b,c,d,e,f"}], None),
        ({"task": "face"}, [{"none": True}, {"text": "grin"}], {"words": ["grin"]}),
        ({"task": "face"}, [{"text": "grin"}, {"none": True}], {"none": True}),
        ({"task": "description"}, [{"text": "  "}], None),
    ],
)
def test_the_answer_that_is_sent(page: Page, turn: dict[str, Any], changes: list[Any], given: Any) -> None:
    assert page.evaluate(GIVEN, [turn, changes]) == given
