"""What a release by the usual rules would hold of queries if it were frozen now: the published lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sticktionary.domain.releases import as_of, asking, basis, naming, play, selection
from sticktionary.domain.releases.about import ReleaseRules
from sticktionary.domain.releases.lists import Lists
from sticktionary.domain.releases.pseudonyms import Pseudonyms
from sticktionary.domain.releases.scope import Scope
from sticktionary.domain.releases.sieve import Sieve
from sticktionary.domain.releases.sticker_names import sticker_names

Told = Callable[[int], None]  # of the rounds just read


@dataclass(frozen=True)
class Dataset:
    lists: Lists
    names: dict[int, str]  # of the stickers that have a query
    languages: tuple[str, ...]

    def queries(self, language: str) -> dict[str, list[str]]:
        """By the name of the sticker, in the form and the order of the list."""
        return {row.sticker_id: list(row.queries) for row in self.lists.rows(language, self.names)}


def dataset_now(told: Told = lambda n: None) -> Dataset:
    rules, moment, lists = asking.rules_from({}), asking.watermark_now(), Lists()
    scope, sieve = _sieve(rules, moment, told)
    for chunk in play.chunks(selection.rounds(rules, moment), moment):
        lists.take(sieve.taken(chunk))
        told(len(chunk.rounds))
    said = lists.stickers()
    return Dataset(lists, {id: name for id, name in scope.names.items() if id in said}, rules.languages)


def _sieve(rules: ReleaseRules, moment: datetime, told: Told) -> tuple[Scope, Sieve]:
    held, all_names, pseudonyms = basis.now(rules), sticker_names(), Pseudonyms("")
    standing = selection.standing(rules, moment, held.finders(), held.outliers)
    ids = selection.sticker_ids([pack.slug for pack in held.packs], moment)
    scan = naming.scan_of(rules, held, pseudonyms, moment, told)
    scope = Scope(
        rules=rules,
        watermark_at=moment,
        names={id: all_names[id] for id in ids},
        parts={},
        left_out=standing.players,
        pseudonym=pseudonyms.of_player,
        told=told,
        clean=scan.clean,
        clean_all=scan.clean_all,
    )
    return scope, Sieve(scope, standing, as_of.gave_away(moment))
