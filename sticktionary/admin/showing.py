"""Small things that lists and pages of the admin site show alike."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.admin.utils import quote
from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from sticktionary.domain import pictures
from sticktionary.models import Sticker


def thumbnail(sticker: Sticker | None) -> SafeString | str:
    """The still of a sticker; its name stands beside it."""
    if sticker is None:
        return "–"
    return format_html('<img src="{}" alt="" loading="lazy" class="thumb">', pictures.url_of(sticker.poster))


def picture(sticker: Sticker) -> SafeString:
    shown = pictures.picture_of(sticker)
    return format_html('<img src="{}" alt="{}" class="picture">', shown.poster, shown.alt)


def link(row: Model | None, text: Any = None) -> SafeString | str:
    if row is None:
        return "–"
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return format_html('<a href="{}">{}</a>', reverse(name, args=[quote(row.pk)]), row if text is None else text)


def state(row: Model, name: str = "state") -> SafeString:
    """The state in words, set like a stamp."""
    words = getattr(row, f"get_{name}_display")()
    return format_html('<span class="state {}">{}</span>', getattr(row, name).replace("_", "-"), words)


def detail(values: Any) -> SafeString:
    """A small JSON object as terms and what they are; long values are cut, the row's own page has the whole."""
    if not isinstance(values, dict):
        return format_html("{}", _plain(values))
    terms = ((name, _plain(value)) for name, value in values.items() if value not in ("", None, [], {}))
    return format_html('<dl class="terms">{}</dl>', format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", terms))


def _plain(value: Any) -> str:
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return said if len(said) <= 160 else f"{said[:159]}…"


def row_of(stickers: dict[int, Sticker], ids: list[int]) -> SafeString | str:
    """Stickers in the order of their numbers, each a link to its page."""
    found = ((link(stickers[id], thumbnail(stickers[id])),) for id in ids if id in stickers)
    return format_html_join("", "{}", found) or "–"
