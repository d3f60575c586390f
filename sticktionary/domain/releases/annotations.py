"""The annotations of a release: every answer, what the answers to a question say together, and the same per sticker in
the form of Sticker820K.

A label, a text or a yes or no holds when more annotators say it than anything else, and at least two; of words those
hold that two gave; of descriptions the first. What is split stays without a value until a reviewer has settled it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any

from msgspec.json import Encoder

from retrieval_engine import taxonomy
from sticktionary.domain.annotation import answers
from sticktionary.domain.annotation.answers import Value
from sticktionary.domain.releases.about import File
from sticktionary.domain.releases.annotated import Told, told_in
from sticktionary.domain.releases.annotation_rows import AnnotationRow, Answer, LabelRow, Target, Views
from sticktionary.domain.releases.chats import name_of
from sticktionary.domain.releases.files import Output, write_json
from sticktionary.domain.releases.rows import columns_of, schema_of
from sticktionary.domain.releases.scope import Scope
from sticktionary.domain.releases.splits import PARTS
from sticktionary.models import Settlement, Task

NAMES = {Task.TEXT: "ocr", Task.FITS: "appropriateness", **dict.fromkeys(answers.IN_WORDS, "attribute")}  # in the files
ANSWERS, LABELS = "annotations.jsonl", "annotation_labels.jsonl"
encode = Encoder().encode


def write(folder: Path, scope: Scope) -> list[File]:
    """Write the files, sticker by sticker; none where nothing was annotated."""
    told = told_in(scope)
    first = next(told, None)
    if first is None:
        return []
    parts: dict[str, list[dict[str, Any]]] = {part: [] for part in PARTS}
    with ExitStack() as stack:
        said, held = (stack.enter_context(Output(folder, path)) for path in (ANSWERS, LABELS))
        for sticker_id, of_sticker in groupby(_chain(first, told), key=lambda each: each.question.sticker_id):
            found = list(of_sticker)
            _put(said, [row for each in found for row in _answer_rows(each, scope)])
            _put(held, [_label_row(each, scope) for each in found])
            if line := _as_sticker820k(found, scope.names[sticker_id]):
                parts[scope.parts[sticker_id]].append(line)
            scope.told(len(found))
    tables = [(said, AnnotationRow), (held, LabelRow)]
    files = [out.entry(columns_of(schema_of(row))) for out, row in tables]
    return files + [write_json(folder, f"sticker820k/annotations_{part}.json", parts[part]) for part in PARTS]


def _chain(first: Told, rest: Iterator[Told]) -> Iterator[Told]:
    yield first
    yield from rest


def _put(out: Output, rows: list[Any]) -> None:
    for row in rows:
        out.write(encode(row) + b"\n")
    out.n_rows += len(rows)


# --- a row for each answer, and for each question ---


def _answer_rows(told: Told, scope: Scope) -> Iterator[AnnotationRow]:
    held = told.held
    for order, (row, value) in enumerate(zip(told.rows, told.values, strict=True), start=1):
        assert row.answered_at is not None
        yield AnnotationRow(
            ann_id=f"ann_{row.pk}",
            lang=row.language,
            taxonomy=row.taxonomy,
            value=_answer(row.task, value),
            annotator=scope.pseudonym(row.player_id),
            role="judge",
            order=order,
            t_ms=None,
            created=None,
            status=_status(row.task, value, held),
            drafted_by="",
            **_common(told, scope),
        )
    if told.settled is not None:
        yield _settlement_row(told, told.settled, scope)


def _common(told: Told, scope: Scope) -> dict[str, Any]:
    task = Task(told.question.task)
    return {
        "v": 1,
        "task": NAMES.get(task, task.value),
        "target": _target(told, scope),
        "supersedes": None,
        "consent": "ok",
    }


def _settlement_row(told: Told, settled: Settlement, scope: Scope) -> AnnotationRow:
    return AnnotationRow(
        ann_id=f"set_{settled.pk}",
        lang=settled.language,
        taxonomy=settled.taxonomy,
        value=_answer(settled.task, settled.value),
        annotator=scope.pseudonym(settled.reviewer_id),
        role="reviewer",
        order=len(told.rows) + 1,
        t_ms=None,
        created=None,
        status=_status_of_settled(told, settled),
        drafted_by=settled.drafted_by,
        **_common(told, scope),
    )


def _status_of_settled(told: Told, settled: Settlement) -> str:
    """Annotators who say something else together stand above a draft that was taken."""
    if told.by != "reviewer" and _status(settled.task, settled.value, told.held) == "rejected":
        return "rejected"
    return "edited" if settled.is_edited else "accepted"


def _label_row(told: Told, scope: Scope) -> LabelRow:
    task, held = Task(told.question.task), told.held
    return LabelRow(
        v=1,
        task=NAMES.get(task, task.value),
        target=_target(told, scope),
        lang=told.question.language,
        taxonomy=told.taxonomy,
        value=_answer(task, held) if held else None,
        views=_views(task, held) if held else None,
        n_answers=len(told.values),
        n_agree=sum(_status(task, value, held) == "accepted" for value in told.values),
        by=told.by,
        drafted_by=told.drafted_by,
        split=scope.parts[told.question.sticker_id],
    )


def _target(told: Told, scope: Scope) -> Target:
    used = told.rows[0].utterance if told.rows else None
    name = scope.names[told.question.sticker_id]
    return Target(name, name_of(used.session.conversation_id), f"turn_{used.pk}") if used else Target(name)


def _answer(task: str, value: Value) -> Answer:
    if task in answers.IN_WORDS:
        return Answer(**{task: value["words"]})
    if task == Task.FITS:
        return Answer(ok=value["ok"], score=float(value["score"]))
    return Answer(**{name: part for name, part in value.items() if name != "second"})


def _status(task: str, value: Value, held: Value | None) -> str:
    """A description that does not stand for its sticker is one more good one."""
    if held is None:
        return "raw"
    return "accepted" if answers.agree(task, value, held) else "rejected"


def _views(task: Task, held: Value) -> Views | None:
    if task not in answers.LABEL_SETS:
        return None
    seen = taxonomy.load(answers.LABEL_SETS[task]).views(str(answers.gist(task, held)))
    return Views(**{name.replace("-", "_"): label for name, label in seen.items()}) if seen else None


# --- per sticker ---


def _as_sticker820k(found: list[Told], name: str) -> dict[str, Any] | None:
    """Description, OCR, emotion and style as Sticker820K has them; its descriptions are Chinese, so that one stands
    first where there is one. None of a sticker of which none of the four is known."""
    held: dict[str, dict[str, Value]] = defaultdict(dict)
    for told in found:
        if told.held is not None and told.question.utterance_id is None:
            held[told.question.task][told.question.language] = told.held
    emotion, style = held[Task.EMOTION].get(""), held[Task.STYLE].get("")
    described = {language: value["text"] for language, value in held[Task.DESCRIPTION].items()}
    read = [value["text"] for _language, value in sorted(held[Task.TEXT].items())]
    if not (emotion or style or described or read):
        return None
    return {
        "sticker_id": name,
        "description": described.get("zh") or described.get("en"),
        "descriptions": described,
        "ocr": read[0] if read else None,
        "emotion": emotion["labels"] if emotion else None,
        "emotion_class": _class_of(emotion) if emotion else None,
        "style": style["label"] if style else None,
    }


def _class_of(emotion: Value) -> str:
    return taxonomy.load("sticker820k-30").view(emotion["primary"], taxonomy.POLARITY)
