"""The same people in a sketch of the game, in memory: hundreds of them in the time that the real one takes for a few.

What is dealt, decided and swept follows the rules of the game with their defaults; estimates, tests and pairs are the
ones of `domain/quality` themselves. Left out: what needs rows, above all refusals and consequences. What is said of the
flags is checked on the real game as well (`play`).
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.simulation.people import Person, people
from benchmarks.simulation.world import words_for

SIZE, N_HARD = 24, 11
SWEEP_S, PAIRS_S = 60.0, 3_600.0
FOUND, SPLIT_AFTER, TIRING, LATELY = 2, 3, 6, 12


@dataclass
class Page:
    """One sticker written for, and what became of it."""

    writer: int | None
    sticker: int
    texts: list[str]
    at: float = 0.0
    seconds: float = 0.0
    lines_s: list[float] = field(default_factory=list)
    tries: list[tuple[int, int]] = field(default_factory=list)  # who looked it up, and the rank
    n_out: int = 0

    @property
    def n_found(self) -> int:
        return sum(rank > 0 for _, rank in self.tries)

    @property
    def n_places(self) -> int:
        n, n_split = len(self.tries), min(self.n_found, len(self.tries) - self.n_found)
        needed = FOUND if n < FOUND else (SPLIT_AFTER if n_split and n < SPLIT_AFTER else n)
        return max(0, needed - n - self.n_out)

    @property
    def is_at_once(self) -> bool:
        return len(self.tries) >= FOUND and all(rank == 1 for _, rank in self.tries)


@dataclass
class Answer:
    page: Page
    at: float
    seconds: float
    candidates: Sequence[int]
    picks: Sequence[int]
    is_gold: bool
    is_absent: bool

    @property
    def rank(self) -> int:
        return self.picks.index(self.page.sticker) + 1 if self.page.sticker in self.picks else 0


@dataclass
class Life:
    person: Person
    number: int
    n_done: int = 0
    n_lookups: int = 0
    left: int = 0
    answers: deque[Answer] = field(default_factory=lambda: deque(maxlen=60))
    pages: deque[Page] = field(default_factory=lambda: deque(maxlen=60))
    seen: set[int] = field(default_factory=set)
    read: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    partners: deque[int | None] = field(default_factory=lambda: deque(maxlen=LATELY))
    flags: dict[str, int] = field(default_factory=dict)  # by kind, the pages finished by then

    @property
    def caught_after(self) -> int | None:
        return min(self.flags.values(), default=None)


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
        self.written_for: dict[str, dict[int | None, set[int]]] = defaultdict(lambda: defaultdict(set))
        self.book = Book()
        self.queue = [(dice.uniform(0, 3 * 3600), life.number, None) for life in self.lives]

    def play(self) -> list[Life]:
        queue: list[tuple[float, int, Page | Answer | None]] = list(self.queue)
        heapq.heapify(queue)
        at = 0.0
        while queue:
            at, number, doing = heapq.heappop(queue)
            self.book.sweep(at, self)
            life = self.lives[number]
            then = self.deal(life, at) if doing is None else self.finish(life, at, doing)
            if then is not None:
                heapq.heappush(queue, (then[0], number, then[1]))
        self.book.sweep(at + 2 * PAIRS_S, self)
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
        if self.dice.random() < (1 / 6 if life.n_lookups < 50 else 1 / 20):
            gold = [page for page in self.at_once if self.is_new(page, life) and len(page.tries) > FOUND]
            if gold:
                return self.dice.choice(gold), True
            if trial := [page for page in self.at_once if self.is_new(page, life) and not page.n_out]:
                return self.dice.choice(trial), False
        tired = {writer for writer, n in Counter(life.partners).items() if n >= TIRING}
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
        is_absent = not is_gold and self.dice.random() < 0.08
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
            self.written_for[text][life.number].add(page.sticker)

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


class Book:
    """What is known of the players, and the sweeps over it."""

    def __init__(self) -> None:
        from sticktionary.domain.quality.skill import Belief

        self.find: dict[int | None, Belief] = defaultdict(Belief)
        self.label: dict[int | None, Belief] = defaultdict(Belief)
        self.hard: dict[int, Belief] = defaultdict(Belief)
        self.met: list[tuple[Page, int, int, float]] = []
        self.moved = set[int]()
        self.next_sweep, self.next_pairs, self.n_met = SWEEP_S, PAIRS_S, 0

    def count(self, finder: int, answer: Answer) -> None:
        from sticktionary.domain.quality import skill

        page = answer.page
        found, written, there = skill.update(
            self.find[finder], self.label[page.writer], self.hard[page.sticker],
            found=answer.rank > 0, floor=skill.floor_of(len(answer.picks), SIZE),
        )  # fmt: skip
        self.find[finder] = found
        if not answer.is_gold:
            self.hard[page.sticker] = there
            if page.writer is not None:
                self.label[page.writer] = written

    def meet(self, finder: int, answer: Answer) -> None:
        assert answer.page.writer is not None
        self.met.append((answer.page, finder, answer.rank, answer.at))
        self.moved.add(answer.page.writer)

    def sweep(self, until: float, game: Game) -> None:
        from sticktionary.domain.quality import patterns

        if self.next_sweep <= until:
            for number in sorted(self.moved):
                for finding in patterns.findings(self.play_of(game.lives[number], game)):
                    self.flag(game.lives[number], finding.kind)
            self.moved = set()
            self.next_sweep = max(self.next_sweep + SWEEP_S, until)
        if self.next_pairs <= until:
            self.sweep_pairs(game)
            self.next_pairs = max(self.next_pairs + PAIRS_S, until)

    def sweep_pairs(self, game: Game) -> None:
        from sticktionary.domain.quality import collusion

        if len(self.met) == self.n_met:
            return
        self.n_met = len(self.met)
        of_page = {id(page): n for n, (page, *_) in enumerate(self.met)}
        met = [
            collusion.Meeting(of_page[id(page)], page.writer or 0, finder, page.sticker, rank > 0, None, at)
            for page, finder, rank, at in self.met
        ]
        for suspicion in collusion.suspicions(met):
            for number in suspicion.pair:
                self.flag(game.lives[number], "collusion")

    @staticmethod
    def flag(life: Life, kind: str) -> None:
        life.flags.setdefault(kind, life.n_done)

    # --- as `facts` reads it from the rows ---

    def play_of(self, life: Life, game: Game) -> object:
        from sticktionary.domain.quality.facts import WINDOW
        from sticktionary.domain.quality.traces import Play

        return Play(
            [self.lookup(life, answer, game) for answer in life.answers],
            [self.written(life, page, game) for page in life.pages],
            max(len(life.answers), len(life.pages)) < WINDOW,
        )

    def lookup(self, life: Life, answer: Answer, game: Game) -> object:
        from sticktionary.domain.quality.facts import expected_find
        from sticktionary.domain.quality.traces import Lookup

        page = answer.page
        tries = [rank > 0 for number, rank in page.tries if number != life.number and not game.lives[number].flags]
        ease = self.label[page.writer].mean - self.hard[page.sticker].mean
        return Lookup(
            at=answer.at,
            seconds=answer.seconds,
            n_words=sum(len(text.split()) for text in page.texts),
            n_picks=len(answer.picks),
            n_candidates=SIZE,
            is_found=answer.rank > 0,
            expected=expected_find(ease, sum(tries), len(tries)),
            is_gold=answer.is_gold,
            is_absent=answer.is_absent,
            plates=[answer.candidates.index(pick) for pick in answer.picks],
        )

    def written(self, life: Life, page: Page, game: Game) -> object:
        from sticktionary.domain.quality import skill
        from sticktionary.domain.quality.traces import Line, Written

        ease = -self.hard[page.sticker].mean
        lines = [
            Line(text, text.rstrip(" 0123456789"), seconds, is_seen=self.is_seen(life, page, text, game))
            for text, seconds in zip(page.texts, page.lines_s, strict=True)
        ]
        tries = [(rank > 0, skill.p_find(self.find[number].mean + ease)) for number, rank in page.tries]
        return Written(page.at, page.seconds, page.sticker, lines, tries)

    @staticmethod
    def is_seen(life: Life, page: Page, text: str, game: Game) -> bool:
        from sticktionary.domain.quality.facts import COMMON

        if not life.read.get(text, set()) - {page.sticker}:
            return False
        others = [on for number, on in game.written_for[text].items() if number != life.number]
        return len(set().union(*others)) < COMMON
