from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

AGAIN = "What is there stays there. Go on with: manage.py move_search"


class Command(BaseCommand):
    help = (
        "Bring the catalogue to the search cluster of SEARCH_URL, or go on with it, until it can be asked there. "
        "People can play meanwhile; what they change is moved, too."
    )

    def handle(self, **options: Any) -> None:
        if not settings.SEARCH_URL:
            raise CommandError("SEARCH_URL says no cluster: SEARCH_URL=http://HOST:6333 manage.py move_search")
        from retrieval_engine.qdrant import ClusterAway
        from sticktionary.domain.search.cluster import moving

        try:
            with tqdm(unit=" stickers") as bar:
                for progress in moving.move():
                    bar.total, bar.n = progress.n_total, progress.n_done
                    bar.refresh()
        except ValueError as error:
            raise CommandError(str(error)) from error
        except ClusterAway as error:
            raise CommandError(f"The cluster does not answer: {error} {AGAIN}") from error
        except KeyboardInterrupt:
            raise CommandError(f"Interrupted. {AGAIN}") from None
        self.stdout.write(f"{progress.n_done} stickers are there; processes that are started with SEARCH_URL ask it.")
