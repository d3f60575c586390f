from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from retrieval_engine.training.recipes import recipes
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.lab import registry, runs
from sticktionary.management import waiting
from sticktionary.models import ModelVersion


class Command(BaseCommand):
    help = "Measure a model that is there on the test side of a release. Nothing is trained."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--model", help="name of an installed model, or a bundle's folder (then with --recipe)")
        which.add_argument("--run", type=int, metavar="ID", help="the model that came of this run")
        parser.add_argument("--recipe", choices=list(recipes()), help="of a bundle that is not installed")
        parser.add_argument("--release", type=int, metavar="NUMBER", help="to be judged on; otherwise the newest")
        parser.add_argument("--device", default="auto")
        parser.add_argument("--wait", action="store_true", help="do it here and now instead of asking the lab's worker")

    def handle(self, *, release: int | None, device: str, wait: bool, **which: Any) -> None:
        base, recipe = _model(**which)
        named = {"recipe": recipe, "base": base, "device": device, "title": f"Evaluation: {base}"}
        try:
            run = runs.evaluate(actor=None, release=waiting.release_of(release), queue=not wait, **named)
        except RuleBroken as refusal:
            raise CommandError(refusal.message) from refusal
        lines = waiting.figures(waiting.carry_out(run)) if wait else [waiting.asked(run)]
        for line in lines:
            self.stdout.write(line)


def _model(*, model: str | None, run: int | None, recipe: str | None, **rest: Any) -> tuple[str, str]:
    """What to measure, and the recipe that knows how."""
    known = ModelVersion.objects.filter(name=model) if run is None else ModelVersion.objects.filter(run=run)
    version = known.first()
    if version is not None:
        return version.name, registry.recipe_of(version)
    if run is not None:
        raise CommandError(f"There is no model of a run {run}.")
    if recipe is None or model is None:
        raise CommandError(f"{model} is not installed. For a bundle's folder say its --recipe besides.")
    return model, recipe
