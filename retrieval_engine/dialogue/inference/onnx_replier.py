"""Answer conversations on ONNX Runtime alone, with no torch in the process that serves.

conversation.onnx        the conversation's side of a model, as `exporting` writes it: ids and mask in, vectors out
conversation.int8.onnx   the same with 8 bit weights, where it is large and its vectors are close enough
heads.onnx               of a model that remembers: the vectors of conversation and memories in, what is looked for out
tokenizer.json           of the `tokenizers` library
serving.json             how to feed it: a `Spec`

Everything about stickers was computed when they came in (`showing`): what is left of a question is one pass through the
text tower and a product with a matrix.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import msgspec
import numpy as np
import onnxruntime
from msgspec import Struct
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ...bundle import LEAST_COSINE_INT8, TOKENIZER, TOUCHSTONE, BundleError, Cleaning, Precision
from ...dense import Vectors
from ...gathering import Gathering
from ...lexical import LexicalIndex
from ...serving import BATCH, CLEANINGS, batches
from ...text import tokenise
from ..data import wording
from ..data.conversations import Conversations, Sticker, Use
from ..models.remembering import MemoryBank
from ..settings import IgsrSettings
from ..telling.knowing import SalientTurns, knowledge
from ..telling.providers import Provided
from .replying import Answer, Note, Remembered, Reply

log = logging.getLogger(__name__)

SPEC: Final = "serving.json"
GRAPH: Final = "conversation.onnx"
GRAPH_INT8: Final = "conversation.int8.onnx"
HEADS: Final = "heads.onnx"
FORMAT: Final = 1
CHARACTERS: Final = 64
"""Of a text for each token that is read; what comes before them is not even tokenised."""
AT_ONCE: Final = 64
"""Questions whose scores of all stickers are held at once."""


class Spec(Struct, frozen=True, forbid_unknown_fields=True):
    """How the conversation's side is fed: the last `n_turns` turns, parted by `separator`, cut to their last `length`
    tokens. `intents` names the logits; `languages` are those it learned from. With `knowledge` what is known about the
    speaker comes after the conversation. `memory`, for a model that remembers, says how `n_memories` summaries are
    chosen, of which the last `memory_length` tokens are read. `touchstone` is a vector it must come near to again."""

    recipe: str
    n_turns: int
    length: int
    separator: str
    cleaning: Cleaning
    pad_id: int
    dim: int
    intents: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    knowledge: bool = False
    memory: str = ""
    n_memories: int = 0
    memory_length: int = 0
    seed: int = 0
    first_stage: bool = False
    precision: Precision = "float32"
    touchstone: tuple[float, ...] = ()
    format: int = FORMAT


class Heard(NamedTuple):
    """What a model makes of a conversation: its `vector` [d], and what drove it."""

    vector: NDArray[np.float32]
    intents: tuple[tuple[str, float], ...] = ()
    memories: tuple[Remembered, ...] = ()
    knowledge: str = ""
    notes: tuple[str, ...] = ()


class _Out(NamedTuple):
    """Of a graph: the vector, and the logits of intents, if any."""

    vector: NDArray[np.float32]
    logits: NDArray[np.float32]


_Ids = tuple[int, ...]


class ConversationSide:
    """The part of a bi-encoder that reads the conversation. Safe for many threads: what comes while others are read is
    gathered and goes through the tower together."""

    def __init__(
        self,
        folder: Path,
        spec: Spec,
        *,
        threads: int,
        precision: Precision,
        told: Provided | None,
        summaries: Provided | None,
    ) -> None:
        self.folder, self.spec, self.precision = folder, spec, precision
        self._clean = CLEANINGS[spec.cleaning]
        self._tokenizer = _tokenizer(folder, spec.length)
        self._memory_tokenizer = _tokenizer(folder, spec.memory_length) if spec.memory else self._tokenizer
        self._graph = _session(folder / (GRAPH_INT8 if precision == "int8" else GRAPH), threads)
        self._heads = _session(folder / HEADS, threads) if spec.memory else None
        self._gathering = Gathering[_Ids, _Out](self._run, BATCH)
        self._told = told if told is not None else Provided("knowledge", check=knowledge)
        sums = summaries if summaries is not None else Provided("summary", stub=SalientTurns())
        chosen = IgsrSettings(memory=spec.memory or "none", n_memories=max(1, spec.n_memories))
        self._memory = MemoryBank(chosen, sums, self.vector_of, spec.seed)

    @classmethod
    def open(
        cls,
        folder: Path | str,
        *,
        threads: int = 1,
        precision: Precision | None = None,
        told: Provided | None = None,
        summaries: Provided | None = None,
    ) -> Self:
        """Open what `exporting` wrote. Raises `BundleError`.

        `told` gives knowledge about speakers, `summaries` those of sessions that nobody summed up; without them stubs
        answer. Where a processor rounds 8 bit vectors too far, the float32 graph is taken, which is logged.
        """
        folder = Path(folder)
        spec = read_spec(folder)
        chosen = precision or spec.precision
        side = cls(folder, spec, threads=threads, precision=chosen, told=told, summaries=summaries)
        if precision is None and chosen == "int8" and side.exactness < LEAST_COSINE_INT8:
            log.warning("%s: the 8 bit conversation side is not exact enough on this processor", folder)
            return cls(folder, spec, threads=threads, precision="float32", told=told, summaries=summaries)
        return side

    @property
    def exactness(self) -> float:
        """The cosine of the touchstone's vector here with the float32 one where it was published."""
        published = np.asarray(self.spec.touchstone, dtype=np.float32)
        return float(self.touchstone @ published / max(float(np.linalg.norm(published)), 1e-9))

    @property
    def touchstone(self) -> NDArray[np.float32]:
        """[d], of the touchstone."""
        return self._gathering.get([self._ids(TOUCHSTONE)[0]])[0].vector

    def vector_of(self, text: str) -> NDArray[np.float32]:
        """[d], of length 1: a text's own, as memories are chosen by it."""
        return self._gathering.get([self._memory_ids(text)])[0].vector

    def heard(self, uses: Sequence[Use], stickers: Conversations) -> list[Heard]:
        """What the model makes of each conversation; `stickers` are those that can be told when they stand in one."""
        read = [self._read(use, stickers) for use in uses]
        found = self._gathering.get([text.ids for text in read])
        if self._heads is not None and read:
            found = self._with_memory(self._heads, found, [text.memory for text in read])
        return [
            Heard(out.vector, self._intents(out.logits), text.memories, text.knowledge, tuple(text.notes))
            for text, out in zip(read, found, strict=True)
        ]

    # --- what is read ---

    def _read(self, use: Use, stickers: Conversations) -> _Text:
        spec, notes = self.spec, _notes(use, self.spec, stickers)
        said = _whole(wording.context(use, stickers, spec.n_turns, spec.separator))
        if not said:
            notes.append(Note.NOTHING)
        known, memories = "", tuple[Remembered, ...]()
        text = said[-CHARACTERS * spec.length :]
        if spec.knowledge and said:
            value = self._told([text], use.language)[0]
            known = value.text
            notes += [Note.KNOWLEDGE] if value.by == "stub" else []
        elif spec.memory:
            memories = tuple(self._memory(use, text))
            notes += [Note.SUMMARY] if any(self._is_stub(use, memory) for memory in memories) else []
        ids, is_cut = self._ids(wording.with_knowledge(text, known, spec.separator))
        notes += [Note.LENGTH] if is_cut or len(text) < len(said) else []
        recalled = spec.separator.join(memory.summary for memory in memories)
        return _Text(ids, self._memory_ids(recalled) if recalled else (), memories, known, notes)

    def _is_stub(self, use: Use, memory: Remembered) -> bool:
        return self._memory.summary(use.earlier[memory.ordinal], use.language).by == "stub"

    def _ids(self, text: str) -> tuple[_Ids, bool]:
        encoding = self._tokenizer.encode(self._clean(text))
        return tuple(encoding.ids) or (self.spec.pad_id,), bool(encoding.overflowing)

    def _memory_ids(self, text: str) -> _Ids:
        most = CHARACTERS * (self.spec.memory_length or self.spec.length)
        return tuple(self._memory_tokenizer.encode(self._clean(_whole(text)[-most:])).ids) or (self.spec.pad_id,)

    def _intents(self, logits: NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
        shares = np.exp(logits - logits.max(initial=0))
        shares /= shares.sum() or 1
        order = np.argsort(-shares, kind="stable")
        return tuple((self.spec.intents[at], float(shares[at])) for at in order)

    # --- the graph ---

    def _run(self, texts: list[_Ids]) -> list[_Out]:
        found: dict[int, _Out] = {}
        for places in batches([len(ids) for ids in texts]):
            ids, mask = self._padded([texts[place] for place in places])
            found |= zip(places, _outputs(self._graph, {"ids": ids, "mask": mask}), strict=True)
        return [found[place] for place in range(len(texts))]

    def _with_memory(
        self, heads: onnxruntime.InferenceSession, read: Sequence[_Out], memories: Sequence[_Ids]
    ) -> list[_Out]:
        """Of a conversation without memories theirs is zero."""
        there = [at for at, ids in enumerate(memories) if ids]
        context = np.stack([out.vector for out in read])
        recalled = np.zeros_like(context)
        for at, out in zip(there, self._gathering.get([memories[at] for at in there]), strict=True):
            recalled[at] = out.vector
        return _outputs(heads, {"recalled": recalled, "context": context})

    def _padded(self, rows: Sequence[_Ids]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        longest = max(map(len, rows))
        ids = np.array([(*row, *[self.spec.pad_id] * (longest - len(row))) for row in rows], dtype=np.int64)
        return ids, np.arange(longest) < np.array([len(row) for row in rows])[:, None]


@dataclass(slots=True)
class _Text:
    ids: _Ids
    memory: _Ids
    memories: tuple[Remembered, ...]
    knowledge: str
    notes: list[str]


class Shelf:
    """Stickers by their vectors: `ids` [n] and `vectors` [n, d]; `heat` [n, rows, columns] where there are maps."""

    def __init__(self, ids: Sequence[int], vectors: Vectors, heat: NDArray[np.floating[Any]] | None = None) -> None:
        self.ids = np.asarray(ids, dtype=np.int64)
        self.vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self.heat = heat
        if self.vectors.ndim != 2 or len(self.ids) != len(self.vectors) or (heat is not None and len(heat) != len(ids)):
            raise ValueError(f"{len(self.ids)} stickers with vectors {self.vectors.shape}")
        if not np.isfinite(self.vectors).all():
            raise ValueError("a sticker's vector is not finite")

    def places(self, allow: Collection[int] | None) -> NDArray[np.int64]:
        """Where the stickers are that may be answered with."""
        if allow is None:
            return np.arange(len(self.ids))
        return np.flatnonzero(np.isin(self.ids, np.fromiter(allow, np.int64, len(allow))))

    def best(self, queries: Vectors, k: int, places: NDArray[np.int64]) -> list[tuple[Reply, ...]]:
        """The best `k` at `places` for each of `queries` [n, d], by the product of their vectors, ties in the order of
        the shelf."""
        scores = queries @ self.vectors.T
        return [tuple(self._reply(place, row[place]) for place in top(row[places], k, places)) for row in scores]

    def _reply(self, place: int, score: np.float32) -> Reply:
        if self.heat is None:
            return Reply(int(self.ids[place]), float(score))
        heat = tuple(tuple(round(float(share), 3) for share in row) for row in self.heat[place])
        return Reply(int(self.ids[place]), float(score), heat)


class OnnxReplier:
    """Answers with stickers whose vectors are known, by a bi-encoder's conversation side.

    `stickers` are those whose words are told when they stand in a conversation, by `Sticker.id`. What hangs on stickers
    is small beside the side: when they change, another replier over the same side takes the place of this one.
    """

    def __init__(
        self,
        side: ConversationSide,
        ids: Sequence[int],
        vectors: Vectors,
        heat: NDArray[np.floating[Any]] | None = None,
        *,
        stickers: Iterable[Sticker] = (),
        name: str = "",
    ) -> None:
        self.side, self.shelf = side, Shelf(ids, vectors, heat)
        self._name, self._told = name or side.spec.recipe, Conversations(stickers, ())
        if self.shelf.vectors.shape[1] != side.spec.dim:
            raise ValueError(f"vectors of {self.shelf.vectors.shape[1]} numbers for a model of {side.spec.dim}")

    @classmethod
    def open(
        cls, folder: Path | str, ids: Sequence[int], vectors: Vectors,
        heat: NDArray[np.floating[Any]] | None = None, **rest: Any,
    ) -> Self:  # fmt: skip
        """Over a side of its own. Raises `BundleError`."""
        return cls(ConversationSide.open(folder), ids, vectors, heat, **rest)

    @property
    def name(self) -> str:
        """The model's."""
        return self._name

    def telling(self, stickers: Iterable[Sticker]) -> Self:
        """The same, with other stickers whose words are told."""
        other = copy(self)
        other._told = Conversations(stickers, ())
        return other

    def answer(self, asked: Sequence[Use], k: int, *, allow: Collection[int] | None = None) -> list[Answer]:
        """See `Replier`."""
        places, answers = self.shelf.places(allow), list[Answer]()
        for start in range(0, len(asked), AT_ONCE):
            heard = self.side.heard(asked[start : start + AT_ONCE], self._told)
            found = self.shelf.best(np.stack([one.vector for one in heard]), k, places)
            answers += [
                Answer(replies, one.intents, one.memories, one.knowledge, notes=one.notes)
                for replies, one in zip(found, heard, strict=True)
            ]
        return answers


class WordsReplier:
    """BM25: what was said last is searched among the words that are known of stickers."""

    name = "bm25"

    def __init__(self, ids: Sequence[int], stickers: Sequence[Sticker]) -> None:
        words = ((id, tokenise(wording.document(sticker))) for id, sticker in zip(ids, stickers, strict=True))
        self._index = LexicalIndex.of(words, max_terms=None)

    def answer(self, asked: Sequence[Use], k: int, *, allow: Collection[int] | None = None) -> list[Answer]:
        """See `Replier`; stickers without a word of what is searched for are no replies."""
        return [self._answer(use, k, allow) for use in asked]

    def _answer(self, use: Use, k: int, allow: Collection[int] | None) -> Answer:
        query = _whole(use.last_words)
        found = self._index.search(tokenise(query), k, allow=allow)
        replies = tuple(Reply(*hit) for hit in zip(found.ids.tolist(), found.scores.tolist(), strict=True))
        return Answer(replies, query=query, notes=() if replies else (Note.NO_WORD,))


def top(scores: NDArray[np.floating[Any]], k: int, places: NDArray[np.int64]) -> list[int]:
    """The `places` of the `k` greatest of `scores`, the greatest first, ties in the order they are given in."""
    k = max(0, min(k, len(scores)))
    if 0 < k < len(scores):
        least = np.partition(scores, -k)[-k]
        kept = np.flatnonzero(scores >= least)
        scores, places = scores[kept], places[kept]
    order: list[int] = places[np.argsort(-scores, kind="stable")[:k]].tolist()
    return order


def notes_on(
    use: Use, stickers: Conversations, *, n_turns: int, languages: Collection[str] = (), remembers: bool = False
) -> list[str]:
    """What is to be said of how a conversation is read, whatever reads it."""
    read = use.turns(n_turns)
    is_known = all(turn.sticker is None or turn.sticker in stickers.place for turn in read)
    wanted = {
        Note.TURNS: len(use.context) + bool(use.own_text) > len(read),
        Note.STICKER: not is_known,
        Note.LANGUAGE: bool(languages) and use.language not in languages,
        Note.EARLIER: bool(use.earlier) and not remembers,
    }
    return [note for note, is_so in wanted.items() if is_so]


def _notes(use: Use, spec: Spec, stickers: Conversations) -> list[str]:
    remembers = spec.memory not in ("", "none")
    notes = notes_on(use, stickers, n_turns=spec.n_turns, languages=spec.languages, remembers=remembers)
    return [*notes, Note.FIRST_STAGE] if spec.first_stage else notes


def read_spec(folder: Path) -> Spec:
    """How a folder's conversation side is fed. Raises `BundleError`."""
    try:
        spec = msgspec.json.decode((folder / SPEC).read_bytes(), type=Spec)
    except (OSError, msgspec.DecodeError) as error:
        raise BundleError(f"{folder / SPEC}: {error}") from error
    if spec.format != FORMAT:
        raise BundleError(f"{folder / SPEC}: format {spec.format}, not {FORMAT}")
    return spec


def _whole(text: str) -> str:
    """Half a surrogate pair is no text."""
    return text.encode("utf-8", "replace").decode()


def _tokenizer(folder: Path, length: int) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:  # the tokenizers library raises plain Exception
        raise BundleError(f"{folder / TOKENIZER}: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(length, direction="left")
    return tokenizer


def _outputs(graph: onnxruntime.InferenceSession, inputs: dict[str, Any]) -> list[_Out]:
    vectors, *rest = graph.run(None, inputs)
    logits = rest[0] if rest else np.zeros((len(vectors), 0), dtype=np.float32)
    return [_Out(*row) for row in zip(vectors, logits, strict=True)]


def _session(file: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises its own kinds, none of them public
        raise BundleError(f"{file}: {error}") from error
