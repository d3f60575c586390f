from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from sticktionary.domain import catalogue, jobs
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.intake import importing
from sticktionary.domain.intake.importing import Line
from sticktionary.domain.lab import embedding, promotion
from sticktionary.models import ImportJob, Pack


class Command(BaseCommand):
    help = "Load the stickers and the model that come with Sticktionary; what is there already is left alone."

    def handle(self, **options: Any) -> None:
        folder = Path(settings.STARTER_PACK_DIR)
        if not folder.is_dir():
            raise CommandError(f"There is no starter pack at {folder}.")
        try:
            self._load(folder)
        except RuleBroken as refusal:
            raise CommandError(refusal.message) from refusal
        version = promotion.install_starter()
        if version and version.state != version.State.DONE:
            raise CommandError(f"The starter model could not be made live: {version.error}")
        embedding.embed_missing()

    def _load(self, folder: Path) -> None:
        facts = importing.pack_facts(folder)
        pack = importing.open_pack(
            slug=facts.get("slug", "starter"),
            title=facts.get("title", "Starter pack"),
            title_zh=facts.get("title_zh", ""),
            source=facts.get("source", "Sticktionary"),
            licence=facts.get("licence", "CC0-1.0"),
        )
        if self._is_complete(pack, folder):
            return
        job = importing.start_import(actor=None, path=folder, label=pack.title, pack=pack, queue=False)
        with tqdm(unit=" stickers", desc=pack.title) as bar:

            def told(job: ImportJob, line: Line | None) -> None:
                bar.total, bar.n = job.n_total, job.n_done
                bar.update(0)

            jobs.carry_out(ImportJob, job.pk, lambda job: importing.run(job, told))
        job.refresh_from_db()
        if job.state != ImportJob.State.DONE:
            raise CommandError(f"The starter pack could not be loaded: {job.error}")
        why = f"our own drawings, {pack.licence}"
        catalogue.set_may_publish_pictures(actor=None, pack=pack, may_publish=True, why=why)

    def _is_complete(self, pack: Pack, folder: Path) -> bool:
        """Whether every sticker of the folder has been loaded by an import that came to its end."""
        names = {path.name for path in (folder / "stickers").iterdir()}
        ended = ImportJob.objects.filter(pack=pack, path=str(folder), state=ImportJob.State.DONE).exists()
        return ended and names <= set(pack.stickers.values_list("name", flat=True))
