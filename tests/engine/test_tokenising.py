"""A bundle's tokenizer gives open_clip's ids, whatever is typed, up to the last id of the context."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import open_clip
import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from retrieval_engine.data import read_queries_csv
from retrieval_engine.encoder import _CLEANINGS
from retrieval_engine.probes import probe_queries
from retrieval_engine.serving import CLEANINGS, bundle_tokenizer
from retrieval_engine.tokenizing import from_hugging_face, from_simple

PACK: Final = Path(__file__).parents[2] / "starter_pack" / "pack"
CONTEXT: Final = 77
TYPED: Final = [
    query
    for language in ("en", "zh")
    for row in read_queries_csv(PACK / f"sticker_queries_{language}.csv")
    for query in row.queries
]
PIECES: Final = (
    "so tired", "CAN'T", "don't've", "nooooo", "123", "3.14", "&amp;", "&lt;b&gt;", "&#128557;", "&amp;quot;", "&nbsp;",
    "好累", "難過", "哈哈哈哈", "繁體", "ＡＢＣ", "１２３", "，。！？", "「」", "ﾊﾝｶｸ",
    "e\u0301", "n\u0303\u0323", "Å", "ﬁ", "ß", "İ", "ſ",
    "😭", "👍🏽", "👨‍👩‍👧", "🏳️‍🌈", "🇨🇳",
    "❤️", "①", "™", "\u200b", "\u200d", "\ufe0f", "\u202e", "\x00", "\x07", "\x85", "\u2028",
    "\t", "\r\n", "  ", "\u3000", "\u00a0", "_", "--", "<|im|>", "\ufffd", "é", "Ã©", "â€™",
)  # fmt: skip
KNOWN: Final = st.characters(
    exclude_categories=["Cn", "Co", "Cs"]
)  # what is a letter differs among versions of Unicode
ALPHABETS: Final = st.one_of(
    st.characters(max_codepoint=0x7F),
    st.characters(min_codepoint=0x3040, max_codepoint=0x30FF, exclude_categories=["Cn"]),
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF, exclude_categories=["Cn"]),
    st.characters(min_codepoint=0xFF00, max_codepoint=0xFFEF, exclude_categories=["Cn"]),
    st.characters(min_codepoint=0x1F300, max_codepoint=0x1FAFF, exclude_categories=["Cn"]),
    st.characters(min_codepoint=0x300, max_codepoint=0x36F),
    KNOWN,
)
TEXTS: SearchStrategy[str] = st.one_of(
    st.lists(st.sampled_from((*PIECES, *TYPED[::7])), max_size=12).map("".join),
    st.lists(st.sampled_from((*PIECES, *TYPED[::7])) | st.text(ALPHABETS, max_size=6), max_size=60).map(" ".join),
    st.text(ALPHABETS, max_size=400),
)


def same(ids: list[int], expected: list[int], pad_id: int) -> None:
    """Nothing but padding is left of open_clip's."""
    assert ids == expected[: len(ids)]
    assert set(expected[len(ids) :]) <= {pad_id}


SIMPLE = {clean: open_clip.SimpleTokenizer(clean=clean) for clean in ("lower", "whitespace", "canonicalize")}
CONVERTED = bundle_tokenizer(from_simple(SIMPLE["lower"]), CONTEXT)


@pytest.mark.parametrize("clean", SIMPLE)
@given(text=TEXTS)
@settings(max_examples=120)
def test_open_clip_s_own_tokenizer(clean: Any, text: str) -> None:
    ids = CONVERTED.encode(CLEANINGS[clean](text)).ids
    same(ids, SIMPLE[clean]([text], CONTEXT)[0].tolist(), 0)
    assert len(ids) <= CONTEXT
    assert (ids[0], ids[-1]) == (SIMPLE[clean].sot_token_id, SIMPLE[clean].eot_token_id)


def test_all_that_was_typed_for_the_starter_pack_and_all_probes() -> None:
    simple = SIMPLE["lower"]
    for text in (*TYPED, *probe_queries(), " ".join(TYPED[:40]), "好累" * 90):
        same(CONVERTED.encode(CLEANINGS["lower"](text)).ids, simple([text], CONTEXT)[0].tolist(), 0)


@pytest.fixture(scope="module", params=["unigram", "bytes", "words"])
def hugging_face(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """open_clip's tokenizer around one of transformers, of the kinds that XLM-R, RoBERTa and BERT have."""
    folder = tmp_path_factory.mktemp(request.param)
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    tokenizer = globals()[f"_{request.param}"](["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    return open_clip.tokenizer.HFTokenizer(str(folder), context_length=20, clean="whitespace")


def _unigram(special: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=3_000, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(TYPED, trainer)
    return tokenizer


def _bytes(special: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TYPED, trainer)
    return tokenizer


def _words(special: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=3_000, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(TYPED, trainer)
    return tokenizer


@given(text=TEXTS)
@settings(max_examples=120)
def test_tokenizers_of_hugging_face(hugging_face: Any, text: str) -> None:
    clean = CLEANINGS[_CLEANINGS[hugging_face.clean_fn]]
    converted = bundle_tokenizer(from_hugging_face(hugging_face.tokenizer), 20)
    ids = converted.encode(clean(text)).ids
    same(ids, hugging_face([text])[0].tolist(), hugging_face.tokenizer.pad_token_id)
    assert len(ids) <= 20
    assert (ids[0], ids[-1]) == (0, 2)
