"""What a model of each kind needs beside its files before it can be live, and while it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sticktionary.domain.lab import bundles, embedding, generating
from sticktionary.domain.lab.registry import Kind
from sticktionary.domain.replies import showing
from sticktionary.domain.search import filling
from sticktionary.models import ModelVersion

HowFar = Callable[[int], None]
"""Called with how many are done; it may raise to end the work, of which all that is done is kept."""


@dataclass(frozen=True)
class Preparation:
    """`make` makes what is missing, and can be taken up at any time; `n_wanted` is how much there will be in all. What
    a live model made of things that have changed since is missing once `look_through` has come across it."""

    n_wanted: Callable[[ModelVersion], int]
    make: Callable[[ModelVersion, HowFar], None]
    is_missing: Callable[[ModelVersion], bool]
    look_through: Callable[[ModelVersion], object] = lambda version: None


def _embed(version: ModelVersion, how_far: HowFar) -> None:
    embedding.embed(version.name, bundles.opened(version.path), how_far)
    filling.lay_ready(version.name)


OF_KIND: Mapping[str, Preparation] = {
    Kind.RETRIEVAL: Preparation(
        n_wanted=lambda version: embedding.active().count(),
        make=_embed,
        is_missing=lambda version: embedding.without_vector(version.name).exists(),
    ),
    Kind.GENERATOR: Preparation(generating.n_wanted, generating.write, generating.is_missing),
    Kind.DIALOGUE: Preparation(showing.n_wanted, showing.make_ready, showing.is_missing, showing.look_through),
}


def of(version: ModelVersion) -> Preparation:
    return OF_KIND[version.kind]
