"""Small things that lists and pages of the admin site show alike."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.admin import site
from django.contrib.admin.utils import display_for_field, label_for_field, lookup_field, quote
from django.db.models import Field, JSONField, Model
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from sticktionary.domain.intake import pictures
from sticktionary.models import Sticker

WHOLE = 20_000  # characters of a value on a row's own page


def thumbnail(sticker: Sticker | None) -> SafeString | str:
    """The still of a sticker; its name stands beside it."""
    if sticker is None:
        return "–"
    return format_html('<img src="{}" alt="" loading="lazy" class="thumb">', pictures.url_of(sticker.poster))


def linked(sticker: Sticker) -> SafeString | str:
    """The still as a link to the sticker's page, named for those who listen."""
    still = '<img src="{}" alt="{}" title="{}" loading="lazy" class="thumb">'
    return link(sticker, format_html(still, pictures.url_of(sticker.poster), sticker.name, sticker.name))


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


def detail(values: Any, most: int = 160) -> SafeString:
    """A small JSON object as terms and what they are; long values are cut in lists, not on the row.s own page."""
    if not isinstance(values, dict):
        return format_html("{}", _plain(values, most))
    terms = ((name, _plain(value, most)) for name, value in values.items() if value not in ("", None, [], {}))
    return format_html('<dl class="terms">{}</dl>', format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", terms))


def _plain(value: Any, most: int) -> str:
    if value in (None, [], {}, ""):
        return "–"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        said = ", ".join(value)
    else:
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return said if len(said) <= most else f"{said[: most - 1]}…"


def fact(model_admin: Any, row: Model, name: str, viewer: Any) -> tuple[str, Any]:
    """A column or a property of a row: what it is called, and its value."""
    label = str(label_for_field(name, type(row), model_admin))
    column, attribute, value = lookup_field(name, row, model_admin)
    return capfirst(label), _told(column, attribute, value, viewer)


def _told(column: Field[Any, Any] | None, attribute: Any, value: Any, viewer: Any) -> Any:
    if isinstance(value, bool):
        return render_to_string("unfold/helpers/boolean.html", {"value": value})
    if isinstance(column, JSONField):
        return detail(value, WHOLE)
    if isinstance(value, Model):
        may_look = viewer.has_perm(f"{value._meta.app_label}.view_{value._meta.model_name}")
        return link(value) if may_look and site.is_registered(type(value)) else str(value)
    if column is not None and column.is_relation and hasattr(value, "all"):
        return ", ".join(str(each) for each in value.all()) or "–"
    if column is not None:
        return display_for_field(value, column, "–") or "–"
    return value


def row_of(stickers: dict[int, Sticker], ids: list[int]) -> SafeString | str:
    """Stickers in the order of their numbers, each a link to its page."""
    found = ((linked(stickers[id]),) for id in ids if id in stickers)
    return format_html_join("", "{}", found) or "–"
