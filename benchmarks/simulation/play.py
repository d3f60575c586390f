"""Everybody plays, one page after the other in the order of simulated time, through the verbs that real moves call."""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from benchmarks.simulation.people import Person, people
from benchmarks.simulation.world import BEGIN, Clock, loaded, populate

SWEEP_S, PAIRS_S = 60.0, 3_600.0


@dataclass
class Life:
    """A simulated player's course: when they finished each page, and what was raised against them."""

    person: Person
    player_id: int
    done: list[datetime] = field(default_factory=list)
    left: int = 0  # pages of this session
    flags: list[tuple[str, datetime]] = field(default_factory=list)

    def rounds_until(self, at: datetime) -> int:
        return sum(done <= at for done in self.done)

    @property
    def caught_after(self) -> int | None:
        """Rounds finished when the first flag of a player's pattern was raised."""
        return min((self.rounds_until(at) for _, at in self.flags), default=None)


def simulate(seed: int, numbers: dict[str, int], *, pages: int = 60, n_stickers: int = 240) -> list[Life]:
    """On an empty database; the same seed plays the same game where the database keeps to the dice (SQLite does)."""
    dice = random.Random(seed)
    with loaded(seed) as clock:
        words = populate(dice, n_stickers)
        lives = [
            Life(person, _player(number, person)) for number, person in enumerate(people(dice, words, numbers, pages))
        ]
        _Game(clock, lives, dice).play()
        _collect(lives)
    return lives


def _player(number: int, person: Person) -> int:
    from sticktionary.domain.people import accounts
    from sticktionary.models import Player

    name = f"{person.kind.replace(', ', '-').replace(' ', '-')}-{number}"
    player = Player.objects.create(username=name, display_name=name, language="en", practised_at=BEGIN)
    accounts.give_consent(player_id=player.pk, language="en")
    return player.pk


class _Game:
    def __init__(self, clock: Clock, lives: Sequence[Life], dice: random.Random) -> None:
        self.clock, self.lives = clock, lives
        self.keys = count()
        self.queue = [(dice.uniform(0, 3 * 3600), number) for number in range(len(lives))]
        self.next_sweep, self.next_pairs = SWEEP_S, PAIRS_S
        self.pending: dict[int, list[tuple[float, str, dict[str, object]]]] = {}

    def play(self) -> None:
        heapq.heapify(self.queue)
        while self.queue:
            at, number = heapq.heappop(self.queue)
            self.sweep(at)
            self.clock.at(at)
            if (then := self.act(self.lives[number], at)) is not None:
                heapq.heappush(self.queue, (then, number))
        self.sweep(at + 2 * PAIRS_S)

    def sweep(self, until: float) -> None:
        """What the worker does every now and then; while nobody plays, once is enough."""
        from sticktionary.domain.play import deciding
        from sticktionary.domain.quality import estimates, flags

        if self.next_sweep <= until:
            self.clock.at(self.next_sweep)
            deciding.sweep()
            estimates.count_new()
            flags.sweep()
            self.next_sweep = max(self.next_sweep + SWEEP_S, until)
        if self.next_pairs <= until:
            self.clock.at(max(self.next_pairs, self.next_sweep - SWEEP_S))
            flags.sweep_pairs()
            self.next_pairs = max(self.next_pairs + PAIRS_S, until)

    def act(self, life: Life, at: float) -> float | None:
        """The next move of one player; when the one after it is due."""
        if moves := self.pending.get(life.player_id):
            _, move, detail = moves.pop(0)
            self.make(life, move, detail)
            if moves:
                return moves[0][0]
            life.done.append(self.clock.now)
            return self.after_page(life, at)
        return self.deal(life, at)

    def after_page(self, life: Life, at: float) -> float | None:
        life.left -= 1
        if len(life.done) >= life.person.pages:
            return None
        return at + (life.person.after_page_s() if life.left > 0 else life.person.break_s())

    def deal(self, life: Life, at: float) -> float:
        from sticktionary.domain.play import dealing
        from sticktionary.domain.play.outcome import live_queries
        from sticktionary.models import Sitting, Turn

        if life.left <= 0:
            life.left = life.person.session()
        dealing.deal(player_id=life.player_id)
        sitting = Sitting.objects.filter(player=life.player_id).latest("pk")
        turn = dealing.playing(sitting)
        if turn is None:  # the summary
            return at + 2
        if turn.role == Turn.Role.LABELER:
            moves = self.plan_writing(life, turn, at)
        else:
            assert turn.retrieval is not None
            texts = list(live_queries(turn.round_id).values_list("text", flat=True))
            picks, seconds = life.person.look_up(texts, turn.retrieval.candidates)
            moves = [(at + seconds, "answer", {"turn": turn.pk, "picks": picks, "held": turn.retrieval.candidates})]
        self.pending[life.player_id] = moves
        return moves[0][0]

    def plan_writing(self, life: Life, turn: object, at: float) -> list[tuple[float, str, dict[str, object]]]:
        from sticktionary.models import Turn

        assert isinstance(turn, Turn)
        moves: list[tuple[float, str, dict[str, object]]] = []
        for text, seconds in life.person.write(turn.round.sticker_id, turn.round.taboo):
            at += seconds
            moves.append((at, "add", {"turn": turn.pk, "text": text}))
        return [*moves, (at + life.person.pace * 0.8, "submit", {"turn": turn.pk})]

    def make(self, life: Life, move: str, detail: dict[str, object]) -> None:
        from sticktionary.domain.errors import Refused
        from sticktionary.domain.play import labelling, machine, retrieving, turns

        lease = turns.lease_of(int(str(detail["turn"])), life.player_id)
        who: dict[str, Any] = {"player_id": life.player_id, "lease": lease, "key": f"simulated-{next(self.keys)}"}
        guess = None
        if move == "answer":
            held, picks = detail["held"], detail["picks"]
            assert isinstance(held, list)
            assert isinstance(picks, list)
            letters = [retrieving.LETTERS[held.index(sticker)] for sticker in picks]
            guess = retrieving.answer(**who, picks=letters)
        elif move == "submit":
            self.submit(life, who)
        else:
            try:
                labelling.add_query(**who, text=str(detail["text"]))
            except Refused:
                return
        if guess is not None:
            machine.record_guess(retrieval_id=guess.retrieval_id, rank=guess.rank(), tell=life.player_id)

    def submit(self, life: Life, who: dict[str, Any]) -> None:
        """When everything was refused, something else is written."""
        from sticktionary.domain.errors import Refused
        from sticktionary.domain.play import labelling

        try:
            labelling.submit(**who)
        except Refused:
            other = {**who, "key": f"simulated-{next(self.keys)}"}
            labelling.add_query(**other, text=life.person.nonsense(2))
            labelling.submit(**{**who, "key": f"simulated-{next(self.keys)}"})


def _collect(lives: Sequence[Life]) -> None:
    from sticktionary.domain.quality.flags import OF_PLAYERS
    from sticktionary.models import Flag

    by_player = {life.player_id: life for life in lives}
    for flag in Flag.objects.filter(kind__in=OF_PLAYERS).order_by("at", "pk"):
        by_player[flag.player_id].flags.append((flag.kind, flag.at))
