"""Label sets as versioned files, and the views between them.

Beside this module lie `taxonomies/*.json`: each label with its names in English and Chinese, a plain gloss where a name
alone could be misread, its polarity, its group, other names it goes by, and what it is in other label sets. The files
name their sources. What annotators choose is kept as it was chosen, with `name@version`; other sets are views of it.

>>> load("sticker820k-30").view("Perfunctory", "ser30k-7")
'neutral'
>>> load("goemotions-28").reference
'goemotions-28@1'
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

NAMES: Final = ("polarity", "ser30k-7", "goemotions-28", "sticker820k-30", "style-4", "style-7", "scenario-2")
LANGUAGES: Final = ("en", "zh")
POLARITY: Final = "polarity"


class TaxonomyError(ValueError):
    """A label set that is not sound, or a label that it does not hold."""


@dataclass(frozen=True, slots=True)
class Label:
    """One label. `maps` gives, per other label set, what it is there."""

    id: str
    name: Mapping[str, str]
    gloss: Mapping[str, str] = field(default_factory=dict)
    polarity: str | None = None
    polarity_disputed: bool = False  # the source contradicts itself
    parent: str | None = None  # the group it belongs to
    aliases: tuple[str, ...] = ()
    maps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    name: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """A label set as read from its file, checked."""

    id: str
    version: int
    name: Mapping[str, str]
    source: str
    groups: tuple[Group, ...]
    labels: Mapping[str, Label]  # by id, in the file's order

    @property
    def reference(self) -> str:
        """How an annotation names the set it was made with: `id@version`."""
        return f"{self.id}@{self.version}"

    def find(self, text: str) -> Label | None:
        """The label of that id, name or alias, whatever its case."""
        wanted = text.strip().casefold()
        return next((label for label in self.labels.values() if wanted in _names_of(label)), None)

    def view(self, label: str, to: str) -> str:
        """What the label is in another label set, or its polarity. Raises TaxonomyError where there is no such view."""
        if label not in self.labels:
            raise TaxonomyError(f"{self.id} has no label {label!r}")
        if to == self.id:
            return label
        seen = self.labels[label].polarity if to == POLARITY else self.labels[label].maps.get(to)
        if seen is None:
            raise TaxonomyError(f"{self.id} has no view as {to}")
        return seen

    def views(self, label: str) -> dict[str, str]:
        """The label in every other set that it has a view in."""
        polarity = self.labels[label].polarity
        return dict(self.labels[label].maps) | ({POLARITY: polarity} if polarity and self.id != POLARITY else {})


def _names_of(label: Label) -> set[str]:
    return {name.casefold() for name in (label.id, *label.name.values(), *label.aliases)}


@cache
def load(name: str) -> Taxonomy:
    """The label set of that name, checked. Raises TaxonomyError."""
    if name not in NAMES:
        raise TaxonomyError(f"there is no label set {name!r}")
    text = (files("retrieval_engine") / "taxonomies" / f"{name}.json").read_text(encoding="utf-8")
    return read(json.loads(text))


def read(raw: Mapping[str, Any]) -> Taxonomy:
    """A label set from its parsed file. Raises TaxonomyError with the first thing that is wrong with it."""
    labels = [Label(**{**row, "aliases": tuple(row.get("aliases", ()))}) for row in raw["labels"]]
    taxonomy = Taxonomy(
        id=raw["id"],
        version=raw["version"],
        name=raw["name"],
        source=raw["source"],
        groups=tuple(Group(**row) for row in raw["groups"]),
        labels={label.id: label for label in labels},
    )
    if len(taxonomy.labels) != len(labels):
        raise TaxonomyError(f"{taxonomy.id} names a label twice")
    _check(taxonomy)
    return taxonomy


def _check(taxonomy: Taxonomy) -> None:
    if not taxonomy.source or taxonomy.version < 1:
        raise TaxonomyError(f"{taxonomy.id} does not say where it comes from, or which version it is")
    groups = {group.id for group in taxonomy.groups}
    named = {id: label.name for id, label in taxonomy.labels.items()} | {
        f"group {group.id}": group.name for group in taxonomy.groups
    }
    for id, name in named.items():
        if set(name) != set(LANGUAGES) or not all(name.values()):
            raise TaxonomyError(f"{taxonomy.id}: {id} lacks a name in one of the languages")
    for label in taxonomy.labels.values():
        if groups and label.parent not in groups:
            raise TaxonomyError(f"{taxonomy.id}: {label.id} belongs to no group")
    _check_maps(taxonomy)


def _check_maps(taxonomy: Taxonomy) -> None:
    """Every label has the same views, and each leads to a label that is there."""
    labels = list(taxonomy.labels.values())
    for label in labels:
        if label.maps.keys() != labels[0].maps.keys() or (label.polarity is None) != (labels[0].polarity is None):
            raise TaxonomyError(f"{taxonomy.id}: {label.id} has other views than {labels[0].id}")
        for to, seen in taxonomy.views(label.id).items():
            held = load(to).labels if to != taxonomy.id else taxonomy.labels
            if seen not in held:
                raise TaxonomyError(f"{taxonomy.id}: {label.id} maps to {seen!r}, which {to} does not hold")
