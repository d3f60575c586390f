"""From a real run to live search and on: what trains, measures and publishes is what the registry takes in."""

from __future__ import annotations

from typing import Any

import pytest

from sticktionary.domain import jobs
from sticktionary.domain.lab import approval, comparison, lineage, promotion, registry, runs, watching
from sticktionary.domain.search.live import CatalogueSearch
from sticktionary.models import ModelVersion, Player, Release, Sticker, TrainingRun
from tests.lab.candidates import worked

FEW = {"steps": 4, "batch": 8, "part": 8, "validate_every": 4, "learning_rate": 1e-3}


def trained(actor: Player, release: Release, **more: Any) -> ModelVersion:
    run = runs.start(actor=actor, recipe="stickerclip", release=release, settings=FEW, device="cpu", **more)
    assert jobs.carry_out(TrainingRun, run.pk, watching.run)
    run.refresh_from_db()
    assert (run.state, run.error) == ("done", "")
    return ModelVersion.objects.get(run=run)


@pytest.mark.trains
def test_a_model_is_trained_on_the_live_one_and_stands_beside_it(frozen: Release, researcher: Player) -> None:
    first = trained(researcher, frozen, base="tiny")
    found = comparison.compare(first)
    assert (found.live, found.why_not) == ("bm25", "")
    assert found.headline is not None
    approval.approve(actor=researcher, version=first, why="the first of its kind")
    promotion.promote(actor=researcher, version=first)
    assert worked(first).stage == "champion"
    search, sticker = CatalogueSearch(), Sticker.objects.get(name="red-square.webp")
    search.refresh()
    shown = search.preview("red square", sticker.pk)
    assert shown.model_version == first.name
    assert shown.target_rank is not None  # by its looks: nobody's words for it are proven here

    second = trained(researcher, frozen, base=first.name)
    found = comparison.compare(second)
    assert (found.live, found.why_not) == (first.name, "")
    assert found.headline is not None
    assert found.headline.is_paired
    assert found.headline.gain == pytest.approx(found.headline.candidate.value - found.headline.live.value)
    assert [origin.model for origin in lineage.of_result(second.name)] == [second, first]
    assert registry.champion() == first
