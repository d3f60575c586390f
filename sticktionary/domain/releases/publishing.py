"""A release on its way to a dataset hub or an archive."""

from __future__ import annotations

from sticktionary.models import Publication


def run(job: Publication) -> None:
    raise NotImplementedError
