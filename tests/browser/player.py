"""Somebody at the game: what they see, and their moves by touch or by keyboard."""

from __future__ import annotations

import hashlib

from playwright.sync_api import Locator, Page, expect

SIGNATURE = """(() => [
  document.querySelector("main").className,
  document.querySelector("[aria-current=step]")?.textContent,
  document.querySelectorAll(".thumb .done").length,
].join())"""
LETTERS = "abcdefghijklmnopqrstuvwx"
WORDS = {
    "en": ["when the deadline was yesterday", "pretending all is well", "me on mondays"],
    "zh": ["周一早上的我", "表面上没事", "谁懂啊家人们"],
}


class Player:
    def __init__(self, page: Page, language: str, url: str) -> None:
        self.page, self.language, self.url = page, language, url

    def begin(self) -> None:
        """As a guest: agree, and be dealt the first page."""
        self.page.goto(f"{self.url}/start/")
        self.page.locator(f"input[name=language][value={self.language}]").check()
        self.page.locator("input[type=checkbox]").check()
        self.page.locator("main button[type=submit]").click()
        self.see("label, .find")

    def see(self, kinds: str) -> str:
        """Wait for one of the kinds of page; answers with the kind."""
        page = self.page.locator(", ".join(f"main.{kind.strip().lstrip('.')}" for kind in kinds.split(",")))
        page.wait_for()
        return self.kind

    @property
    def kind(self) -> str:
        return str(self.page.evaluate("document.querySelector('main').className.split(' ').at(-1)"))

    def signature(self) -> str:
        """What tells one page of the game from the next."""
        return str(self.page.evaluate(f"{SIGNATURE}()"))

    def moved_on(self, before: str) -> None:
        self.page.wait_for_function(f"(before) => {SIGNATURE}() !== before", arg=before)

    # --- by touch ---

    def tap(self, target: str | Locator) -> None:
        (self.page.locator(target) if isinstance(target, str) else target).tap()

    def tap_page(self) -> None:
        """Play the page in hand with the thumb, to the next one."""
        before, kind = self.signature(), self.kind
        if kind == "label":
            for words in WORDS[self.language]:
                self.tap("#query")
                self.page.locator("#query").press_sequentially(words)
                self.tap(".add")
                expect(self.page.locator(".mine .said", has_text=words)).to_be_visible()
            self.tap(".do .go")
        elif kind == "find":
            for letter in "dkb":
                self.tap(f".cand[data-letter={letter}]")
            self.tap(".tray .go")
        else:
            self.tap(self.page.locator("main .go").last)
        self.moved_on(before)

    # --- by keyboard alone ---

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def key_page(self) -> None:
        before, kind = self.signature(), self.kind
        if kind == "label":
            expect(self.page.locator("#query")).to_be_focused()
            for n, words in enumerate(WORDS[self.language], start=1):
                self.page.keyboard.type(words)
                self.press("Enter")
                expect(self.page.locator(".mine li[data-id]")).to_have_count(n)
            self.press("Control+Enter")
        elif kind == "find":
            self.press("d", "k", "b", "Enter")
        else:
            self.press("Enter")
        self.moved_on(before)

    # --- to and through the pages ---

    def play_page(self) -> None:
        has_keyboard = self.page.evaluate("matchMedia('(pointer: fine)').matches")
        self.key_page() if has_keyboard else self.tap_page()

    def play_until(self, kind: str, with_words: str = "", most: int = 16) -> None:
        """Play page after page until one of that kind of a real sitting is in hand, with those words on it."""
        for _ in range(most):
            is_real = self.page.locator(".thumb li").count() == 6
            if self.kind == kind and is_real and with_words in self.page.locator("main").inner_text():
                return
            self.play_page()
        raise AssertionError(f"no page of kind {kind} came")

    def n_points(self) -> int:
        return int(self.page.locator(".run [data-points]").inner_text().split()[0])

    def bytes_of(self, selector: str) -> list[str]:
        """The pictures' digests: a test may know what a player may not."""
        addresses = self.page.locator(selector).evaluate_all("(images) => images.map((image) => image.src)")
        return [hashlib.sha256(self.page.request.get(address).body()).hexdigest() for address in addresses]
