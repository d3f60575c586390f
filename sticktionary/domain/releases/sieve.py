"""What of each round belongs to a release, as it may be published, with its proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retrieval_engine.text import normalise
from sticktionary.domain.releases import proof
from sticktionary.domain.releases.by_number import ByNumber, each_once, numbers_of
from sticktionary.domain.releases.play import Chunk
from sticktionary.domain.releases.proof import Proof
from sticktionary.domain.releases.reading import lists_in
from sticktionary.domain.releases.scope import Scope
from sticktionary.domain.releases.selection import Standing, Status, status_of


@dataclass(frozen=True)
class Taken:
    """The rounds of a chunk of which something is in, in their order, with what of them is in.

    `place` in the other two is that of their round among `rounds`. Queries are as they may be published; `typed` is
    what was typed where the spelling was mended. Of the lookups, those that `counts` says are proof.
    """

    rounds: pa.RecordBatch  # the columns of play.ROUNDS
    proof: Proof  # of each of them
    queries: pa.RecordBatch  # place, id, text, normalised, typed, status, position, raw_nudges, novelty
    lookups: pa.RecordBatch  # place, counts, candidates, picks and the columns of play.RETRIEVALS

    def of_round(self, name: str, rows: pa.RecordBatch) -> pa.Array:
        """A column of the rounds, for each query or lookup."""
        return self.rounds[name].take(rows["place"])


class Sieve:
    def __init__(self, scope: Scope, standing: Standing, gave_away: Mapping[int, int | None]) -> None:
        self._scope = scope
        self._stickers = numbers_of(scope.names)
        self._left_out, self._answers = numbers_of(standing.players), numbers_of(standing.answers)
        self._withdrawn = numbers_of(standing.queries)
        self._weights = ByNumber(standing.finders.weights, pa.float64())
        self._gave_away = ByNumber(gave_away, pa.int64())
        self._verdicts, self._mended, self._mended_normalised = (
            ByNumber({id: said[n] or None for id, said in standing.rulings.items()}, pa.string()) for n in range(3)
        )

    def taken(self, chunk: Chunk) -> Taken:
        rounds = chunk.rounds.filter(self._may_be_in(chunk.rounds))
        lookups = self._looked_up(chunk.retrievals, rounds)
        counted = proof.count(lookups, len(rounds))
        queries = self._published(chunk.queries, rounds, counted)
        return _with_queries(Taken(rounds, counted, queries, lookups))

    def weights_of(self, players: pa.Array) -> pa.Array:
        return pc.fill_null(self._weights.of(players), 1.0)

    def _may_be_in(self, rounds: pa.RecordBatch) -> pa.Array:
        labelers = rounds["labeler_id"]
        is_ours = pc.and_not(pc.is_in(rounds["sticker_id"], self._stickers), pc.is_in(labelers, self._left_out))
        return pc.and_(is_ours, pc.greater_equal(self.weights_of(labelers), self._scope.rules.least_weight))

    # --- lookups ---

    def _looked_up(self, held: pa.RecordBatch, rounds: pa.RecordBatch) -> pa.RecordBatch:
        held = _placed(held, rounds)
        out = pc.or_(pc.is_in(held["player_id"], self._left_out), pc.is_in(held["id"], self._answers))
        held = held.filter(pc.invert(out))
        named_since = self._gave_away.has(held["id"])
        gave_away = pc.if_else(named_since, self._gave_away.of(held["id"]), held["gave_away_id"])
        return _with(
            held,
            counts=counts(held, rounds),
            candidates=lists_in(held["raw_candidates"]),
            picks=lists_in(held["raw_picks"]),
            gave_away_id=gave_away,
        )

    # --- queries ---

    def _published(self, held: pa.RecordBatch, rounds: pa.RecordBatch, counted: Proof) -> pa.RecordBatch:
        held = _placed(held, rounds)
        held = _with(held, status=self._status(held, rounds, counted))
        stays = pc.and_not(pc.is_valid(held["status"]), pc.is_in(held["id"], self._withdrawn))
        return self._cleaned(self._corrected(held.filter(stays)))

    def _status(self, held: pa.RecordBatch, rounds: pa.RecordBatch, counted: Proof) -> pa.Array:
        """Asked once for all queries of which the same is known."""
        sources = rounds["source"].dictionary_encode()
        verdicts = self._verdicts.of(held["id"]).dictionary_encode(null_encoding="encode")
        of_round = held["place"].to_numpy()
        known = (sources.indices.to_numpy()[of_round], verdicts.indices.to_numpy(), counted.n_found[of_round])
        sizes = (len(sources.dictionary), len(verdicts.dictionary), int(counted.n_found.max(initial=0)) + 1)

        def status(kind: int | None) -> Status | None:
            source, verdict, n_found = np.unravel_index(kind or 0, sizes)
            texts = sources.dictionary[source].as_py(), verdicts.dictionary[verdict].as_py()
            return status_of(self._scope.rules, texts[0], int(n_found), texts[1])

        return each_once(pa.array(np.ravel_multi_index(known, sizes)), status, pa.string())

    def _corrected(self, held: pa.RecordBatch) -> pa.RecordBatch:
        mended, normalised = self._mended.of(held["id"]), self._mended_normalised.of(held["id"])
        return _with(
            held,
            text=pc.coalesce(mended, held["text"]),
            normalised=pc.coalesce(normalised, held["normalised"]),
            typed=pc.if_else(pc.is_valid(mended), held["text"], pa.scalar(None, pa.string())),
        )

    def _cleaned(self, held: pa.RecordBatch) -> pa.RecordBatch:
        """Without what is personal; the few texts of which something had to go, one by one."""
        changed = self._scope.clean_all("query", held["id"], held["text"])
        if not changed:
            return held
        is_changed = np.zeros(len(held), np.bool_)
        is_changed[list(changed)] = True
        texts = pa.array(changed.values(), pa.string())
        held = _with(
            held,
            text=pc.replace_with_mask(held["text"], is_changed, texts),
            normalised=pc.replace_with_mask(held["normalised"], is_changed, pa.array(map(normalise, changed.values()))),
            typed=pc.if_else(is_changed, pa.scalar(None, pa.string()), held["typed"]),
        )
        return held.filter(pc.not_equal(held["text"], ""))


def counts(held: pa.RecordBatch, rounds: pa.RecordBatch) -> pa.Array:
    """Which lookups are proof: made by somebody else, with the sticker there, its answer not known before."""
    is_own = pc.equal(held["player_id"], rounds["labeler_id"].take(held["place"]))
    is_no_proof = pc.or_(pc.or_(held["target_absent"], held["is_gold"]), pc.fill_null(is_own, False))
    return pc.invert(is_no_proof)


def _placed(held: pa.RecordBatch, rounds: pa.RecordBatch) -> pa.RecordBatch:
    """Those of the rounds, with the place of each one's round."""
    place = pc.index_in(held["round_id"], rounds["id"])
    return _with(held, place=place).filter(pc.is_valid(place))


def _with(held: pa.RecordBatch, **columns: pa.Array) -> pa.RecordBatch:
    """With these columns, in the place of those that have their names."""
    held_columns: dict[str, Any] = dict(zip(held.schema.names, held.columns, strict=True))
    return pa.RecordBatch.from_pydict(held_columns | columns)


def _with_queries(taken: Taken) -> Taken:
    """Without the rounds of which no query is in."""
    is_in = np.zeros(len(taken.rounds), np.bool_)
    is_in[taken.queries["place"].to_numpy()] = True
    if is_in.all():
        return taken
    places = pa.array(np.cumsum(is_in) - 1)
    lookups = taken.lookups.filter(pa.array(is_in[taken.lookups["place"].to_numpy()]))
    return Taken(
        taken.rounds.filter(pa.array(is_in)),
        taken.proof.of(is_in),
        _with(taken.queries, place=places.take(taken.queries["place"])),
        _with(lookups, place=places.take(lookups["place"])),
    )
