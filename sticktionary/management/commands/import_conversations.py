from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError

from sticktionary.domain import jobs
from sticktionary.domain.chats import conversations
from sticktionary.domain.chats.conversations import Options
from sticktionary.domain.chats.foreign import FORMATS
from sticktionary.models import ConversationImport


class Command(BaseCommand):
    help = "Import conversations from JSON lines, one conversation or one turn a line; people in them get pseudonyms."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="a .jsonl file; a .json file, too, of another collection")
        parser.add_argument("--dry-run", action="store_true", help="report the same, write nothing")
        parser.add_argument("--skip-bad", action="store_true", help="import the chats in which no line is bad")
        parser.add_argument("--format", default="", choices=list(FORMATS), help="of another collection's file")
        parser.add_argument("--language", default="", help="en or zh, for lines that say none")
        parser.add_argument("--source", default="", help="where the chats come from; by default the file's name")
        parser.add_argument("--licence", default="", help="what may be done with them")
        parser.add_argument("--prefix", dest="key_prefix", default="", help="put before each chat's number")
        parser.add_argument(
            "--filter", action="store_true", dest="paper_filter", help="only chats with words before a sticker"
        )
        parser.add_argument("--least-words", type=int, default=20, metavar="N", help="for --filter (%(default)s)")
        parser.add_argument(
            "--gap-minutes", type=int, default=0, metavar="N", help="silence that ends a session; by default none does"
        )

    def handle(self, *, path: Path, dry_run: bool, **given: Any) -> None:
        path = path.absolute()
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        options = self._options({name: given[name] for name in Options.__struct_fields__ if name in given}, path)
        if dry_run:
            self._print(conversations.rehearse(path, options).report())
            return
        job = self._job(path, options)
        if not jobs.carry_out(ConversationImport, job.pk, conversations.run):
            raise CommandError("Another process is busy with this import; try again in a minute.")
        job.refresh_from_db()
        self._print(job.report)
        if job.state != ConversationImport.State.DONE:
            raise CommandError(f"The import stopped: {job.error}")

    def _options(self, given: dict[str, Any], path: Path) -> Options:
        try:
            return msgspec.convert({**given, "source": given["source"] or path.name, "file_name": path.name}, Options)
        except msgspec.ValidationError as error:
            raise CommandError(str(error)) from error

    def _job(self, path: Path, options: Options) -> ConversationImport:
        return conversations.start_import(actor=None, path=path, label=path.name, options=options, queue=False)

    def _print(self, report: dict[str, Any]) -> None:
        """Every bad line and every chat left out by number, then the sums."""
        if not report:
            return
        for number, reason in report["bad"]:
            self.stdout.write(f"bad       line {number}: {reason}")
        for number, key in report["left_out"]:
            self.stdout.write(f"left out  line {number}: {key}")
        for reason, n in sorted(report["without"].items()):
            self.stdout.write(f"without   {n} x {reason}")
        masked = ", ".join(f"{n} {kind}" for kind, n in sorted(report["masked"].items())) or "nothing"
        labels = f", {report['n_labels']} labels" if report["n_labels"] else ""
        self.stdout.write(
            f"{report['n_conversations']} conversations ({report['n_sessions']} sessions, {report['n_turns']} turns, "
            f"{report['n_stickers']} stickers{labels}), {report['n_same']} there already, "
            f"{report['n_left_out']} left out by the filter, {report['n_bad']} bad lines. Masked: {masked}."
        )
