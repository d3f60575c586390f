"""What models are told beside the conversation: knowledge, attributes, summaries, sentiment, captions, queries.

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
from typing import Any, Final, Literal, Protocol, runtime_checkable

Kind = Literal["knowledge", "attributes", "summary", "sentiment", "caption", "query"]
By = Literal["person", "model", "stub"]
TIMEOUT_S: Final = 30.0
"""For one call of a provider."""
AT_ONCE: Final = 32
"""Inputs of a call, after which what came is kept."""
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


@runtime_checkable
class Prepared(Protocol):
    """A provider with something to do once, such as loading its weights, that takes its time and is no timeout."""

    def prepare(self) -> None:
        """Do it, if it is not done."""


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
        self._path, self._values, self._anybodys = path, dict[str, Value](), dict[str, Value]()
        self._is_cut = False
        if path is not None and path.exists():
            content = path.read_bytes().decode("utf-8", errors="replace")
            self._is_cut = bool(content) and not content.endswith("\n")
            self._take(dict(filter(None, map(_kept, content.split("\n")))))

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> Value | None:
        """The value that was kept last."""
        return self._values.get(key)

    def anybodys(self, kind: Kind, language: str, text: str) -> Value | None:
        """The value that any provider gave last."""
        return self._anybodys.get(f"{kind}/{language}/{digest_of(text)}")

    def providers(self, kind: Kind) -> list[str]:
        """Who gave values of a kind, in alphabetical order."""
        return sorted({value.provider for key, value in self._values.items() if key.startswith(f"{kind}/")})

    def keep(self, values: Mapping[str, Value]) -> None:
        """Keep values, and write them at once."""
        self._take(values)
        if self._path is None or not values:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            if self._is_cut:  # what comes now would else end the line that was cut short
                file.write("\n")
                self._is_cut = False
            for key, value in values.items():
                row = {"key": key, "provider": value.provider, "by": value.by, "output": value.text}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _take(self, values: Mapping[str, Value]) -> None:
        self._values.update(values)
        for key, value in values.items():
            kind, language, *_provider, digest = key.split("/")
            self._anybodys[f"{kind}/{language}/{digest}"] = value


def _kept(line: str) -> tuple[str, Value] | None:
    """A line of the file; a process that was killed may have cut the last one short, which is asked for anew."""
    try:
        row = json.loads(line)
        return (row["key"], Value(row["output"], row["by"], row["provider"])) if row["key"].count("/") > 2 else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def digest_of(text: str) -> str:
    """SHA-256 of an input, in hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()


def anything(text: str) -> str:
    """A check that takes every text of some length."""
    if len(text) > MOST:
        raise ValueError(f"{len(text)} characters")
    return " ".join(text.split())


class Provided:
    """Values of one kind. `check` gives a provider's value in its proper form or raises `ValueError` for nonsense. With
    `strict` a failing provider is an error; else its inputs get the stub's value, which says so and is not kept.

    Without a provider what is kept is taken whoever gave it, so that a file that was filled beforehand is enough.
    """

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
        self._busy: threading.Thread | None = None
        self.counts: dict[str, int] = {}

    def __call__(
        self, inputs: Sequence[str], language: str, *, said: Sequence[str | None] | None = None
    ) -> list[Value]:
        """A value for each input; `said` is what a person said of it, if anybody did."""
        told = said or [None] * len(inputs)
        found = {text: _of_person(own) for text, own in zip(inputs, told, strict=True) if own is not None}
        kept = {text: self._kept(text, language) for text in inputs if text not in found}
        found |= {text: value for text, value in kept.items() if value is not None}
        wanted = list(dict.fromkeys(text for text in inputs if text not in found))
        for start in range(0, len(wanted), AT_ONCE):
            found |= self._made(wanted[start : start + AT_ONCE], language)
        values = [found[text] for text in inputs]
        for value in values:
            name = f"{value.by}, instead of {self.provider_name}" if value.problem else value.by
            self.counts[name] = self.counts.get(name, 0) + 1
        return values

    @property
    def provider_name(self) -> str:
        """Whoever is asked first, of those that are no people; of what was filled beforehand whoever gave it."""
        if self._provider is not None:
            return self._provider.name
        return ", ".join(self._cache.providers(self.kind)) or self._stub.name

    def told(self) -> dict[str, Any]:
        """For a run's facts: who gave how many values of this kind."""
        return {"kind": self.kind, "provider": self.provider_name, **self.counts}

    def has(self, text: str, language: str) -> bool:
        """Whether nobody would have to be asked."""
        return self._kept(text, language) is not None

    def _kept(self, text: str, language: str) -> Value | None:
        if self._provider is None:
            return self._cache.anybodys(self.kind, language, text)
        return self._cache.get(self._key(self._provider, text, language))

    def _made(self, texts: list[str], language: str) -> dict[str, Value]:
        if self._provider is None:
            return self._of_stub(dict.fromkeys(texts, ""), language)
        try:
            outputs = self._asked(self._provider, texts, language)
        except ProviderError as error:
            if self._strict:
                raise
            return self._of_stub(dict.fromkeys(texts, str(error)), language)
        good, problems = dict[str, Value](), dict[str, str]()
        for text, output in zip(texts, outputs, strict=True):
            try:
                good[text] = Value(self._check(output), self._provider.by, self._provider.name)
            except (ValueError, TypeError, AttributeError) as error:
                problems[text] = f"{self._provider.name} gave nonsense: {error}"
        self._cache.keep({self._key(self._provider, text, language): value for text, value in good.items()})
        if problems and self._strict:
            raise ProviderError(next(iter(problems.values())))
        return good | self._of_stub(problems, language)

    def _of_stub(self, problems: Mapping[str, str], language: str) -> dict[str, Value]:
        """The stub's values for these inputs, with the reason why they are not the provider's."""
        stub, texts = self._stub, list(problems)
        outputs = stub(texts, language) if texts else []
        return {
            text: Value(anything(output), stub.by, stub.name, problems[text])
            for text, output in zip(texts, outputs, strict=True)
        }

    def _asked(self, provider: Provider, texts: list[str], language: str) -> Sequence[str]:
        """In a thread that is given up when it takes too long, and is not asked again while it is still at it."""
        if self._busy is not None and self._busy.is_alive():
            raise ProviderError(f"{provider.name} is still busy with what it was asked before")
        if isinstance(provider, Prepared):
            try:
                provider.prepare()
            except Exception as error:  # weights, hubs and devices fail in a dozen ways
                raise ProviderError(f"{provider.name} failed: {error}") from error
        told = SimpleQueue[tuple[Sequence[str], Exception | None]]()

        def run() -> None:
            try:
                told.put((provider(texts, language), None))
            except Exception as error:  # a provider is somebody else's code, or another machine
                told.put(((), error))

        self._busy = threading.Thread(target=run, name=f"provider {provider.name}", daemon=True)
        self._busy.start()
        try:
            outputs, problem = told.get(timeout=self._timeout_s)
        except Empty:
            raise ProviderError(f"{provider.name} gave nothing in {self._timeout_s:g} s") from None
        if problem is not None:
            raise ProviderError(f"{provider.name} failed: {problem}") from problem
        if len(outputs) != len(texts):
            raise ProviderError(f"{provider.name} gave {len(outputs)} values for {len(texts)} inputs")
        return outputs

    def _key(self, provider: Provider, text: str, language: str) -> str:
        return f"{self.kind}/{language}/{provider.name}/{digest_of(text)}"


def _of_person(text: str) -> Value:
    return Value(text, "person", "people")
