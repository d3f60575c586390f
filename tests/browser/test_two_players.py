"""Whole sittings in real browsers: in Chinese by touch on a phone, in English by keyboard alone, with each other."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.player import LETTERS, Player

SMALLEST_TOUCH = 44


WORDS = "only these two know what it means"


def test_what_one_writes_another_finds(new_player: Callable[..., Player]) -> None:
    writer = new_player("en")
    writer.play_until("label")
    sticker = writer.bytes_of(".hw img")[0]
    writer.page.keyboard.type(WORDS)
    writer.press("Enter")
    expect(writer.page.locator(".mine .text")).to_have_text([WORDS])
    writer.press("Control+Enter")
    writer.see("reveal")
    n_points = writer.n_points()
    while not found_by(new_player("en", **PHONE), sticker):
        pass  # in one round of twelve the sticker is not among the candidates: then nobody can
    toast = writer.page.locator(".toast")
    expect(toast).to_contain_text("first try")
    expect(toast.locator(".pt")).to_have_text("+150")
    expect(writer.page.locator(".run [data-points]")).to_have_text(f"{n_points + 150} pts")


def found_by(finder: Player, sticker: str) -> bool:
    """Whether a new player, dealt what was just written, found it."""
    finder.play_until("find", with_words=WORDS)
    candidates = finder.bytes_of(".cand img")
    if sticker not in candidates:
        finder.tap(".zy button:nth-child(2)")
        finder.tap(".tray .go")
        finder.see("reveal")
        return False
    finder.tap(f".cand[data-letter={LETTERS[candidates.index(sticker)]}]")
    finder.tap(".tray .go")
    finder.see("reveal")
    expect(finder.page.locator(".stamp")).to_contain_text("first try")
    expect(finder.page.locator(".sum dt")).to_have_text(["The right one, as your 1st pick", "Wrong picks before it: 0"])
    return True


def test_words_just_sent_reach_a_waiting_player_at_once(new_player: Callable[..., Player]) -> None:
    writer = new_player("zh")
    writer.play_until("label")
    writer.page.keyboard.type("刚刚写下的话")
    writer.press("Enter")
    expect(writer.page.locator(".mine li[data-id]")).to_have_count(1)
    waiter = new_player("zh")
    waiter.play_until("find")
    waiter.page.locator(".live-word button").click()
    waiter.see("word-page")
    writer.press("Control+Enter")
    waiter.see("find")
    assert waiter.page.locator(".clue li").all_inner_texts() == ["刚刚写下的话"]


def test_chinese_sitting_on_a_phone_by_touch(new_player: Callable[..., Player]) -> None:
    player = new_player("zh", **PHONE)
    expect(player.page.locator("html")).to_have_attribute("lang", "zh-hans")
    for _ in range(4 + 12):  # two practice pages and six real ones, each with its answer
        if player.kind == "find":
            assert letters_in_sight(player.page) == list(LETTERS)
        assert too_small_to_touch(player.page) == []
        player.tap_page()
    player.see("summary")
    assert player.page.locator(".score sup").count() == 6
    assert player.page.locator(".pages li").count() == 6
    player.tap_page()  # one more sitting
    assert player.kind in {"label", "find"}


def test_english_sitting_by_keyboard_alone(new_player: Callable[..., Player]) -> None:
    player = new_player("en")
    seen = set()
    for _ in range(4 + 12):
        seen.add(player.kind)
        assert player.page.evaluate("document.activeElement !== document.body")
        player.key_page()
    player.see("summary")
    assert seen == {"label", "find", "reveal"}
    player.press("Enter")
    player.see("label, find")


def letters_in_sight(page: Page) -> list[str]:
    """The letters of the candidates that can be seen whole without scrolling."""
    script = """() => {
      const tray = document.querySelector('.tray').getBoundingClientRect().top
      return [...document.querySelectorAll('.cand')].filter((cand) => {
        const box = cand.getBoundingClientRect()
        const [bottom, right] = [Math.min(innerHeight, tray + 1), innerWidth + 1]
        return box.top >= 0 && box.bottom <= bottom && box.left >= 0 && box.right <= right
      }).map((cand) => cand.dataset.letter)
    }"""
    letters: list[str] = page.evaluate(script)
    return letters


def too_small_to_touch(page: Page) -> list[str]:
    script = """(smallest) => [...document.querySelectorAll('button, a[href], input')]
      .filter((node) => node.checkVisibility() && !node.closest('.sr, .skip-link') && !node.matches('.skip-link'))
      .filter((node) => {
        const box = node.getBoundingClientRect(), over = parseFloat(getComputedStyle(node, '::after').top) || 0
        return box.height - 2 * Math.min(0, over) < smallest - 0.5 || box.width < smallest - 0.5
      })
      .map((node) => `${node.className} ${node.textContent} ${JSON.stringify(node.getBoundingClientRect())}`)"""
    small: list[str] = page.evaluate(script, SMALLEST_TOUCH)
    return small
