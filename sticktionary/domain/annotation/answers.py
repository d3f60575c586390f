"""What an answer to a bonus page may be: refused with a reason, or taken in the form in which it is kept."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

from django.utils.translation import gettext as _
from msgspec import Meta, Struct

from retrieval_engine import taxonomy
from retrieval_engine.label_agreement import jaccard
from retrieval_engine.text import normalise
from sticktionary.domain.errors import Refused
from sticktionary.domain.play import checks, contact
from sticktionary.models import Task

LABEL_SETS = {
    Task.EMOTION: "sticker820k-30",
    Task.STYLE: "style-7",
    Task.INTENT: "goemotions-28",
    Task.SCENARIO: "scenario-2",
}
IN_WORDS = frozenset({Task.GESTURE, Task.POSTURE, Task.FACE, Task.VERBAL})
MAX_TEXT = 300  # as long as `Sticker.printed_text`
SENTENCE = range(5, 141)  # characters of a description
MAX_WORDS, MAX_WORD = 5, 30
SHARED = 0.5  # of their words, for two lists to agree

Value = dict[str, Any]


class Given(Struct, forbid_unknown_fields=True, frozen=True):
    """An answer as a page sends it: of these fields those that its task asks for."""

    choice: Annotated[str, Meta(max_length=40)] = ""
    text: Annotated[str, Meta(max_length=MAX_TEXT)] = ""
    words: Annotated[list[Annotated[str, Meta(max_length=60)]], Meta(max_length=MAX_WORDS)] = []
    none: bool = False  # "nothing to read", "none to see": said, not left out
    fits: bool | None = None
    score: Annotated[int, Meta(ge=1, le=5)] | None = None


def label_set(task: str) -> taxonomy.Taxonomy | None:
    """The labels that the task offers, if it does."""
    return taxonomy.load(LABEL_SETS[Task(task)]) if task in LABEL_SETS else None


def checked(task: str, given: Given, language: str) -> Value:
    """The answer as it is kept. Raises Refused with what the player should change."""
    if task in LABEL_SETS:
        return _label(Task(task), given.choice)
    if task in IN_WORDS:
        return {"words": [] if given.none else _words(given.words, language)}
    if task == Task.FITS:
        return _fit(given)
    if task == Task.TEXT:
        return {"text": "", "none": True} if given.none else {"text": _printed(given.text), "none": False}
    return {"text": _sentence(given.text, language)}


def _label(task: Task, choice: str) -> Value:
    labels = taxonomy.load(LABEL_SETS[task]).labels
    if choice not in labels:
        raise Refused("no_such_label", _("Choose one of them first."))
    if task == Task.EMOTION:
        return {"labels": [choice], "primary": choice}
    if task == Task.INTENT:
        return {"fine": choice, "coarse": labels[choice].parent, "second": None}
    return {"label": choice}


def _words(words: list[str], language: str) -> list[str]:
    """Each once, as it was written first."""
    kept: dict[str, str] = {}
    for word in filter(None, map(checks.clean, words)):
        kept.setdefault(normalise(word), word)
    for word in kept.values():
        if len(word) > MAX_WORD:
            raise Refused("too_long", _("A few short words are enough: “%(word)s…” is long.") % {"word": word[:12]})
        checks.check_form(word, language)
    if not kept:
        raise Refused("empty", _("Write a word or two first, or say that there is nothing to see."))
    return list(kept.values())


def _fit(given: Given) -> Value:
    if given.fits is None or given.score is None:
        raise Refused("empty", _("Say yes or no, and how well it fits."))
    return {"ok": given.fits, "score": given.score}


def _printed(text: str) -> str:
    """Whatever its script: it is what the sticker says."""
    text = checks.legible(text)
    if not text:
        raise Refused("empty", _("Write what can be read on it, or say that there is nothing to read."))
    _keep_contact_out(text)
    return text


def _sentence(text: str, language: str) -> str:
    text = checks.legible(text)
    if len(text) not in SENTENCE:
        raise Refused("wrong_length", _("One sentence, please: 5 to 140 characters."))
    _keep_contact_out(text)
    checks.check_script(normalise(text), language)
    return text


def _keep_contact_out(text: str) -> None:
    if contact.holds_contact_data(unicodedata.normalize("NFKC", text)):
        raise Refused("contact", _("Addresses, numbers and names of accounts stay out of the dictionary."))


# --- what several answers say together ---


def agree(task: str, first: Value, second: Value) -> bool:
    """Whether two people say the same. Descriptions are never asked to: each is one of many good ones."""
    if task == Task.DESCRIPTION:
        return True
    if task in IN_WORDS:
        return jaccard(word_set(first), word_set(second)) >= SHARED
    return gist(task, first) == gist(task, second)


def gist(task: str, value: Value) -> str | bool:
    """What counts in an answer that is a label, a yes or no, or a text."""
    if task == Task.FITS:
        return bool(value["ok"])
    if task in {Task.TEXT, Task.DESCRIPTION}:
        return normalise(value["text"])
    return str(value.get("primary") or value.get("fine") or value["label"])


def word_set(value: Value) -> frozenset[str]:
    return frozenset(map(normalise, value["words"]))


def majority(task: str, values: list[Value]) -> Value | None:
    """What the annotators, in the order they answered, say together; None while they are split or too few.

    Labels, texts and yes or no: what more of them say than anything else, and at least two. Words: those that at least
    two gave; none when two saw none. A description: the first.
    """
    if len(values) < 2:
        return None
    if task == Task.DESCRIPTION:
        return values[0]
    if task in IN_WORDS:
        return _common_words(values)
    said: dict[str | bool, list[Value]] = {}
    for value in values:
        said.setdefault(gist(task, value), []).append(value)
    first, *others = sorted(said.values(), key=len, reverse=True)
    if len(first) < 2 or (others and len(others[0]) == len(first)):
        return None
    return _mean_fit(first) if task == Task.FITS else first[0]


def _common_words(values: list[Value]) -> Value | None:
    told = [word for value in values for word in {normalise(word): word for word in value["words"]}.items()]
    times = [normalised for normalised, _word in told]
    common = {normalised: word for normalised, word in reversed(told) if times.count(normalised) > 1}
    if not common and sum(not value["words"] for value in values) < 2:
        return None
    return {"words": sorted(common.values())}


def _mean_fit(values: list[Value]) -> Value:
    return {"ok": values[0]["ok"], "score": round(sum(value["score"] for value in values) / len(values), 2)}


def given_of(task: str, value: Value) -> Given:
    """The answer as a page would have sent it."""
    if task in LABEL_SETS:
        return Given(choice=str(gist(task, value)))
    if task in IN_WORDS:
        return Given(words=value["words"], none=not value["words"])
    if task == Task.FITS:
        return Given(fits=value["ok"], score=round(value["score"]))
    return Given(text=value["text"], none=value.get("none", False))
