"""How a release is cited: the credit that is frozen with its rules, CITATION.cff, BibTeX."""

from __future__ import annotations

from typing import Any

import yaml
from django.conf import settings

from sticktionary.domain.releases.about import About, Credit
from sticktionary.domain.releases.facts import Facts


def credit_now() -> Credit:
    """The credit as the settings have it; to be frozen with the rules of a release that is asked for now."""
    authors = [author.strip() for author in settings.DATASET_AUTHORS.split(";") if author.strip()]
    return Credit(
        name=settings.DATASET_NAME,
        title=settings.DATASET_TITLE,
        authors=tuple(authors) or (settings.DATASET_TITLE,),
        licence=settings.DATASET_LICENCE,
        url=settings.DATASET_URL,
    )


def version(about: About) -> str:
    """The release's number as a semantic version; a release is never changed, so that the rest stays 0."""
    return f"{about.number}.0.0"


def full_title(about: About) -> str:
    return f"{' '.join(about.rules.credit.title.split())}, release {about.number}"


def citation_cff(about: About, facts: Facts) -> str:
    credit = about.rules.credit
    fields: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it as below. LICENSE says what may be done with which part.",
        "type": "dataset",
        "title": full_title(about),
        "abstract": facts.summary,
        "authors": [_author(author) for author in credit.authors],
        "version": version(about),
        "date-released": about.watermark_at.date(),
        "keywords": facts.keywords,
    }
    if len(facts.licences) == 1 and facts.words_licence.spdx:  # several would mean: whichever you like
        fields["license"] = facts.words_licence.spdx
    if credit.url:
        fields["url"] = credit.url
    return as_yaml(fields)


def _author(author: str) -> dict[str, str]:
    family, comma, given = (part.strip() for part in author.partition(","))
    return {"family-names": family, "given-names": given} if comma else {"name": author}


def as_yaml(fields: dict[str, Any]) -> str:
    dumped: str = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=120)
    return dumped


def bibtex(about: About) -> str:
    credit = about.rules.credit
    lines = {
        "title": f"{{{_tex(full_title(about))}}}",
        "author": " and ".join(_tex(author) if "," in author else f"{{{_tex(author)}}}" for author in credit.authors),
        "year": f"{about.watermark_at:%Y}",
        "version": version(about),
        "publisher": f"{{{_tex(credit.title)}}}",
    }
    if credit.url:
        lines["url"] = credit.url
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in lines.items())
    return f"@misc{{{_key(about)},\n{body}\n}}"


def _key(about: About) -> str:
    name = "".join(letter for letter in about.rules.credit.name if letter.isascii() and letter.isalnum())
    return f"{name or 'dataset'}{about.number}"


def _tex(text: str) -> str:
    """Text that means itself in BibTeX; braces are left out."""
    kept = "".join(letter for letter in text if letter not in "{}\\")
    return "".join(f"\\{letter}" if letter in "&%$#_" else letter for letter in kept)
