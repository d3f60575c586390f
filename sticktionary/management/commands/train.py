from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from retrieval_engine.training.recipes import recipes
from sticktionary.domain import jobs
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.lab import checks, runs
from sticktionary.management import waiting
from sticktionary.models import TrainingRun


class Command(BaseCommand):
    help = "Train a model on a release. What comes of it waits for an approval; nothing goes live by itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--recipe", choices=list(recipes()), default="stickerclip")
        parser.add_argument("--release", type=int, metavar="NUMBER", help="to learn from; otherwise the newest")
        parser.add_argument("--base", default="", help="to start from: a name, a folder, an installed model, tiny")
        parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the recipe")
        parser.add_argument("--list", action="store_true", help="list the settings of the recipe and end")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--device", choices=checks.DEVICES, default="auto")
        parser.add_argument("--title", default="")
        parser.add_argument("--wait", action="store_true", help="train here and now instead of asking the lab's worker")
        parser.add_argument("--resume", type=int, metavar="ID", help="go on with a run that stopped")

    def handle(self, *, recipe: str, resume: int | None, wait: bool, **given: Any) -> None:
        if given["list"]:
            self._list_settings(recipe)
            return
        try:
            run = self._started(recipe, wait, **given) if resume is None else self._stopped(resume, wait)
        except RuleBroken as refusal:
            raise CommandError(refusal.message) from refusal
        if wait:
            self._tell(waiting.carry_out(run))
        else:
            self.stdout.write(waiting.asked(run))

    def _started(self, recipe: str, wait: bool, *, release: int | None, **given: Any) -> TrainingRun:
        return runs.start(
            actor=None,
            recipe=recipe,
            release=waiting.release_of(release),
            base=given["base"],
            settings=dict(map(_pair, given["set"])),
            seed=given["seed"],
            device=given["device"],
            title=given["title"],
            queue=not wait,
        )

    def _stopped(self, number: int, wait: bool) -> TrainingRun:
        run = TrainingRun.objects.filter(pk=number).first()
        if run is None:
            raise CommandError(f"There is no run {number}.")
        jobs.release_if_dead(run)
        run.refresh_from_db()
        if run.state != TrainingRun.State.QUEUED:
            runs.resume(actor=None, run=run, queue=not wait)
        return run

    def _list_settings(self, recipe: str) -> None:
        for setting in recipes()[recipe].described():
            self.stdout.write(f"{setting.name} = {setting.default}\n    {setting.help}")

    def _tell(self, run: TrainingRun) -> None:
        for line in waiting.figures(run):
            self.stdout.write(line)
        self.stdout.write(f"Run {run.pk} is done; {run.model.name} waits for an approval.")


def _pair(given: str) -> tuple[str, str]:
    name, sign, value = given.partition("=")
    if not sign:
        raise CommandError(f"--set takes NAME=VALUE, not {given}.")
    return name.strip().replace("-", "_"), value
