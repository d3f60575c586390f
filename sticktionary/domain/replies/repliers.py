"""Who can answer: words alone, and every conversation model that has looked at the stickers."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from retrieval_engine.dialogue.replying import Replier
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import registry, tryout
from sticktionary.domain.lab.registry import WORDS_ONLY, Kind
from sticktionary.domain.replies.words import LastWords
from sticktionary.models import Embedding, ModelVersion


def versions() -> list[tuple[str, str]]:
    """Who can be asked, by name and title."""
    models = [(version.name, version.title) for version in _ready().order_by("-pk")]
    return [(WORDS_ONLY, _("words alone (BM25)")), *models]


def default_name() -> str:
    """The live conversation model; words alone while none is live and ready."""
    live = registry.champion(Kind.DIALOGUE)
    return live.name if live is not None and _ready().filter(pk=live.pk).exists() else WORDS_ONLY


def _ready() -> QuerySet[ModelVersion]:
    has_looked = Exists(Embedding.objects.filter(embedded_by=OuterRef("name")))
    return ModelVersion.objects.filter(has_looked, kind=Kind.DIALOGUE).exclude(path="")


def replier(name: str) -> Replier:
    """Raises Refused for a model that is not there, has not looked at the stickers, or is damaged."""
    if name == WORDS_ONLY:
        return LastWords(tryout.searcher(WORDS_ONLY))
    version = ModelVersion.objects.filter(name=name, kind=Kind.DIALOGUE).exclude(path="").first()
    if version is None:
        raise Refused("no_model", _("There is no conversation model called %(name)s.") % {"name": name})
    raise Refused("not_embedded", _("%(name)s has not looked at the stickers yet. Promote it.") % {"name": name})
