"""How a release is cited: the credit that is frozen with its rules, CITATION.cff, BibTeX."""

from __future__ import annotations

from django.conf import settings

from sticktionary.domain.releases.about import Credit


def credit_now() -> Credit:
    """The credit as the settings have it; to be frozen with the rules of a release that is asked for now."""
    authors = [author.strip() for author in settings.DATASET_AUTHORS.split(";") if author.strip()]
    return Credit(
        name=settings.DATASET_NAME,
        title=settings.DATASET_TITLE,
        authors=authors or [settings.DATASET_TITLE],
        licence=settings.DATASET_LICENCE,
        url=settings.DATASET_URL,
    )
