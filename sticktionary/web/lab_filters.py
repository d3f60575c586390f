"""How the lab's pages print numbers and names: {% load lab %}."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext, ngettext

from sticktionary.web import lab_figures, lab_words

register = template.Library()
register.filter("metric", lab_words.metric)
register.filter("short", lab_words.short)
register.filter("method", lab_words.method)
register.filter("task", lab_words.task)
register.filter("language", lab_words.language)
register.filter("kind", lab_words.kind)
register.filter("shelves", lab_figures.shelves)


@register.filter
def in_words(text: str) -> str:
    """A text of the engine's, which knows no languages, in the edition in hand."""
    return gettext(text) if text else ""


@register.filter
def place(name: str, number: int) -> str:
    """The name of a place on a page, within another one."""
    return f"{name}-{number}"


@register.filter
def figure(value: float | None) -> str:
    """Shares with three places, what goes to a hundred with one."""
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 2 else f"{value:.1f}"


@register.filter
def signed(value: float | None) -> str:
    """A difference, with its sign."""
    if value is None:
        return "–"
    return ("+" if value > 0 else "−" if value < 0 else "±") + figure(abs(value))


@register.filter
def duration(seconds: float) -> str:
    """As people say it: 40 seconds, 12 minutes, 3.5 hours."""
    if seconds < 90:
        n = max(1, round(seconds))
        return ngettext("%(n)s second", "%(n)s seconds", n) % {"n": n}
    if seconds < 5_400:
        n = round(seconds / 60)
        return ngettext("%(n)s minute", "%(n)s minutes", n) % {"n": n}
    hours = seconds / 3_600
    if hours < 48:
        return gettext("%(n)s hours") % {"n": f"{hours:.1f}"}
    return gettext("%(n)s days") % {"n": f"{hours / 24:.1f}"}
