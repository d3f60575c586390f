"""The documents of a release, written from what it says of itself: the same `about` and files give the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sticktionary.domain.releases import card, diff, figures
from sticktionary.domain.releases.about import About
from sticktionary.domain.releases.citation import citation_cff, full_title
from sticktionary.domain.releases.contents import has_pictures, tables
from sticktionary.domain.releases.croissant import croissant
from sticktionary.domain.releases.facts import Facts, facts_of, said
from sticktionary.domain.releases.licences import licence_of
from sticktionary.domain.releases.printing import number, paragraphs, plain, render, table, words


def write(folder: Path, about: About) -> None:
    """Write them beside the data files, which are there already."""
    facts = facts_of(about)
    changes = diff.write(folder, about)
    texts = {
        "README.md": card.card(about, facts),
        "croissant.json": croissant(about, facts),
        "CITATION.cff": citation_cff(about, facts),
        "LICENSE": _licence(about, facts),
        "DATASHEET.md": _datasheet(about, facts),
        "RELEASE_NOTES.md": _notes(about, changes),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _licence(about: About, facts: Facts) -> str:
    packs = [
        {
            "title": " ".join(pack.title.split()),
            "slug": pack.slug,
            "n_stickers": number(pack.n_stickers),
            "licence": licence_of(pack.licence),
            "source": " ".join(pack.source.split()) or "not stated",
            "with_pictures": pack.with_pictures,
        }
        for pack in about.packs
    ]
    context = {
        "title": full_title(about),
        "words": facts.words_licence,
        "authors": "; ".join(about.rules.credit.authors),
        "packs": packs,
        "has_pictures": has_pictures(about),
    }
    return render("licence.txt", context)


def _datasheet(about: About, facts: Facts) -> str:
    credit = about.rules.credit
    context = {
        "title": plain(full_title(about)),
        "authors": plain("; ".join(credit.authors)),
        "sizes": ", ".join(f"{number(held.n_rows)} rows of `{held.name}`" for held in tables(about)) + ".",
        "date": f"{about.watermark_at:%Y-%m-%d}",
        "proof": card.proof(about),
        "has_pictures": has_pictures(about),
        "split": " / ".join(str(share) for share in about.rules.split),
        "facts": facts,
        "pii": figures.pii(about),
        "missing": said()["missing"],
        "collection": said()["collection"],
        "demographics": said()["demographics"],
        "preprocessing": said()["preprocessing"],
        "raw": said()["raw"],
        "code_version": plain(about.code_version or "not stated"),
        "impact": said()["impact"],
        "misuses": said()["misuses"],
        "words_licence": card.linked(facts.words_licence),
        "url": credit.url,
        "maintenance": said()["maintenance"],
        "withdrawn": facts.personal[-1],
    }
    return render("datasheet.md", context)


def _notes(about: About, changes: dict[str, Any]) -> str:
    withdrawn = changes["withdrawn"]
    context = {
        "title": plain(full_title(about)),
        "release_title": plain(about.title),
        "date": f"{about.watermark_at:%Y-%m-%d}",
        "notes": paragraphs(about.notes),
        "previous": about.previous_number,
        "changes": _changes(about, changes["counts"]),
        "withdrawn": table(["what", "n"], [(plain(what), number(n)) for what, n in withdrawn.items()]),
        "has_withdrawn": bool(withdrawn),
    }
    return render("notes.md", context)


def _changes(about: About, counts: dict[str, int]) -> str:
    if about.previous_number is None:
        return figures.counts(about)
    return table(["", "n"], [(words(name), number(n)) for name, n in counts.items()])
