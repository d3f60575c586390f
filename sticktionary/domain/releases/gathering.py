"""Everything that is worked out before the first line of a release is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import QuerySet
from msgspec import convert, structs

from sticktionary.domain.releases import as_of, basis, selection, splits
from sticktionary.domain.releases.about import ReleaseRules
from sticktionary.domain.releases.basis import Basis
from sticktionary.domain.releases.naming import scan_of
from sticktionary.domain.releases.pii import Scan
from sticktionary.domain.releases.pseudonyms import Pseudonyms
from sticktionary.domain.releases.scope import Scope
from sticktionary.domain.releases.sieve import Sieve
from sticktionary.domain.releases.sticker_names import sticker_names
from sticktionary.models import Release, Round, Sticker

Told = Callable[[int], None]


@dataclass(frozen=True)
class Gathered:
    basis: Basis
    scope: Scope
    standing: selection.Standing
    scan: Scan
    all_names: dict[int, str]  # of every sticker, also of those that are not in it
    groups: dict[int, int]  # of the stickers in it: the least number in its group
    gave_away: dict[int, int | None]
    n_of_pack: dict[str, int]
    rounds: QuerySet[Round]

    def sieve(self) -> Sieve:
        return Sieve(self.scope, self.standing, self.gave_away)


def gather(release: Release, told: Told) -> Gathered:
    rules = convert(release.rules, ReleaseRules)
    moment, held = release.watermark_at, basis.read(release.basis)
    rounds = selection.rounds(rules, moment)
    pseudonyms = Pseudonyms(release.salt)
    ids = selection.sticker_ids([pack.slug for pack in held.packs], moment)
    groups = _groups(rules, release)
    parts, held = _sides(release, rules, held, ids, groups)
    standing = selection.standing(rules, moment, held.finders(), held.outliers)
    scan = scan_of(rules, held, pseudonyms, moment, told)
    all_names = sticker_names()
    scope = Scope(
        rules=rules,
        watermark_at=moment,
        names={id: all_names[id] for id in ids},
        parts=parts,
        left_out=standing.players,
        pseudonym=pseudonyms.of_player,
        told=told,
        clean=scan.clean,
        clean_all=scan.clean_all,
    )
    return Gathered(
        basis=held,
        scope=scope,
        standing=standing,
        scan=scan,
        all_names=all_names,
        groups={id: groups.of(id) for id in ids},
        gave_away=as_of.gave_away(moment),
        n_of_pack=_n_of_pack(ids),
        rounds=rounds,
    )


def _n_of_pack(ids: Iterable[int]) -> dict[str, int]:
    slugs = dict(Sticker.objects.values_list("pk", "pack__slug"))
    return Counter(slugs[id] for id in ids)


# --- the split ---


def _groups(rules: ReleaseRules, release: Release) -> splits.Groups:
    """Stickers that must not stand on two sides: near-duplicates however they were found, and packs if so ruled."""
    moment = release.watermark_at
    rows = list(
        Sticker.objects.filter(created_at__lt=moment)
        .order_by("pk")
        .values_list("pk", "twin_of_id", "perceptual_hash", "pack_id")
    )
    groups = splits.Groups(pk for pk, *_rest in rows)
    first_of: dict[str | int, int] = {}
    for sticker_id, twin_of, looks, pack_id in rows:
        if twin_of is not None:
            groups.join(sticker_id, twin_of)
        if looks:
            groups.join(sticker_id, first_of.setdefault(looks, sticker_id))
        if rules.group_packs:
            groups.join(sticker_id, first_of.setdefault(pack_id, sticker_id))
    for one, other in as_of.same_stickers(moment):
        groups.join(one, other)
    return groups


def _sides(
    release: Release, rules: ReleaseRules, held: Basis, ids: Iterable[int], groups: splits.Groups
) -> tuple[dict[int, str], Basis]:
    """The sides of the release's stickers, written down the first time; two releases at once take turns."""
    digests = dict(Sticker.objects.values_list("pk", "sha256"))
    with transaction.atomic():
        take_turns()
        before = splits.held_upto(held.sides_upto)
        everywhere = splits.sides(groups.all().values(), before, digests.__getitem__, rules.split)
        parts = {id: everywhere[id] for id in ids}
        if held.sides_upto is None:
            held = structs.replace(held, sides_upto=splits.keep(release, parts, before))
            Release.objects.filter(pk=release.pk).update(basis=held.as_json())
    release.basis = held.as_json()
    return parts, held


def take_turns() -> None:
    """Wait for whoever else numbers or splits a release; held to the end of the transaction."""
    kind = ContentType.objects.get_for_model(Release)
    ContentType.objects.select_for_update(no_key=True).get(pk=kind.pk)
