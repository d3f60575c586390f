"""What the tests of `patterns` and `collusion` look at, read from the rows: a player's latest play, who met whom."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

from django.db.models import Count, Q

from sticktionary.domain.play import outcome
from sticktionary.domain.play.candidates import SIZE
from sticktionary.domain.play.checks import bare
from sticktionary.domain.quality import skill
from sticktionary.domain.quality.collusion import Meeting
from sticktionary.domain.quality.traces import Line, Lookup, Play, Written
from sticktionary.models import Flag, PlayerQuality, Query, Retrieval, Round, StickerDifficulty

WINDOW = 60  # lookups, and rounds: what somebody did long ago accuses nobody
READ_BEFORE = 200  # lookups whose queries a player may remember
COMMON = 3  # stickers for which others write it: a phrase that comes to mind without having been read
OWN_WEIGHT = 2.0  # answers that the estimate is worth beside other people's answers to the same round
MEETINGS_SINCE = timedelta(days=90)
SUSPECT = (Flag.State.OPEN, Flag.State.UPHELD)  # what flagged players missed says little of a round
TRIED = Q(state=Retrieval.State.ANSWERED, target_absent=False)
_DIGITS = re.compile(r"\d+")


def play_of(player_id: int) -> Play:
    """The player's latest lookups and rounds with what is expected of them. Practice is left out."""
    looked_up = _latest_lookups(player_id)
    wrote = _latest_rounds(player_id)
    is_whole = max(len(looked_up), len(wrote)) < WINDOW
    return Play(_lookups(player_id, looked_up), _written(player_id, wrote), is_whole)


def _latest_lookups(player_id: int) -> list[Retrieval]:
    rows = Retrieval.objects.filter(player_id=player_id, state=Retrieval.State.ANSWERED)
    rows = rows.exclude(round__source=Round.Source.PRACTICE).select_related("round")
    return list(rows.order_by("-dealt_at", "-pk")[:WINDOW])


def _latest_rounds(player_id: int) -> list[Round]:
    rows = Round.objects.filter(labeler_id=player_id, source=Round.Source.PLAY, submitted_at__isnull=False)
    return list(rows.order_by("-dealt_at", "-pk")[:WINDOW])


# --- lookups ---


def _lookups(player_id: int, rows: list[Retrieval]) -> list[Lookup]:
    texts = outcome.texts_of({row.round_id for row in rows})
    expected = _expected_finds(player_id, rows)
    return [
        Lookup(
            at=row.answered_at.timestamp(),
            seconds=(row.answered_at - row.dealt_at).total_seconds(),
            n_words=sum(_n_words(text) for text in texts[row.round_id]),
            n_picks=len(row.picks),
            n_candidates=len(row.candidates),
            is_found=row.rank > 0,
            expected=expected[row.round_id],
            is_gold=row.is_gold,
            is_absent=row.target_absent,
            plates=[row.candidates.index(pick) for pick in row.picks],
        )
        for row in rows
        if row.answered_at
    ]


def _n_words(text: str) -> int:
    """Two characters of Chinese are about a word to read."""
    n_han = len(re.findall(r"[\u4e00-\u9fff]", text))
    return (n_han + 1) // 2 if n_han else len(text.split())


def _expected_finds(player_id: int, rows: list[Retrieval]) -> dict[int, float]:
    """How likely an average retriever finds each round: by the estimates for it, and by how others fared."""
    round_ids = {row.round_id for row in rows}
    writers = _skills((row.round.labeler_id for row in rows), "label_skill")
    difficulties = _difficulties(row.round for row in rows)
    others = Retrieval.objects.filter(TRIED, round_id__in=round_ids, player__isnull=False).exclude(player_id=player_id)
    counts = (
        others.exclude(player__flags__state__in=SUSPECT)
        .values("round_id")
        .annotate(n=Count("pk"), n_found=Count("pk", Q(rank__gt=0)))
    )
    fared = {row["round_id"]: (row["n_found"], row["n"]) for row in counts}
    expected = {}
    for row in rows:
        n_found, n = fared.get(row.round_id, (0, 0))
        ease = writers.get(row.round.labeler_id or 0, 0.0) - difficulties.get(_item(row.round), 0.0)
        expected[row.round_id] = expected_find(ease, n_found, n)
    return expected


def expected_find(ease: float, n_found: int, n: int) -> float:
    """What the estimates say, moved towards how others fared with the same round."""
    return (OWN_WEIGHT * skill.p_find(ease) + n_found) / (OWN_WEIGHT + n)


def _skills(player_ids: Iterable[int | None], side: str) -> dict[int, float]:
    held = PlayerQuality.objects.filter(player_id__in={player_id for player_id in player_ids if player_id})
    return dict(held.values_list("player_id", side))


def _difficulties(rounds: Iterable[Round]) -> dict[tuple[int, str], float]:
    held = StickerDifficulty.objects.filter(sticker_id__in={round_.sticker_id for round_ in rounds})
    return {(row.sticker_id, row.language): row.difficulty for row in held}


def _item(round_: Round) -> tuple[int, str]:
    return round_.sticker_id, round_.language


# --- rounds ---


