"""The lab's own names in words: what a run measures, by what, and how. A name that is not known stands as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from retrieval_engine.training.recipes import Setting

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

METHODS: dict[str, _StrOrPromise] = {
    "zero-shot": _("before training"),
    "freeze-vision": _("trained, pictures’ side frozen"),
    "fine-tuned": _("trained"),
    "trained": _("trained"),
    "untrained": _("before training"),
    "live": _("live now"),
    "live fusion": _("words and what is live together"),
    "bm25": _("words alone (BM25)"),
    "fusion": _("words and model together"),
    "gain": _("gain over what is live"),
    "people": _("people’s other queries"),
    "context": _("the conversation before it"),
    "caption": _("a caption model"),
    "frequency": _("frequent queries, without looking"),
    "shuffled": _("what it wrote for another sticker"),
    "nothing": _("nothing: by chance"),
}
TASKS: dict[str, _StrOrPromise] = {
    "text_to_image": _("From words to pictures"),
    "image_to_text": _("From pictures to words"),
    "likeness": _("How like people’s queries"),
    "sq-bm25-v1": _("Search over what it writes"),
    "test": _("among the test stickers"),
    "all": _("among all stickers"),
    "single": _("each query by itself"),
    "joined": _("a sticker’s queries as one"),
    "human_query": _("players’ queries"),
    "all_fields": _("all that is known of a sticker"),
    "description_only": _("descriptions"),
    "catalogue": _("the whole catalogue"),
}
LANGUAGES: dict[str, _StrOrPromise] = {"en": _("English"), "zh": _("Chinese"), "all": _("both languages")}
ABBREVIATED = (
    (re.compile(r"^recall_at_(\d+)"), r"R@\1"),
    (re.compile(r"^ndcg_at_(\d+)"), r"nDCG@\1"),
    (re.compile(r"^mean_recall"), "MR"),
    (re.compile(r"^mrr"), "MRR"),
    (re.compile(r"^bleu"), "BLEU"),
    (re.compile(r"^rouge_"), "ROUGE-"),
    (re.compile(r"^bertscore"), "BERTScore"),
)


def setting(name: str) -> str:
    """Its label; see `lab_help`, which holds these and the recipes' own texts."""
    return gettext(name.replace("_", " ").capitalize())


def helped(part: Setting) -> str:
    """What a setting is, and what it may be."""
    within = _within(part)
    return " ".join(filter(None, [gettext(part.help), within]))


def _within(part: Setting) -> str:
    if part.kind not in {int, float} or (part.low is None and part.high is None):
        return ""
    return gettext("From %(low)s to %(high)s.") % {"low": _told(part.low), "high": _told(part.high)}


def _told(end: float | None) -> str:
    if end is None:
        return "…"
    return f"{end:,.0f}" if abs(end) >= 1_000 else f"{end:g}"


def metric(name: str) -> str:
    """As papers print it: R@10, nDCG@10, ROUGE-l."""
    for pattern, short in ABBREVIATED:
        name = pattern.sub(short, name)
    return name.replace("[exact]", "").replace("_", " ")


def method(name: str) -> str:
    return str(METHODS.get(name, name))


def task(name: str) -> str:
    return " · ".join(str(TASKS.get(part, part.replace("_", " "))) for part in name.split("/"))


def language(name: str) -> str:
    return str(LANGUAGES.get(name, name))
