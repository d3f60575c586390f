"""What a release rests on that keeps no history of its own, written down when it is asked for: the packs it takes and
what they said of themselves, the weights of players, who lies far out, which code is to make it."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from msgspec import Struct, convert, to_builtins

from sticktionary.domain.quality.finding import Finders, finders
from sticktionary.domain.quality.outliers import outliers
from sticktionary.domain.quality.skill import Belief
from sticktionary.domain.releases.about import ReleaseRules
from sticktionary.models import Pack, Sticker

PLACES = 4  # of weights and skills; finer would say more than is known


class PackFacts(Struct, frozen=True):
    slug: str
    title: str
    source: str
    licence: str
    may_publish_pictures: bool


class Basis(Struct, frozen=True):
    packs: list[PackFacts] = []
    weights: dict[int, float] = {}  # of players whose answers count for less than one
    skills: dict[int, tuple[float, float]] = {}  # mean and uncertainty, of players of whom something is known
    outliers: list[int] = []
    sides_upto: int | None = None  # the last line of the split that holds for it; none until it was worked out
    named: dict[str, list[int]] | None = None  # where players' names stood; none until it was frozen

    def finders(self) -> Finders:
        return Finders({player_id: Belief(*skill) for player_id, skill in self.skills.items()}, self.weights)

    def as_json(self) -> dict[str, Any]:
        held: dict[str, Any] = to_builtins(self, str_keys=True)
        return held


def read(values: Mapping[str, Any]) -> Basis:
    return convert(values, Basis, strict=False)


def now(rules: ReleaseRules) -> Basis:
    known = finders()
    return Basis(
        packs=_packs(rules),
        weights={id: round(weight, PLACES) for id, weight in sorted(known.weights.items()) if weight < 1.0},
        skills={
            id: (round(belief.mean, PLACES), round(belief.sd, PLACES)) for id, belief in sorted(known.skills.items())
        },
        outliers=sorted(outliers()) if rules.leave_out_outliers else [],
    )


def _packs(rules: ReleaseRules) -> list[PackFacts]:
    stickers = Count("stickers", filter=~Q(stickers__state=Sticker.State.WITHDRAWN))
    packs = Pack.objects.filter(is_active=True).annotate(n=stickers).filter(n__gt=0).order_by("slug")
    if rules.packs:
        packs = packs.filter(slug__in=rules.packs)
    return [PackFacts(p.slug, p.title, p.source, p.licence, p.may_publish_pictures) for p in packs]


@cache
def code_version() -> str:
    """The package's version, and the commit where there is one."""
    facts = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    version = str(facts["project"]["version"])
    try:
        head = ["git", "-C", str(settings.BASE_DIR), "rev-parse", "--short=12", "HEAD"]
        told = subprocess.run(head, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return version
    return f"{version}+{told.stdout.strip()}"
