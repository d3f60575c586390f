"""What models are told beside the conversation: knowledge, attributes, summaries, sentiment, captions.

A `Provider` makes such values; `Provided` answers from what people said first, then from what is kept, then from the
provider, and at last from a stub that needs nothing. Every value says which of them gave it. Training and serving read
what is kept, so that a slow or missing provider is a matter of the first time, and a run without any still completes.

Keys of what is kept are (kind, language, provider with its version, SHA-256 of the input): a new version asks anew.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, Literal, Protocol

Kind = Literal["knowledge", "attributes", "summary", "sentiment", "caption"]
By = Literal["person", "model", "stub"]
TIMEOUT_S: Final = 30.0
MOST: Final = 2_000
"""Characters of a value; a longer one is nonsense."""


class ProviderError(RuntimeError):
    """A provider gave nothing in time, or nonsense; the message says which and why."""


class Provider(Protocol):
    """Makes values of one kind. `name` is "id@version"; a value changes with the version."""

    @property
    def name(self) -> str:
        """Such as "qwen3-1.7b@p2"."""

    @property
    def by(self) -> By:
        """A model, or a stub."""

    def __call__(self, inputs: Sequence[str], language: str) -> Sequence[str]:
        """A value for each input, empty where there is none."""


@dataclass(frozen=True, slots=True)
class Value:
    """A text, who gave it, and, where it is not what was wanted, why."""

    text: str
    by: By
    provider: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A provider of a few values by word: of every word of the input that it knows, the value, in order."""

    values: Mapping[str, str] = field(default_factory=dict)
    name: str = "table@1"
    by: By = "stub"

    def __call__(self, inputs: Sequence[str], language: str) -> list[str]:
        return [
            " ".join(dict.fromkeys(self.values[word] for word in text.split() if word in self.values))
            for text in inputs
        ]


NOTHING: Final = Table(name="nothing@1")
"""The stub where nothing can be made up: the value is empty, and models have a learned vector for that."""


class Cache:
    """Values in a file of JSON lines that is only added to. One process writes at a time."""

    def __init__(self, path: Path | None = None) -> None:
        self._path, self._values = path, dict[str, Value]()
        for line in path.read_text(encoding="utf-8").splitlines() if path and path.exists() else ():
            key, value = _kept(line)
            if value is not None:
                self._values[key] = value

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> Value | None:
        """The value that was kept last."""
        return self._values.get(key)

    def keep(self, values: Mapping[str, Value]) -> None:
        """Keep values, and write them at once."""
        self._values.update(values)
        if self._path is None or not values:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            for key, value in values.items():
                row = {"key": key, "provider": value.provider, "by": value.by, "output": value.text}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _kept(line: str) -> tuple[str, Value | None]:
    """A line of the file; a process that was killed may have cut the last one short, which is asked for anew."""
    try:
        row = json.loads(line)
        return row["key"], Value(row["output"], row["by"], row["provider"])
    except (ValueError, KeyError, TypeError):
        return "", None


def anything(text: str) -> str:
    """A check that takes every text of some length."""
    if len(text) > MOST:
        raise ValueError(f"{len(text)} characters")
    return " ".join(text.split())


class Provided:
    """Values of one kind. `check` gives the value in its proper form or raises `ValueError` for nonsense. With `strict`
    a failing provider is an error; else its inputs get the stub's value, which says so and is not kept."""

    def __init__(
        self,
        kind: Kind,
        provider: Provider | None = None,
        *,
        stub: Provider = NOTHING,
        cache: Cache | None = None,
        check: Callable[[str], str] = anything,
        timeout_s: float = TIMEOUT_S,
        strict: bool = False,
    ) -> None:
        self.kind, self._provider, self._stub = kind, provider, stub
        self._cache, self._check = Cache() if cache is None else cache, check
        self._timeout_s, self._strict = timeout_s, strict
        self.counts: dict[str, int] = {}

    def __call__(
        self, inputs: Sequence[str], language: str, *, said: Sequence[str | None] | None = None
    ) -> list[Value]:
        """A value for each input; `said` is what a person said of it, if anybody did."""
        told = said or [None] * len(inputs)
        found = {text: _of_person(own) for text, own in zip(inputs, told, strict=True) if own is not None}
        kept = {text: self._cache.get(self._key(text, language)) for text in inputs if text not in found}
        found |= {text: value for text, value in kept.items() if value is not None}
        wanted = list(dict.fromkeys(text for text in inputs if text not in found))
        if wanted:
            found |= self._made(wanted, language)
        values = [found[text] for text in inputs]
        for value in values:
            name = f"{value.by}, instead of {self.provider_name}" if value.problem else value.by
            self.counts[name] = self.counts.get(name, 0) + 1
        return values

    @property
    def provider_name(self) -> str:
        """Whoever is asked first, of those that are no people."""
        return (self._provider or self._stub).name

    def told(self) -> dict[str, Any]:
        """For a run's facts: who gave how many values of this kind."""
        return {"kind": self.kind, "provider": self.provider_name, **self.counts}

    def _made(self, texts: list[str], language: str) -> dict[str, Value]:
        if self._provider is None:
            return self._from(self._stub, texts, language, problem="")
        try:
            made = self._from(self._provider, texts, language, problem="")
        except ProviderError as error:
            if self._strict:
                raise
            return self._from(self._stub, texts, language, problem=str(error))
        self._cache.keep({self._key(text, language): value for text, value in made.items()})
        return made

    def _from(self, provider: Provider, texts: list[str], language: str, problem: str) -> dict[str, Value]:
        outputs = _in_time(lambda: provider(texts, language), self._timeout_s, provider.name)
        if len(outputs) != len(texts):
            raise ProviderError(f"{provider.name} gave {len(outputs)} values for {len(texts)} inputs")
        try:
            return {
                text: Value(self._check(output), provider.by, provider.name, problem)
                for text, output in zip(texts, outputs, strict=True)
            }
        except (ValueError, TypeError, AttributeError) as error:
            raise ProviderError(f"{provider.name} gave nonsense: {error}") from error

    def _key(self, text: str, language: str) -> str:
        digest = hashlib.sha256(text.encode()).hexdigest()
        return f"{self.kind}/{language}/{self.provider_name}/{digest}"


def _of_person(text: str) -> Value:
    return Value(text, "person", "people")


def _in_time(call: Callable[[], Sequence[str]], timeout_s: float, name: str) -> Sequence[str]:
    """What `call` gives, in a thread that is given up when it takes too long. Whatever fails is `ProviderError`."""
    told = SimpleQueue[tuple[Sequence[str], Exception | None]]()

    def run() -> None:
        try:
            told.put((call(), None))
        except Exception as error:  # a provider is somebody else's code, or another machine
            told.put(((), error))

    threading.Thread(target=run, name=f"provider {name}", daemon=True).start()
    try:
        outputs, problem = told.get(timeout=timeout_s)
    except Empty:
        raise ProviderError(f"{name} gave nothing in {timeout_s:g} s") from None
    if problem is not None:
        raise ProviderError(f"{name} failed: {problem}") from problem
    return outputs
