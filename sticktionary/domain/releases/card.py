"""README.md: the dataset card, with the front matter by which the hub and `datasets` find their way in."""

from __future__ import annotations

from typing import Any

from sticktionary.domain.releases import figures
from sticktionary.domain.releases.about import About
from sticktionary.domain.releases.citation import as_yaml, bibtex, full_title
from sticktionary.domain.releases.columns import meaning
from sticktionary.domain.releases.contents import WHOLE, Table, has_pictures, other_files, tables
from sticktionary.domain.releases.facts import Facts, said
from sticktionary.domain.releases.licences import Licence, licence_of
from sticktionary.domain.releases.printing import number, plain, render, table

SIZES = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10**7, "1M<n<10M")]


def card(about: About, facts: Facts) -> str:
    return f"---\n{as_yaml(front_matter(about, facts))}---\n\n{render('card.md', _context(about, facts))}"


# --- front matter ---


def front_matter(about: About, facts: Facts) -> dict[str, Any]:
    listed = tables(about)
    n_rows = next((held.n_rows for held in listed if held.name == "queries"), 0)
    return {
        "pretty_name": full_title(about),
        "language": list(about.rules.languages),
        **_licence(facts.licences),
        "size_categories": [next((size for limit, size in SIZES if n_rows < limit), "n>10M")],
        "task_categories": ["text-retrieval", "image-to-text"],
        "annotations_creators": ["crowdsourced"],
        "language_creators": ["crowdsourced"],
        "multilinguality": ["multilingual" if len(about.rules.languages) > 1 else "monolingual"],
        "source_datasets": ["original"],
        "tags": ["stickers", "search-queries", "image-retrieval", "query-generation", "croissant"],
        "configs": [_config(held, is_default=held.name == "queries") for held in listed if held.is_config],
    }


def _licence(licences: list[Licence]) -> dict[str, Any]:
    ids = list(dict.fromkeys(licence.hub_id for licence in licences))
    if "other" in ids:
        return {"license": "other", "license_name": "see-license", "license_link": "LICENSE"}
    return {"license": ids[0] if len(ids) == 1 else ids}


def _config(held: Table, is_default: bool) -> dict[str, Any]:
    files = [{"split": part, "path": file.path} for part, file in held.parts.items()]
    return {"config_name": held.name, **({"default": True} if is_default else {}), "data_files": files}


# --- the text ---


def _context(about: About, facts: Facts) -> dict[str, Any]:
    listed = tables(about)
    first = listed[0] if listed else None
    return {
        "title": plain(full_title(about)),
        "release_title": plain(about.title),
        "number": about.number,
        "date": f"{about.watermark_at:%Y-%m-%d}",
        "facts": facts,
        "rules": about.rules,
        "collection": said()["collection"],
        "misuses": said()["misuses"],
        "proof": proof(about),
        "queries_parts": ", ".join(first.parts) if first else "",
        "first": next(iter(first.parts.values())) if first else None,
        "first_table": first,
        "named": [held for held in listed[1:] if held.is_config],
        "unnamed": [held for held in listed if not held.is_config],
        "tables": [_section(held) for held in listed],
        "other_files": "\n".join(f"* `{path}`: {what}" for path, what in other_files(about)),
        "has_pictures": has_pictures(about),
        "split": " / ".join(str(share) for share in about.rules.split),
        "counts": figures.counts(about),
        "statistics": figures.statistics(about),
        "pii": figures.pii(about),
        "words_licence": linked(facts.words_licence),
        "packs": packs(about),
        "code_version": plain(about.code_version or "not stated"),
        "bibtex": bibtex(about),
    }


def _section(held: Table) -> dict[str, str]:
    sizes = ", ".join(
        f"{number(file.n_rows)} rows" if part == WHOLE else f"{part} {number(file.n_rows)}"
        for part, file in held.parts.items()
    )
    rows = [(f"`{name}`", f"`{kind}`", meaning(held.name, name)) for name, kind in held.columns.items()]
    columns = table(
        ["column", "type", "meaning"], [(name, kind.replace("|", "\\|"), what) for name, kind, what in rows]
    )
    return {"name": held.name, "about": held.about, "sizes": f"({sizes})", "columns": columns}


def proof(about: About) -> str:
    """The rules of the release as a sentence or two."""
    rules = about.rules
    people = "one player" if rules.least_found == 1 else f"{rules.least_found} players"
    lines = [f"a query of play is in this release when at least {people} found the sticker with its round"]
    if rules.with_reviewed:
        lines.append("or a reviewer accepted the picks as reasonable")
    parts = [", ".join(lines).capitalize() + "."]
    for holds, text in (
        (
            rules.with_suggestions,
            "Better words that retrievers suggested are in it once somebody found the sticker with them.",
        ),
        (rules.with_house, "Queries that came with a sticker are marked `house`."),
        (rules.with_unproven, "Queries that nobody found are in it too, and marked."),
        (rules.leave_out_excluded, "Players whom a person excluded for bad faith are left out."),
        (rules.leave_out_outliers, "Players whose figures lie far outside are left out."),
        (rules.least_weight > 0, f"Labelers whose weight is below {number(rules.least_weight)} are left out."),
    ):
        parts += [text] if holds else []
    return " ".join(parts)


def linked(licence: Licence) -> str:
    return f"[{plain(licence.name)}]({licence.url})" if licence.url else plain(licence.name)


def packs(about: About) -> str:
    rows = [
        (
            plain(pack.title),
            number(pack.n_stickers),
            "with pictures" if pack.with_pictures else "queries only",
            linked(licence_of(pack.licence)),
            plain(pack.source),
        )
        for pack in about.packs
    ]
    return table(["pack", "stickers", "", "licence", "source"], rows)
