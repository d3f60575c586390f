"""Freezing a release: from the facts up to its watermark to a whole folder, or to nothing."""

from __future__ import annotations

from sticktionary.models import Release


def run(job: Release) -> None:
    raise NotImplementedError
