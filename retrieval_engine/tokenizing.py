"""Tokenizers that need no torch to run: trained on queries, or converted from those open_clip uses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

PAD, START, END = "<pad>", "<start>", "<end>"
SIMPLE_PATTERN: Final = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def train_bpe(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """A byte-level BPE of `vocabulary` tokens for normalised queries of any language. Pad is 0, start 1, end last."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - 1, special_tokens=[PAD, START], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([END])
    return _framed(tokenizer, START, END)


def _framed(tokenizer: Tokenizer, start: str, end: str) -> Tokenizer:
    ids = [(token, tokenizer.token_to_id(token)) for token in (start, end)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{start} $A {end}", pair=None, special_tokens=ids)
    return tokenizer


def from_simple(simple: Any) -> Tokenizer:
    """open_clip's `SimpleTokenizer` after its cleaning: the same ids for every text without special tokens in it."""
    merges = sorted(simple.bpe_ranks, key=simple.bpe_ranks.__getitem__)
    model = models.BPE(vocab=simple.encoder, merges=merges, end_of_word_suffix="</w>")
    tokenizer = Tokenizer(model)
    words = pre_tokenizers.Split(Regex(f"(?i:{SIMPLE_PATTERN})"), behavior="removed", invert=True)
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, bytes_only])
    return _framed(tokenizer, "<start_of_text>", "<end_of_text>")


def from_hugging_face(tokenizer: Any) -> Tokenizer:
    """The `tokenizers` half of a fast tokenizer of transformers. ValueError for a slow one, which has none."""
    fast: Tokenizer | None = getattr(tokenizer, "backend_tokenizer", None)
    if fast is None:
        raise ValueError(f"{type(tokenizer).__name__} has no fast form, so it cannot be published")
    return Tokenizer.from_str(fast.to_str())
