"""Recipes and their settings. A recipe's settings are a frozen dataclass whose fields say what they are; forms,
commands and documentation are made from them. Nothing here needs torch: what carries a recipe out is imported when it
runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Final, Literal, Protocol, cast, get_type_hints

Kind = Literal["retrieval", "generator", "dialogue"]


class SettingsError(ValueError):
    """Values that a recipe cannot be run with: `problems` has a sentence for each, by the name of its setting."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in problems.items()))
        self.problems: dict[str, str] = dict(problems)


def setting(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] = (),
    advanced: bool = True,
) -> Any:
    """A field of a recipe's settings. `low` and `high` are allowed; what is not `advanced` a form shows first."""
    described = {"help": help, "low": low, "high": high, "choices": tuple(choices), "advanced": advanced}
    return field(default=default, metadata=described)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as a form or a command shows it. `kind` is int, float, bool or str."""

    name: str
    kind: type
    default: Any
    help: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    advanced: bool


@dataclass(frozen=True, slots=True)
class Size:
    """What a run would learn from, as far as it is known before it starts."""

    n_stickers: int
    n_queries: int
    languages: tuple[str, ...]
    base: str = ""
    """What it would start from; empty for the recipe's default."""
    n_uses: int = 0
    """Uses of stickers in conversations, for recipes that learn from those."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will take, roughly: seconds, bytes of the device's memory, and in words what that rests on."""

    seconds: float
    memory_bytes: int
    because: str


class Settings(Protocol):
    """Any frozen dataclass made of `setting` fields."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A way to train. `module` has `carry_out(order, report)`, and `evaluate(order, report)` for a model that is there;
    it may import torch, and is imported only to run."""

    name: str
    title: str
    about: str
    kind: Kind
    settings: type[Settings]
    module: str
    default_base: str
    """What it starts from unless told otherwise: a model's name, or "tiny" for one made here from a configuration."""
    estimate: Callable[[Any, Size, str], Estimate]
    """(settings, size, device: "cpu", "cuda" or "mps") -> what it will take."""
    distributed: bool = False
    """Several GPUs of a machine may share a run, each with a process of its own."""

    def described(self) -> list[Setting]:
        """Its settings, in order."""
        hints = get_type_hints(self.settings)
        return [_described(part, hints[part.name]) for part in fields(cast(Any, self.settings))]

    def checked(self, values: Mapping[str, Any]) -> Any:
        """The settings with `values` (strings are read) for defaults. `SettingsError` names all that is wrong."""
        known = {part.name: part for part in self.described()}
        problems = dict.fromkeys(values.keys() - known.keys(), f"{self.title} has no such setting")
        read = dict[str, Any]()
        for name in values.keys() & known.keys():
            try:
                read[name] = _read(known[name], values[name])
            except ValueError as error:
                problems[name] = str(error)
        if problems:
            raise SettingsError(problems)
        return self.settings(**read)


def _described(part: Field[Any], kind: type) -> Setting:
    if part.default is MISSING or "help" not in part.metadata:
        raise TypeError(f"{part.name}: every setting has a default and a help text")
    return Setting(part.name, kind, part.default, **part.metadata)


def _read(part: Setting, value: Any) -> Any:
    if part.kind is bool:
        return _truth(value)
    if part.kind is str:
        if part.choices and value not in part.choices:
            raise ValueError(f"must be one of {', '.join(part.choices)}, not {value}")
        return str(value)
    try:
        number = part.kind(value)
    except (TypeError, ValueError):
        raise ValueError(f"must be a {'whole number' if part.kind is int else 'number'}, not {value}") from None
    if isinstance(value, bool) or not math.isfinite(number) or (part.kind is int and number != float(value)):
        raise ValueError(f"must be a {'whole number' if part.kind is int else 'number'}, not {value}")
    if part.low is not None and number < part.low:
        raise ValueError(f"must be at least {part.low:g}, not {number:g}")
    if part.high is not None and number > part.high:
        raise ValueError(f"must be at most {part.high:g}, not {number:g}")
    return number


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    try:
        return known[str(value).lower()]
    except KeyError:
        raise ValueError(f"must be yes or no, not {value}") from None


MODULES: Final = (
    "retrieval_engine.stickerclip.recipe",
    "retrieval_engine.querygen.recipe",
    "retrieval_engine.dialogue.recipes",
)
"""Each has a `RECIPE`, or several `RECIPES`."""


@cache
def recipes() -> dict[str, Recipe]:
    """All recipes by name, in the order in which they are offered."""
    modules = [import_module(module) for module in MODULES]
    found = [recipe for module in modules for recipe in getattr(module, "RECIPES", ()) or (module.RECIPE,)]
    return {recipe.name: recipe for recipe in found}
