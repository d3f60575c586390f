"""Words that are meant to hurt: a list per language, kept by moderators and begun with a small one of our own.

Swearing about one's day is how people talk and belongs in the dictionary; slurs and abuse of others do not. English is
matched by whole words, so that Scunthorpe can be written; Chinese, which has no spaces, by substring. Both lists hold
for everybody, and a query is normalised before, with its stretched letters folded.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import regex
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from retrieval_engine.text import normalise
from sticktionary.domain import accounts
from sticktionary.domain.errors import Refused
from sticktionary.models import AbusiveWord, AuditEntry, Player, Watermark
from sticktionary.models.players import Language

FRESH_FOR_S = 5.0
SEED = "abusive_words"  # whether the first list was planted is remembered: what is removed from it stays away
SEEDS = {
    Language.EN: """
        kill yourself; kys; fuck you; fuck off and die; drop dead bitch; stupid bitch; dumb bitch; whore; slut; cunt;
        nigger; nigga; faggot; tranny; retard; retarded; spastic; chink; gook; kike; wetback; raghead; towelhead;
        shemale; rape you; subhuman
    """,
    Language.ZH: """
        傻逼; 傻屄; 沙比; 煞笔; 操你妈; 草你妈; 肏; 日你妈; 干你娘; 你妈死了; 死全家; 狗娘养; 狗杂种; 贱货; 臭婊子;
        婊子; 骚货; 死基佬; 死变态; 死娘炮; 黑鬼; 支那; 尼哥; 畜生不如; 强奸; 轮奸
    """,
}

_HAN = regex.compile(r"\p{Han}")
_STRETCHED = regex.compile(r"(\p{L})\1{2,}")
_BETWEEN_HAN = regex.compile(r"(?<=\p{Han})[^\p{L}\p{N}]+(?=\p{Han})")


@dataclass(frozen=True)
class Lists:
    words: frozenset[str]  # with spaces around, as they are looked for
    parts: frozenset[str]

    def found_in(self, normalised: str) -> str:
        """The first word of the lists that a normalised query holds; empty when there is none."""
        for line in _readings(normalised):
            for held in sorted(self.words):
                if held in line:
                    return held.strip()
        bare = _BETWEEN_HAN.sub("", normalised)
        return next((part for part in sorted(self.parts) if part in bare), "")


def _readings(normalised: str) -> list[str]:
    """The words of a query with spaces around, as typed and with stretched letters folded to two and to one."""
    spaced = _spaced(normalised)
    return [spaced, _STRETCHED.sub(r"\1\1", spaced), _STRETCHED.sub(r"\1", spaced)]


def _spaced(normalised: str) -> str:
    words = " ".join(re.findall(r"[^\W_]+", normalised))
    return f" {words} "


def lists_of(texts: list[str]) -> Lists:
    """Normalised words sorted by how they are looked for."""
    parts = {text for text in texts if _HAN.search(text)}
    words = {_spaced(text) for text in texts if text not in parts}
    return Lists(frozenset(words - {"  "}), frozenset(parts))


_held: tuple[float, Lists] | None = None


def found_in(normalised: str) -> str:
    """The abusive word in a normalised query, if any. Every process reads the lists again after a few seconds."""
    global _held
    now = time.monotonic()
    if _held is None or now - _held[0] > FRESH_FOR_S:
        _held = (now, lists_of(list(AbusiveWord.objects.values_list("normalised", flat=True))))
    return _held[1].found_in(normalised)


def require_harmless(normalised: str) -> None:
    """Refuse what holds an abusive word: nobody who would look it up has to read it."""
    if found_in(normalised):
        raise Refused("abusive", _("That could hurt somebody. Please find other words."))


def forget() -> None:
    """Read the lists again at the next call."""
    global _held
    _held = None


@transaction.atomic
def add(*, actor: Player, language: str, word: str) -> AbusiveWord:
    accounts.require(actor, "moderate")
    word = " ".join(word.split())
    normalised = normalise(word)
    if language not in Language.values:
        raise Refused("unknown_language", _("Choose one of the languages."))
    if not 1 < len(normalised) <= 60 or not re.search(r"\w", normalised):
        raise Refused("bad_word", _("A word has 2 to 60 characters."))
    held, is_new = AbusiveWord.objects.get_or_create(
        language=language, normalised=normalised, defaults={"word": word, "added_by": actor}
    )
    if not is_new:
        raise Refused("known_word", _("That word is in the list already."))
    AuditEntry.objects.create(actor=actor, verb="add_abusive_word", subject=f"word {held.pk}", detail={"word": word})
    transaction.on_commit(forget)
    return held


@transaction.atomic
def remove(*, actor: Player, word_id: int, why: str = "") -> None:
    accounts.require(actor, "moderate")
    held = AbusiveWord.objects.filter(pk=word_id).first()
    if held is None:
        return
    detail = {"word": held.word, "language": held.language, "why": why[:300]}
    AuditEntry.objects.create(actor=actor, verb="remove_abusive_word", subject=f"word {word_id}", detail=detail)
    held.delete()
    transaction.on_commit(forget)


def listed() -> QuerySet[AbusiveWord]:
    return AbusiveWord.objects.select_related("added_by").order_by("language", "normalised")


@transaction.atomic
def plant() -> None:
    """The first lists, once in the life of a database."""
    if not Watermark.objects.get_or_create(name=SEED)[1]:
        return
    AbusiveWord.objects.bulk_create(
        [
            AbusiveWord(language=language, word=word, normalised=normalise(word))
            for language, text in SEEDS.items()
            for word in (" ".join(part.split()) for part in text.split(";"))
        ],
        ignore_conflicts=True,
    )
    transaction.on_commit(forget)
