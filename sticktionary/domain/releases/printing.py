"""Text of a release's documents: templates without HTML escaping, and what Markdown needs instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.template import Context, Engine

SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")


def render(name: str, context: Mapping[str, Any]) -> str:
    """A template of templates/releases/ filled in; never more than one blank line, one "\\n" at the end."""
    text: str = _engine().get_template(name).render(Context(dict(context), autoescape=False, use_l10n=False))
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@cache
def _engine() -> Engine:
    return Engine(dirs=[str(settings.BASE_DIR / "templates" / "releases")], autoescape=False)


def plain(text: str) -> str:
    """Somebody's words on one line of Markdown, meaning nothing but themselves."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def paragraphs(text: str) -> str:
    """A publisher's own Markdown, in which HTML stays what was typed."""
    lines = [line.rstrip() for line in text.replace("<", "&lt;").splitlines()]
    return "\n".join(lines).strip()


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: Any) -> str:
    """Figures as people read them: 12,345 and 0.125; what is missing as a dash."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"
    return plain(str(value))


def words(name: str) -> str:
    """A name of the code as words: "n_queries_en" is "queries, en"."""
    languages = {"en": "English", "zh": "Chinese"}
    parts = name.removeprefix("n_").split("_")
    if len(parts) > 1 and parts[-1] in languages:
        return f"{' '.join(parts[:-1])}, {languages[parts[-1]]}"
    return languages.get(name, " ".join(parts))
