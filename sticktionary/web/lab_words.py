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
    "clip": _("picture and text towers alone (CLIP)"),
    "llm-bm25": _("a language model’s query, searched by words"),
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
    "reply": _("Answers to conversations"),
    "gallery": _("among all stickers"),
    "candidates": _("among a few of its pack"),
    "SR": _("beside one’s own words"),
    "DR": _("as the whole reply"),
}
SENSES: dict[str, _StrOrPromise] = {
    "exact": _("the sticker that was sent"),
    "acceptable": _("it or what says the same"),
    "intent": _("what is mostly used for the same intent"),
    "intent_any": _("what is ever used for the same intent"),
}
KINDS: dict[str, _StrOrPromise] = {
    "retrieval": _("Finds stickers"),
    "generator": _("Writes queries"),
    "dialogue": _("Answers conversations"),
}
LANGUAGES: dict[str, _StrOrPromise] = {"en": _("English"), "zh": _("Chinese"), "all": _("both languages")}
ABBREVIATED = (
    (re.compile(r"^recall_at_(\d+)"), r"R@\1"),
    (re.compile(r"^ndcg_at_(\d+)"), r"nDCG@\1"),
    (re.compile(r"^mean_recall"), "MR"),
    (re.compile(r"^mrr"), "MRR"),
    (re.compile(r"^map_\d+"), "MAP"),
    (re.compile(r"^map\b"), "MAP"),
    (re.compile(r"^r(\d+)_at_(\d+)"), r"R\1@\2"),
    (re.compile(r"^hit_at_(\d+)"), r"hit@\1"),
    (re.compile(r"^prec_at_(\d+)"), r"precision@\1"),
    (re.compile(r"^count_at_(\d+)"), r"count@\1"),
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


def sense(metric: str) -> str:
    """In which sense something is right for a metric, as it is named: `intent` of "hit_at_5[intent]"."""
    return metric.partition("[")[2].rstrip("]")


def short(name: str) -> str:
    """A metric as papers print it, in whatever sense: R@10, nDCG@10, ROUGE-l."""
    for pattern, printed in ABBREVIATED:
        name = pattern.sub(printed, name)
    return (name.partition("[")[0] if sense(name) in SENSES else name).replace("_", " ")


def metric(name: str) -> str:
    """The same with the sense in words, where it is not the usual one: the very sticker that was meant."""
    said = SENSES.get(sense(name), "") if sense(name) != "exact" else ""
    return " · ".join(filter(None, [short(name), str(said)]))


def method(name: str) -> str:
    return str(METHODS.get(name, name))


def task(name: str) -> str:
    return " · ".join(str(TASKS.get(part, part.replace("_", " "))) for part in name.split("/"))


def kind(name: str) -> str:
    """What the models of a kind do."""
    return str(KINDS[name])


def language(name: str) -> str:
    return str(LANGUAGES.get(name, name))
