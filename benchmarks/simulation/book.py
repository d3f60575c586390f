"""What is known of the players of the sketch, kept and looked at as `domain/quality` keeps and looks at the rows."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.simulation.people import Person
from sticktionary.domain.play.candidates import SIZE
from sticktionary.domain.quality import collusion, patterns, skill
from sticktionary.domain.quality.facts import COMMON, WINDOW, expected_find
from sticktionary.domain.quality.skill import Belief
from sticktionary.domain.quality.traces import Line, Lookup, Play, Written

SWEEP_S, PAIRS_S = 60.0, 3_600.0
FOUND, SPLIT_AFTER, LATELY = 2, 3, 12


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
    answers: deque[Answer] = field(default_factory=lambda: deque(maxlen=WINDOW))
    pages: deque[Page] = field(default_factory=lambda: deque(maxlen=WINDOW))
    seen: set[int] = field(default_factory=set)
    read: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    partners: deque[int | None] = field(default_factory=lambda: deque(maxlen=LATELY))
    flags: dict[str, int] = field(default_factory=dict)  # by kind, the pages finished by then

    @property
    def caught_after(self) -> int | None:
        return min(self.flags.values(), default=None)


class Book:
    """What is known of the players, and the sweeps over it."""

    def __init__(self, lives: Sequence[Life]) -> None:
        self.lives = lives
        self.written_for: dict[str, dict[int | None, set[int]]] = defaultdict(lambda: defaultdict(set))

        self.find: dict[int | None, Belief] = defaultdict(Belief)
        self.label: dict[int | None, Belief] = defaultdict(Belief)
        self.hard: dict[int, Belief] = defaultdict(Belief)
        self.met: list[tuple[Page, int, int, float]] = []
        self.moved = set[int]()
        self.next_sweep, self.next_pairs, self.n_met = SWEEP_S, PAIRS_S, 0

    def count(self, finder: int, answer: Answer) -> None:

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

    def sweep(self, until: float) -> None:

        if self.next_sweep <= until:
            for number in sorted(self.moved):
                for finding in patterns.findings(self.play_of(self.lives[number])):
                    self.flag(self.lives[number], finding.kind)
            self.moved = set()
            self.next_sweep = max(self.next_sweep + SWEEP_S, until)
        if self.next_pairs <= until:
            self.sweep_pairs()
            self.next_pairs = max(self.next_pairs + PAIRS_S, until)

    def sweep_pairs(self) -> None:

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
                self.flag(self.lives[number], "collusion")

    @staticmethod
    def flag(life: Life, kind: str) -> None:
        life.flags.setdefault(kind, life.n_done)

    # --- as `facts` reads it from the rows ---

    def play_of(self, life: Life) -> Play:

        return Play(
            [self.lookup(life, answer) for answer in life.answers],
            [self.written(life, page) for page in life.pages],
            max(len(life.answers), len(life.pages)) < WINDOW,
        )

    def lookup(self, life: Life, answer: Answer) -> Lookup:

        page = answer.page
        tries = [rank > 0 for number, rank in page.tries if number != life.number and not self.lives[number].flags]
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

    def written(self, life: Life, page: Page) -> Written:

        ease = -self.hard[page.sticker].mean
        lines = [
            Line(text, text.rstrip(" 0123456789"), seconds, is_seen=self.is_seen(life, page, text))
            for text, seconds in zip(page.texts, page.lines_s, strict=True)
        ]
        tries = [(rank > 0, skill.p_find(self.find[number].mean + ease)) for number, rank in page.tries]
        return Written(page.at, page.seconds, page.sticker, lines, tries)

    def is_seen(self, life: Life, page: Page, text: str) -> bool:

        if not life.read.get(text, set()) - {page.sticker}:
            return False
        others = [on for number, on in self.written_for[text].items() if number != life.number]
        return len(set().union(*others)) < COMMON
