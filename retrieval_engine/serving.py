"""Encode queries and stickers with a published bundle on ONNX Runtime alone: no torch in the process that serves."""

from __future__ import annotations

import html
import logging
import string
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Final, Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .bundle import (
    IMAGE,
    LEAST_COSINE_INT8,
    TOKENIZER,
    TOUCHSTONE,
    BundleError,
    Cleaning,
    Manifest,
    Precision,
    read_manifest,
    text_tower,
)
from .dense import Vectors, unit
from .frames import Source, key_frames, pixels
from .gathering import Gathering
from .text import normalise

log = logging.getLogger(__name__)

N_CACHED: Final = 8_192
BATCH: Final = 32
PADDING: Final = 16
"""So many ids of padding a batch of texts may hold: another batch costs about as much."""
MAX_CHARACTERS: Final = 2_000
"""Longer texts are cut before they are tokenised; far beyond any context length."""


class Bundle:
    """Both towers of a published CLIP.

    Safe for many threads: texts that come while others are encoded are gathered and go through the tower together, and
    repeated ones come from a cache of the last 8,192.

    >>> bundle = Bundle.open(Path("starter_pack/clip"))  # doctest: +SKIP
    >>> bundle.encode(["so tired", "好累"]).shape  # doctest: +SKIP
    (2, 128)
    """

    def __init__(self, folder: Path, manifest: Manifest, *, threads: int, precision: Precision) -> None:
        self.folder, self.manifest, self.precision = folder, manifest, precision
        self._threads = threads
        self._clean = CLEANINGS[manifest.text.cleaning]
        self._tokenizer = _tokenizer(folder, manifest.text.context_length)
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = Lock()
        self._gathering = Gathering(self._encode_new, BATCH)

    @classmethod
    def open(
        cls, folder: Path | str, *, threads: int = 1, verify: bool = True, precision: Precision | None = None
    ) -> Self:
        """Open a bundle's folder, its files compared with their hashes unless `verify` is off. Raises `BundleError`.

        `threads` is the number ONNX Runtime uses for one call, `precision` that of the text tower where it is not to be
        what the manifest says. Where a processor rounds the 8 bit tower's vectors too far, the float32 one is taken
        instead, which is logged. The image tower is loaded when it is first used.
        """
        folder = Path(folder)
        manifest = read_manifest(folder, verify=verify)
        bundle = cls(folder, manifest, threads=threads, precision=precision or manifest.precision)
        bundle.encode([""])
        if precision is None and bundle.precision == "int8" and bundle.exactness < LEAST_COSINE_INT8:
            log.warning("%s: the 8 bit text tower is not exact enough on this processor; float32 it is", folder)
            return cls.open(folder, threads=threads, verify=False, precision="float32")
        return bundle

    @property
    def exactness(self) -> float:
        """The cosine of the touchstone's vector here with the float32 tower's where it was published."""
        published = np.asarray(self.manifest.touchstone, dtype=np.float32)
        return float(self.encode([TOUCHSTONE])[0] @ unit(published)) if len(published) else 1.0

    @property
    def name(self) -> str:
        """The model's name, for people."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """16 hexadecimal digits; vectors of different versions cannot be compared."""
        return self.manifest.version

    @property
    def dim(self) -> int:
        """d, the length of every vector."""
        return self.manifest.dim

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors [len(texts), d] of queries, the same for a text whatever it is encoded with."""
        with self._lock:
            known = {text: self._cache[text] for text in set(texts) if text in self._cache}
        new = sorted((text for text in dict.fromkeys(texts) if text not in known), key=len)
        for start in range(0, len(new), BATCH):  # other threads' texts come in between
            some = new[start : start + BATCH]
            known |= zip(some, self._gathering.get(some), strict=True)
        self._remember(known)
        return np.stack([known[text] for text in texts]) if texts else np.empty((0, self.dim), dtype=np.float32)

    def encode_stickers(self, stickers: Sequence[Source]) -> Vectors:
        """Unit vectors [len(stickers), d] of pictures: the towers' outputs for their key frames averaged, then scaled.

        Raises `FrameError` for one that cannot be read. (StickerCLIP averages after projection, before normalisation.)
        """
        frames = [self._pixels(sticker) for sticker in stickers]
        if not frames:
            return np.empty((0, self.dim), dtype=np.float32)
        outputs = self.run_image(np.concatenate(frames))
        edges = np.cumsum([len(part) for part in frames])[:-1]
        return unit(np.stack([part.mean(axis=0) for part in np.split(outputs, edges)]))

    def run_image(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """The image tower itself: prepared pixels [n, 3, size, size] to vectors [n, d], not scaled."""
        starts = range(0, len(pixels), BATCH)
        return np.concatenate([self._image.run(None, {"pixels": pixels[i : i + BATCH]})[0] for i in starts])

    def tokenise(self, text: str) -> list[int]:
        """The ids the text tower is fed for `text`, special tokens included, before padding."""
        whole = text[:MAX_CHARACTERS].encode("utf-8", "replace").decode()  # half a surrogate pair is no text
        return list(self._tokenizer.encode(self._clean(whole)).ids)

    def _pixels(self, sticker: Source) -> NDArray[np.float32]:
        spec = self.manifest.image
        return pixels(key_frames(sticker), spec.size, spec.mean, spec.std)

    def _encode_new(self, texts: list[str]) -> list[Vectors]:
        ids = [self.tokenise(text) for text in texts]
        if not self.manifest.text.any_length:
            ids = [self._padded(some, self.manifest.text.context_length) for some in ids]
        vectors: dict[int, Vectors] = {}
        for places in batches([len(some) for some in ids]):
            vectors |= zip(places, self._run_text([ids[place] for place in places]), strict=True)
        return [vectors[place] for place in range(len(texts))]

    def _run_text(self, batch: list[list[int]]) -> Vectors:
        longest = max(map(len, batch))
        padded = np.array([self._padded(ids, longest) for ids in batch], dtype=np.int64)
        return unit(self._text.run(None, {"ids": padded})[0])

    def _padded(self, ids: list[int], length: int) -> list[int]:
        return ids + [self.manifest.text.pad_id] * (length - len(ids))

    def _remember(self, vectors: dict[str, Vectors]) -> None:
        with self._lock:
            for text, vector in vectors.items():
                self._cache[text] = vector
                self._cache.move_to_end(text)
            while len(self._cache) > N_CACHED:
                self._cache.popitem(last=False)

    @cached_property
    def _text(self) -> onnxruntime.InferenceSession:
        return self._session(text_tower(self.precision))

    @cached_property
    def _image(self) -> onnxruntime.InferenceSession:
        return self._session(IMAGE)

    def _session(self, file: str) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self._threads, 1
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(str(self.folder / file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises its own kinds, none of them public
            raise BundleError(f"{self.folder / file}: {error}") from error


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The places of texts of these lengths, together in batches of which none needs more than `PADDING` in all."""
    batch, padding = list[int](), 0
    for place in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        if batch and padding + lengths[batch[0]] - lengths[place] > PADDING:
            yield batch
            batch, padding = [], 0
        batch.append(place)
        padding += lengths[batch[0]] - lengths[place]
    if batch:
        yield batch


def bundle_tokenizer(tokenizer: Tokenizer, context_length: int) -> Tokenizer:
    """`tokenizer`, cutting to `context_length` ids, special tokens kept, and padding nothing."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(context_length)
    return tokenizer


def _tokenizer(folder: Path, context_length: int) -> Tokenizer:
    try:
        return bundle_tokenizer(Tokenizer.from_file(str(folder / TOKENIZER)), context_length)
    except Exception as error:  # the tokenizers library raises plain Exception
        raise BundleError(f"{folder / TOKENIZER}: {error}") from error


def _unescaped(text: str) -> str:
    import ftfy  # only bundles made from models of a hub need it

    return html.unescape(html.unescape(ftfy.fix_text(text))).strip()


def _whitespace(text: str) -> str:
    return " ".join(_unescaped(text).split())


def _canonical(text: str) -> str:
    without_marks = _unescaped(text).replace("_", " ").translate(str.maketrans("", "", string.punctuation))
    return " ".join(without_marks.lower().split())


CLEANINGS: Final[dict[Cleaning, Callable[[str], str]]] = {
    "none": str,
    "normalise": normalise,
    "whitespace": _whitespace,
    "lower": lambda text: _whitespace(text).lower(),
    "canonicalize": _canonical,
}
"""What a tokenizer expects to have been done to its text: the three ways of open_clip, none, and `text.normalise`."""