def _written(player_id: int, rounds: list[Round]) -> list[Written]:
    queries = _queries([round_.pk for round_ in rounds])
    seen = _seen(player_id, {query.normalised for held in queries.values() for query in held})
    tries = _tries(rounds)
    return [
        Written(
            at=round_.submitted_at.timestamp(),
            seconds=(round_.submitted_at - round_.dealt_at).total_seconds(),
            sticker_id=round_.sticker_id,
            lines=_lines(round_, queries[round_.pk], seen),
            tries=tries[round_.pk],
        )
        for round_ in rounds
        if round_.submitted_at
    ]


def _queries(round_ids: list[int]) -> dict[int, list[Query]]:
    held: dict[int, list[Query]] = {round_id: [] for round_id in round_ids}
    for query in Query.objects.filter(round_id__in=round_ids, removed_at=None).order_by("added_at", "pk"):
        held[query.round_id].append(query)
    return held


def _lines(round_: Round, queries: list[Query], seen: dict[str, set[int]]) -> list[Line]:
    began = pairwise([round_.dealt_at, *(query.added_at for query in queries)])
    return [
        Line(
            text=query.text,
            bare=_DIGITS.sub("", bare(query.normalised)).strip(),
            seconds=(end - start).total_seconds(),
            is_pasted=query.pasted,
            is_seen=bool(seen.get(query.normalised, set()) - {round_.sticker_id}),
        )
        for query, (start, end) in zip(queries, began, strict=True)
    ]


def _seen(player_id: int, written: set[str]) -> dict[str, set[int]]:
    """Of what the player wrote, what they had read when looking up: by its normalised text, the stickers it was written
    for. Without the phrases that everybody has: a fifth of what people write in Chinese is read on other pages too."""
    read = Retrieval.objects.filter(player_id=player_id).order_by("-dealt_at", "-pk").values("round_id")[:READ_BEFORE]
    lines = Query.objects.filter(round_id__in=[row["round_id"] for row in read], removed_at=None)
    seen: dict[str, set[int]] = defaultdict(set)
    for normalised, sticker_id in lines.values_list("normalised", "round__sticker_id"):
        if normalised in written:
            seen[normalised].add(sticker_id)
    common = _common(player_id, seen)
    return {text: stickers for text, stickers in seen.items() if text not in common}


def _common(player_id: int, texts: Iterable[str]) -> set[str]:
    """Those that others write for several stickers."""
    lines = Query.objects.filter(normalised__in=list(texts), removed_at=None).exclude(round__labeler=player_id)
    counts = lines.order_by().values_list("normalised").annotate(n=Count("round__sticker", distinct=True))
    return set(counts.filter(n__gte=COMMON).values_list("normalised", flat=True))


def _tries(rounds: list[Round]) -> dict[int, list[tuple[bool, float]]]:
    """What each retriever made of each round, with how likely they find what an average writer writes for it."""
    items = {round_.pk: _item(round_) for round_ in rounds}
    rows = Retrieval.objects.filter(outcome.COUNTS, round_id__in=items).exclude(player=None)
    answers = list(rows.order_by("answered_at", "pk").values_list("round_id", "player_id", "rank"))
    finders = _skills((player_id for _, player_id, _ in answers), "find_skill")
    difficulties = _difficulties(rounds)
    tries: dict[int, list[tuple[bool, float]]] = {round_id: [] for round_id in items}
    for round_id, player_id, rank in answers:
        ease = finders.get(player_id or 0, 0.0) - difficulties.get(items[round_id], 0.0)
        tries[round_id].append((rank > 0, skill.p_find(ease)))
    return tries


# --- who plays, who meets whom ---


def players_since(since: datetime | None) -> set[int]:
    """Who answered, submitted, or was looked up since then; everybody who ever played when it is the first time."""
    answered = Retrieval.objects.filter(state=Retrieval.State.ANSWERED, player__isnull=False)
    submitted = Round.objects.filter(source=Round.Source.PLAY, submitted_at__isnull=False)
    if since is not None:
        answered = answered.filter(answered_at__gte=since)
        submitted = submitted.filter(state=Round.State.OPEN, submitted_at__gte=since)  # decided ones were answered
    pairs = answered.exclude(round__source=Round.Source.PRACTICE).values_list("player_id", "round__labeler_id")
    found = {player_id for pair in pairs.distinct() for player_id in pair}
    return {player_id for player_id in found | set(submitted.values_list("labeler_id", flat=True)) if player_id}


def meetings(now: datetime) -> list[Meeting]:
    """Who looked up whose rounds lately, and whether they found them."""
    rows = Retrieval.objects.filter(TRIED, answered_at__gte=now - MEETINGS_SINCE, player__isnull=False)
    rows = rows.filter(round__source=Round.Source.PLAY, round__labeler__isnull=False)
    columns = ("round_id", "round__labeler_id", "player_id", "round__sticker_id", "rank", "machine_rank", "answered_at")
    return [_meeting(*row) for row in rows.values_list(*columns).iterator()]


def _meeting(
    round_id: int, writer: int, finder: int, sticker: int, rank: int, machine_rank: int | None, at: datetime
) -> Meeting:
    share = None if machine_rank is None else (machine_rank - 1) / (SIZE - 1)
    return Meeting(round_id, writer, finder, sticker, rank > 0, share, at.timestamp())
