"""The lists of abusive words, one per language: kept by moderators, begun with a small one of our own.

Swearing about one's day is how people talk and belongs in the dictionary; slurs and abuse of others do not.
"""

from __future__ import annotations

import re

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from retrieval_engine.text import normalise
from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.domain.quality import flags, words
from sticktionary.models import AbusiveWord, AuditEntry, Player, Watermark
from sticktionary.models.players import Language

SEED = "abusive_words"  # whether the first list was planted is remembered: what is removed from it stays away
SEEDS = {
    Language.EN: """
        kill yourself; kys; fuck you; fuck off and die; drop dead bitch; stupid bitch; dumb bitch; whore; slut; cunt;
        nigger; nigga; faggot; tranny; retard; retarded; spastic; chink; gook; kike; wetback; raghead; towelhead;
        shemale; rape you; subhuman
    """,
    Language.ZH: """
        傻逼; 傻屄; 煞笔; 操你妈; 草你妈; 肏; 日你妈; 干你娘; 你妈死了; 死全家; 狗娘养; 狗杂种; 贱货; 臭婊子;
        婊子; 骚货; 死基佬; 死变态; 死娘炮; 黑鬼; 尼哥; 畜生不如; 强奸; 轮奸
    """,
}


@transaction.atomic
def add(*, actor: Player, language: str, word: str) -> AbusiveWord:
    """From now on nobody can write it; what was written before is flagged."""
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
    words.forget()
    transaction.on_commit(words.forget)
    flags.look_for(normalised)
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
    transaction.on_commit(words.forget)


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
    transaction.on_commit(words.forget)
