"""The same people in a sketch of the game, in memory: hundreds of them in the time that the real one takes for a few.

What is dealt, decided and swept follows the rules of the game with their defaults; estimates, tests and pairs are the
ones of `domain/quality` themselves. Left out: what needs rows, above all refusals and consequences. What is said of the
flags is checked on the real game as well (`play`).
"""

from __future__ import annotations

import heapq
import random
from collections import Counter

from benchmarks.simulation.book import PAIRS_S, Answer, Book, Life, Page
from benchmarks.simulation.people import people
from benchmarks.simulation.world import words_for
from sticktionary.domain.play.candidates import N_HARD, SIZE
from sticktionary.domain.play.choosing import SHARE_OF_RECENT
from sticktionary.domain.rules import Rules

RULES = Rules()


def simulate(seed: int, numbers: dict[str, int], *, pages: int = 60, n_stickers: int = 240) -> list[Life]:
    """The same seed plays the same game."""
    return Game(random.Random(seed), numbers, pages, n_stickers).play()


class Game:
    def __init__(self, dice: random.Random, numbers: dict[str, int], pages: int, n_stickers: int) -> None:
        self.dice = dice
        self.stickers = list(range(1, n_stickers + 1))
        self.words = words_for(dice, self.stickers)
        self.lives = [Life(person, n) for n, person in enumerate(people(dice, self.words, numbers, pages))]
        self.house = [Page(None, id, [text]) for id in self.stickers for text in self.words.phrases[id][:3]]
        self.open: list[Page] = []
        self.at_once: list[Page] = []
        self.n_written = Counter[int]()
        self.book = Book(self.lives)

    def play(self) -> list[Life]:
        queue: list[tuple[float, int, Page | Answer | None]] = [
            (self.dice.uniform(0, 3 * 3600), life.number, None) for life in self.lives
        ]
        heapq.heapify(queue)
        while queue:
            at, number, doing = heapq.heappop(queue)
            self.book.sweep(at)
            life = self.lives[number]
            then = self.deal(life, at) if doing is None else self.finish(life, at, doing)
            if then is not None:
                heapq.heappush(queue, (then[0], number, then[1]))
        self.book.sweep(at + 2 * PAIRS_S)
        return self.lives

    # --- dealing ---

    def deal(self, life: Life, at: float) -> tuple[float, Page | Answer]:
        if life.left <= 0:
            life.left = life.person.session()
        doing = self.to_write(life, at) if life.n_done % 2 == 0 else self.to_look_up(life, at)
        return doing.at, doing

    def to_write(self, life: Life, at: float) -> Page:
        unseen = [id for id in self.stickers if id not in life.seen] or self.stickers
        few = self.dice.sample(unseen, min(SIZE, len(unseen)))
        sticker = min(few, key=lambda id: self.n_written[id])
        lines = life.person.write(sticker, ())
        seconds = sum(each for _, each in lines) + life.person.pace * 0.8
        texts, times = [text for text, _ in lines], [each for _, each in lines]
        return Page(life.number, sticker, texts, at + seconds, seconds, times)

    def to_look_up(self, life: Life, at: float) -> Answer:
        page, is_gold = self.next_page(life)
        candidates, is_absent = self.candidates(page, is_gold)
        picks, seconds = life.person.look_up(page.texts, candidates)
        page.n_out += not is_absent and not is_gold
        life.n_lookups += 1
        life.partners.append(page.writer)
        return Answer(page, at + seconds, seconds, candidates, picks, is_gold, is_absent)

    def next_page(self, life: Life) -> tuple[Page, bool]:
        if self.dice.random() < (
            1 / (RULES.gold_every_first if life.n_lookups < RULES.gold_first else RULES.gold_every)
        ):
            gold = [
                page
                for page in self.at_once
                if self.is_new(page, life) and len(page.tries) >= RULES.gold_after_found_at_once
            ]
            if gold:
                return self.dice.choice(gold), True
            if trial := [page for page in self.at_once if self.is_new(page, life) and not page.n_out]:
                return self.dice.choice(trial), False
        tired = {writer for writer, n in Counter(life.partners).items() if n >= SHARE_OF_RECENT}
        for page in self.open:
            if page.n_places and page.writer not in tired and self.is_new(page, life):
                return page, False
        fitting = [page for page in self.house if self.is_new(page, life)]
        return self.dice.choice(fitting or self.house), False

    def is_new(self, page: Page, life: Life) -> bool:
        return page.writer != life.number and page.sticker not in life.seen

    def candidates(self, page: Page, is_gold: bool) -> tuple[list[int], bool]:
        near = {id for text in page.texts for id in self.words.stickers_said(text)[1]} - {page.sticker}
        hard = self.dice.sample(sorted(near), min(N_HARD, len(near)))
        rest = self.dice.sample([id for id in self.stickers if id != page.sticker and id not in hard], SIZE - len(hard))
        is_absent = not is_gold and self.dice.random() < RULES.absent_share
        held = [*hard, *rest] if is_absent else [page.sticker, *hard, *rest[1:]]
        self.dice.shuffle(held)
        return held, is_absent

    # --- what was done ---

    def finish(self, life: Life, at: float, doing: Page | Answer) -> tuple[float, None] | None:
        if isinstance(doing, Page):
            self.wrote(life, doing)
        else:
            self.answered(life, doing)
        self.book.moved |= {life.number}
        life.n_done += 1
        life.left -= 1
        if life.n_done >= life.person.pages:
            return None
        return at + (life.person.after_page_s() if life.left > 0 else life.person.break_s()), None

    def wrote(self, life: Life, page: Page) -> None:
        life.pages.append(page)
        life.seen.add(page.sticker)
        self.open.append(page)
        self.n_written[page.sticker] += 1
        for text in page.texts:
            self.book.written_for[text][life.number].add(page.sticker)

    def answered(self, life: Life, answer: Answer) -> None:
        page = answer.page
        life.answers.append(answer)
        for text in page.texts:
            life.read[text].add(page.sticker)
        if answer.is_absent:
            return
        life.seen.add(page.sticker)
        self.book.count(life.number, answer)
        if answer.is_gold:
            return
        page.n_out -= 1
        page.tries.append((life.number, answer.rank))
        if page.writer is not None:
            self.book.meet(life.number, answer)
        if page in self.open and not page.n_out and not page.n_places:
            self.open.remove(page)
        if page.is_at_once and page not in self.at_once:
            self.at_once.append(page)
        elif not page.is_at_once and page in self.at_once:
            self.at_once.remove(page)
