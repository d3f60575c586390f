from __future__ import annotations

import json
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from retrieval_engine.dialogue.telling.knowing import SalientTurns
from sticktionary.domain.annotation import drafts
from sticktionary.domain.annotation.drafts import Written
from sticktionary.domain.chats import summing
from sticktionary.models import ChatSession, Draft, Pack
from sticktionary.models.players import Language

STUB = "salient-turns"
BATCH = 64  # of which no more is lost when the command is stopped than the model is at


class Command(BaseCommand):
    help = (
        "Have a model draft what stickers show or what sessions are about. Drafts wait in the studio for a person, and "
        "none is released before. May be stopped and begun again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--kind", required=True, choices=Draft.Kind.values)
        parser.add_argument("--language", required=True, choices=Language.values)
        parser.add_argument(
            "--model", required=True, help=f"name on the hub or a folder; for summaries also {STUB}, without weights"
        )
        parser.add_argument("--pack", help="only its stickers")
        parser.add_argument("--limit", type=int, default=1_000, help="drafts at most (%(default)s)")
        parser.add_argument("--again", action="store_true", help="also where every draft so far was refused")
        parser.add_argument("--device", default="auto")

    def handle(
        self, *, kind: str, language: str, model: str, pack: str | None, limit: int, again: bool, device: str, **_: Any
    ) -> None:
        if model == STUB and kind != Draft.Kind.SUMMARY:
            raise CommandError(f"{STUB} drafts summaries alone.")
        n_written = n_failed = 0
        targets = iter(_targets(kind, language, pack, limit, again))
        while some := dict(islice(targets, BATCH)):
            for id, told in _written(kind, language, model, device, some):
                if isinstance(told, str):
                    n_failed += 1
                    self.stderr.write(f"{id}: {told}")
                elif _keep(kind, language, int(id), told):
                    n_written += 1
        self.stdout.write(f"{n_written} drafts wait in the studio; {n_failed} could not be written")


def _targets(
    kind: str, language: str, pack: str | None, limit: int, again: bool
) -> Iterator[tuple[str, dict[str, str]]]:
    """By number, what is asked about: those that nobody described yet."""
    if kind == Draft.Kind.SUMMARY:
        sessions = ChatSession.objects.filter(conversation__is_active=True, conversation__language=language)
        for session in summing.without_any(sessions, again=again)[:limit]:
            yield str(session.pk), {"text": summing.as_lines(session)}
        return
    stickers = drafts.undrafted(kind, language, again=again)
    if pack is not None:
        if not Pack.objects.filter(slug=pack).exists():
            raise CommandError(f"There is no pack {pack}.")
        stickers = stickers.filter(pack__slug=pack)
    for pk, image in stickers.values_list("pk", "image")[:limit]:
        yield str(pk), {"path": str(Path(settings.MEDIA_ROOT) / image)}


def _written(
    kind: str, language: str, model: str, device: str, inputs: dict[str, dict[str, str]]
) -> Iterator[tuple[str, Written | str]]:
    if model == STUB:
        stub = SalientTurns()
        texts = stub([told["text"] for told in inputs.values()], language)
        yield from ((id, Written({"text": text}, stub.name)) for id, text in zip(inputs, texts, strict=True))
        return
    yield from _by_child(kind, language, model, device, inputs)


def _by_child(
    kind: str, language: str, model: str, device: str, inputs: dict[str, dict[str, str]]
) -> Iterator[tuple[str, Written | str]]:
    """In a process of its own: models need torch, which no process of the game loads."""
    asked = [f"--{name}={value}" for name, value in (("kind", kind), ("language", language), ("model", model))]
    command = [sys.executable, "-m", "retrieval_engine.dialogue.telling.drafting", *asked, f"--device={device}"]
    lines = "".join(json.dumps({"id": id, **told}, ensure_ascii=False) + "\n" for id, told in inputs.items())
    done = subprocess.run(command, input=lines, stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR, check=False)
    for line in done.stdout.splitlines():
        told = json.loads(line)
        yield told["id"], told["error"] if "error" in told else Written(told["value"], told["provider"])
    if done.returncode:
        raise CommandError(f"The model ended with {done.returncode}; what it wrote before is kept.")


def _keep(kind: str, language: str, id: int, written: Written) -> bool:
    if kind != Draft.Kind.SUMMARY:
        return drafts.of_sticker(kind, language, id, written)
    return drafts.of_session(ChatSession.objects.select_related("conversation").get(pk=id), written)
