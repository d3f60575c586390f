"""Work that many threads ask for at once, done together: nobody waits for company, but who has to wait gets it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from threading import Condition
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Gathering(Generic[K, V]):
    """`run` takes some keys and gives their values in order; it runs in one thread at a time.

    A thread that comes while nobody is at it begins at once. What is asked for meanwhile is gathered, each key once,
    and the next thread does it for all who wait, the oldest `most` first. There is no thread of its own, and no delay.
    """

    def __init__(self, run: Callable[[list[K]], Sequence[V]], most: int) -> None:
        self._run, self._most = run, most
        self._changed = Condition()
        self._waiting: dict[K, _Answer[V]] = {}
        self._at_work: dict[K, _Answer[V]] = {}

    @property
    def waiting(self) -> list[K]:
        """What is asked for and not begun with, the oldest first."""
        with self._changed:
            return list(self._waiting)

    def get(self, keys: Sequence[K]) -> list[V]:
        """Their values. Raises what `run` raised over the batch one of them was in."""
        with self._changed:
            answers = [self._asked(key) for key in keys]
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not self._at_work or all(answer.is_there for answer in answers))
                if all(answer.is_there for answer in answers):
                    return [answer.value() for answer in answers]
                batch = self._take()
            self._work(batch)

    def _asked(self, key: K) -> _Answer[V]:
        answer = self._at_work.get(key)
        return answer if answer is not None else self._waiting.setdefault(key, _Answer())

    def _take(self) -> dict[K, _Answer[V]]:
        self._at_work = {key: self._waiting.pop(key) for key in list(self._waiting)[: self._most]}
        return self._at_work

    def _work(self, batch: dict[K, _Answer[V]]) -> None:
        error: BaseException | None = None
        values: Sequence[V] = ()
        try:
            values = self._run(list(batch))
        except BaseException as raised:
            error = raised  # told to everybody whose key it was, this thread among them if it had one there
        with self._changed:
            for place, answer in enumerate(batch.values()):
                answer.settle(None if error else values[place], error)
            self._at_work = {}
            self._changed.notify_all()


class _Answer(Generic[V]):
    def __init__(self) -> None:
        self.is_there = False
        self._value: V | None = None
        self._error: BaseException | None = None

    def settle(self, value: V | None, error: BaseException | None) -> None:
        self._value, self._error, self.is_there = value, error, True

    def value(self) -> V:
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]  # set with `is_there` where there is no error
