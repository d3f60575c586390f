"""Who can answer: words alone, and every conversation model that has looked at the stickers."""

from __future__ import annotations

from django.utils.translation import gettext as _

from retrieval_engine.dialogue.inference.replying import Replier
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import registry, tryout
from sticktionary.domain.lab.registry import WORDS_ONLY, Kind, Stage
from sticktionary.domain.replies import held, showing
from sticktionary.domain.replies.words import LastWords
from sticktionary.models import ModelVersion


def versions() -> list[tuple[str, str]]:
    """Who can be asked, by name and title."""
    models = ModelVersion.objects.filter(kind=Kind.DIALOGUE).exclude(path="").order_by("-pk")
    ready = [(version.name, version.title) for version in models if showing.is_ready(version)]
    return [(WORDS_ONLY, _("words alone (BM25)")), *ready]


def still_to_look() -> list[ModelVersion]:
    """Candidates that can be asked once they have looked at the stickers."""
    candidates = ModelVersion.objects.filter(kind=Kind.DIALOGUE, stage=Stage.CANDIDATE).exclude(path="").order_by("-pk")
    return [version for version in candidates if not showing.is_ready(version)]


def default_name() -> str:
    """The live conversation model; words alone while none is live and ready."""
    live = registry.champion(Kind.DIALOGUE)
    return live.name if live is not None and showing.is_ready(live) else WORDS_ONLY


def is_quick(name: str, *, thorough: bool = False) -> bool:
    """Whether it answers in the process that asks: words alone, and models whose conversation side needs no torch; not
    with `thorough` where something of theirs could read conversation and sticker together besides."""
    if name == WORDS_ONLY:
        return True
    version = version_of(name)
    return showing.needs_vectors(version) and not (thorough and held.is_first_stage(version))


def replier(name: str) -> Replier:
    """Raises Refused for a model that is not there, has not looked at the stickers, or is damaged."""
    if name == WORDS_ONLY:
        return LastWords(tryout.searcher(WORDS_ONLY))
    return held.of(version_of(name))


def providers_of(name: str) -> list[str]:
    """Who told a model, while it learned, what was not in its release."""
    if name == WORDS_ONLY:
        return []
    told = showing.manifest(version_of(name).path).providers
    return [by for each in told if (by := str(each.get("by") or each.get("name") or ""))]


def version_of(name: str) -> ModelVersion:
    """A conversation model that can answer."""
    version = ModelVersion.objects.filter(name=name, kind=Kind.DIALOGUE).exclude(path="").first()
    if version is None:
        raise Refused("no_model", _("There is no conversation model called %(name)s.") % {"name": name})
    if not showing.is_ready(version):
        text = _("%(name)s has not looked at the stickers yet. “Let it look at the stickers” on its page has it do so.")
        raise Refused("not_embedded", text % {"name": name})
    return version
