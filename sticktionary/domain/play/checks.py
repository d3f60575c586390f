"""What a query may be: refused with a reason, or taken, perhaps with a nudge."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import regex
from django.utils.translation import gettext as _
from rapidfuzz import fuzz

from retrieval_engine.text import normalise, tokenise
from sticktionary.domain.errors import Refused
from sticktionary.domain.play import contact, drawn
from sticktionary.models import Sticker

MAX_LENGTH = 60
MAX_NORMALISED = 200  # the column; some single characters unfold into a dozen
NEAR_COPY = 93  # of 100: a letter more or less in a dozen
LATIN_SLANG = re.compile(r"[^\W_]{1,8}( [^\W_]{1,8})?")  # emo, OMG, yyds, 666, low battery

_HAN = regex.compile(r"\p{Han}")
_KANA_OR_HANGUL = regex.compile(r"[\p{Hiragana}\p{Katakana}\p{Hangul}\p{Bopomofo}--[ーｰ・]]", regex.V1)
_LETTER_OF_ENGLISH = regex.compile(r"[\p{Latin}\p{Greek}\p{Common}\p{Inherited}]")  # Greek for (◕ω◕) and the like
_LETTER = regex.compile(r"\p{L}")
_UNSEEN = regex.compile(r"[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}--[\u200d]]", regex.V1)  # the joiner holds emoji together
_STACKED = regex.compile(r"(\p{M}{2})\p{M}+")  # marks that would grow over the lines of others
_FINAL_PARTICLE = regex.compile(r"(?<=\p{Han})[啊呀吧呢嘛吗哦噢啦了哈哇喔诶欸]+$")
_PLURAL = re.compile(r"(?<=[a-z]{2})(?<!s)s\b")


@dataclass(frozen=True)
class Checked:
    text: str
    normalised: str
    nudges: list[str] = field(default_factory=list)


def clean(text: str) -> str:
    """The text as it can be read. A comma becomes a space: data sets put one between two queries."""
    return legible(text.replace(",", " "))


def legible(text: str) -> str:
    """The text in one line, without what cannot be seen."""
    return " ".join(_STACKED.sub(r"\1", _UNSEEN.sub("", re.sub(r"\s+", " ", text))).split())


def check(text: str, *, language: str, sticker: Sticker, worn_out: Iterable[str], others: Sequence[str]) -> Checked:
    """The query as it will be kept, or Refused with the reason. `worn_out` and `others` are normalised texts."""
    checked = check_form(text, language)
    if is_near_copy(checked.normalised, others):
        raise Refused("repeats", _("You have already written that, or nearly. Try another side of it."))
    if is_near_copy(checked.normalised, worn_out):
        raise Refused("worn_out", _("Everybody writes that one. Say it another way."))
    if is_printed(checked.normalised, sticker.printed_text):
        raise Refused("printed", _("Those words are printed on the sticker. What else would you type?"))
    return Checked(checked.text, checked.normalised, _nudges(checked, sticker, language))


def _nudges(checked: Checked, sticker: Sticker, language: str) -> list[str]:
    """Codes of what is said beside a query that is taken all the same."""
    if drawn.is_only_drawn(checked.text, sticker.labels, language):
        return ["describes"]
    n_letters = len("".join(_LETTER.findall(checked.normalised)))
    return ["short"] if 0 < n_letters < (2 if language == "zh" else 3) else []


def check_form(text: str, language: str) -> Checked:
    """What can be said of a query without knowing its sticker."""
    text = clean(text)
    normalised = normalise(text)
    if not tokenise(text):
        raise Refused("empty", _("Write a word or two first."))
    if len(text) > MAX_LENGTH or len(normalised) > MAX_NORMALISED:
        raise Refused("too_long", _("That is longer than 60 characters. Keep it as short as a search."))
    if contact.holds_contact_data(unicodedata.normalize("NFKC", text)):
        raise Refused("contact", _("Addresses, numbers and names of accounts stay out of the dictionary."))
    check_script(normalised, language)
    return Checked(text, normalised)


def check_script(normalised: str, language: str) -> None:
    if language == "en" and not all(_LETTER_OF_ENGLISH.match(char) for char in _LETTER.findall(normalised)):
        raise Refused("wrong_script", _("Write in English here: that is the language you play in."))
    if language == "zh" and not _reads_as_chinese(normalised):
        raise Refused("wrong_script", _("Write in Chinese here: that is the language you play in."))


def _reads_as_chinese(normalised: str) -> bool:
    letters = "".join(_LETTER.findall(normalised))
    if _KANA_OR_HANGUL.search(letters) or not all(
        _HAN.match(char) or _LETTER_OF_ENGLISH.match(char) for char in letters
    ):
        return False
    return bool(_HAN.search(letters) or not letters or LATIN_SLANG.fullmatch(" ".join(re.findall(r"\w+", normalised))))


def is_near_copy(normalised: str, others: Iterable[str]) -> bool:
    """Whether the query says one of the others again: the same words in any order, a plural, a particle, a slip."""
    ours = bare(normalised)
    return any(ours == bare(other) or fuzz.token_sort_ratio(ours, bare(other)) >= NEAR_COPY for other in others)


def bare(normalised: str) -> str:
    """The words in no order, without plurals, final particles, stretched letters and punctuation."""
    return " ".join(sorted(_PLURAL.sub("", " ".join(_unstretched(_FINAL_PARTICLE.sub("", normalised)))).split()))


def _unstretched(text: str) -> list[str]:
    """The words with their stretched letters folded, punctuation dropped."""
    return [regex.sub(r"(\p{L})\1{2,}", r"\1", word) for word in regex.findall(r"[\p{L}\p{M}\p{N}]+|\p{ExtPict}", text)]


def is_printed(normalised: str, printed_text: str) -> bool:
    """Whether the query is what can be read on the sticker, or a run of its words."""
    printed = normalise(printed_text)
    if not printed:
        return False
    if _HAN.search(normalised):
        return normalised in printed or is_near_copy(normalised, [printed])
    bare, line = " ".join(_unstretched(normalised)), " ".join(_unstretched(printed))
    return f" {bare} " in f" {line} " or is_near_copy(normalised, [printed])
