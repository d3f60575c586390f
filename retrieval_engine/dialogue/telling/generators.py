"""Providers with weights: instruct models, vision-language models and sequence classifiers of transformers.

Each is named by its place on the hub or its folder, loads when it is first asked, answers greedily, so that the same
question has the same answer, and takes as many inputs at once as memory has room for. What a model says is returned as
it is; `asking` reads it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from PIL import Image

from ... import taxonomy
from ...querygen.loading import fingerprint
from ...querygen.loading import load as load_vision
from ...querygen.model import VisionLanguage
from ...querygen.pictures import strip
from ...training.devices import choose, forget_freed, precision, ran_out
from ...training.run import Refused
from .asking import ASKED, SENTIMENT_VERSION, Asked
from .providers import By, Kind

ROOM: Final = 4_096
"""Tokens of a prompt and its answer, at most; a longer conversation loses its beginning."""
AT_ONCE: Final = 8
SHOWN: Final = 200
"""Characters of a reason that a library gives."""
GLAD: Final = frozenset({"positive", "pos", "very positive", "4 stars", "5 stars", "积极", "正面", "正向"})
NOT_GLAD: Final = frozenset({"negative", "neg", "very negative", "1 star", "2 stars", "消极", "负面", "负向"})
NEITHER: Final = frozenset({"neutral", "neu", "3 stars", "mixed", "中性"})
Input = TypeVar("Input")


def name_of(base: str, version: int) -> str:
    """Such as "Qwen/Qwen3-1.7B@p1"; a folder's name with eight digits of what its weights are."""
    if not Path(base).is_dir():
        return f"{base}@p{version}"
    return f"{Path(base).resolve().name}~{fingerprint(base)[:8]}@p{version}"


class _Weights:
    """What the three have in common: one question at a time, and halves where memory is short."""

    by: By = "model"

    def __init__(self, base: str, version: int, device: str) -> None:
        self.base, self.name, self._wanted = base, name_of(base, version), device
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Load the weights. Raises `Refused`."""
        with self._lock:
            _ = self.held

    @cached_property
    def held(self) -> Any:
        """What was loaded."""
        return self._load(choose(self._wanted))

    def _load(self, device: torch.device) -> Any:
        raise NotImplementedError

    def _in_parts(self, inputs: Sequence[Input], answer: Callable[[Sequence[Input]], list[str]]) -> list[str]:
        with self._lock, torch.inference_mode():
            parts = (inputs[start : start + AT_ONCE] for start in range(0, len(inputs), AT_ONCE))
            return [text for part in parts for text in _halving(part, answer)]


def _halving(inputs: Sequence[Input], answer: Callable[[Sequence[Input]], list[str]]) -> list[str]:
    try:
        return answer(inputs)
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error) or len(inputs) < 2:
            raise
    forget_freed(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    middle = len(inputs) // 2
    return _halving(inputs[:middle], answer) + _halving(inputs[middle:], answer)


class Instruct(_Weights):
    """Knowledge, summaries and queries by a causal language model that follows instructions."""

    def __init__(self, kind: Kind, base: str, *, device: str = "auto") -> None:
        self.asked: Asked = ASKED[kind]
        super().__init__(base, self.asked.version, device)

    def __call__(self, inputs: Sequence[str], language: str) -> list[str]:
        """Its answers about texts."""
        return self._in_parts(inputs, lambda some: self._answers(some, language))

    def _load(self, device: torch.device) -> tuple[Any, Any]:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        return _loaded(self.base, AutoModelForCausalLM, AutoTokenizer, device)

    def _answers(self, texts: Sequence[str], language: str) -> list[str]:
        model, tokenizer = self.held
        prompts = [self._prompt(text, language) for text in texts]
        fed = tokenizer(prompts, padding=True, add_special_tokens=False, return_tensors="pt").to(model.device)
        fed.pop("token_type_ids", None)
        ids = model.generate(**fed, **_greedily(model, tokenizer, self.asked.n_tokens))
        said: list[str] = tokenizer.batch_decode(ids[:, fed["input_ids"].shape[1] :], skip_special_tokens=True)
        return said

    def _prompt(self, text: str, language: str) -> str:
        """With the end of `text`, as far as there is room."""
        model, tokenizer = self.held
        most = min(ROOM, getattr(model.config, "max_position_embeddings", None) or ROOM) - self.asked.n_tokens
        around = _chat(tokenizer, self.asked.prompt(language))
        room = max(1, most - len(tokenizer(around, add_special_tokens=False)["input_ids"]))
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        if len(ids) > room:
            text = tokenizer.decode(ids[-room:], skip_special_tokens=True)
        return _chat(tokenizer, self.asked.prompt(language, text))


def _chat(tokenizer: Any, prompt: str) -> str:
    """The prompt as the model's chats are written; a model that thinks aloud first is asked not to."""
    if tokenizer.chat_template is None:
        return (tokenizer.bos_token or "") + prompt
    said = [{"role": "user", "content": prompt}]
    return str(tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=False, enable_thinking=False))


def _greedily(model: Any, tokenizer: Any, n_tokens: int) -> dict[str, Any]:
    from transformers import GenerationConfig

    known = getattr(model.generation_config, "eos_token_id", None)
    ends = {tokenizer.eos_token_id, *(known if isinstance(known, list) else [known])} - {None}
    pad = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    how = GenerationConfig(  # type: ignore[no-untyped-call]
        max_new_tokens=n_tokens, do_sample=False, pad_token_id=pad, eos_token_id=sorted(ends) or None
    )
    return {"generation_config": how}


class Looking(_Weights):
    """Attributes and captions by a vision-language model. Its inputs are SHA-256 digests of pictures' files, which
    `pictures` leads to: what a model says hangs on the picture and not on where it lies."""

    def __init__(self, kind: Kind, base: str, pictures: Mapping[str, Path], *, device: str = "auto") -> None:
        self.asked: Asked = ASKED[kind]
        super().__init__(base, self.asked.version, device)
        self._pictures = pictures

    def __call__(self, inputs: Sequence[str], language: str) -> list[str]:
        """Its answers about pictures; `KeyError` and `FrameError` for one that is not there or cannot be read."""
        return self._in_parts(
            [strip(self._pictures[digest]) for digest in inputs], lambda s: self._answers(s, language)
        )

    def _load(self, device: torch.device) -> VisionLanguage:
        return load_vision(self.base, device)

    def _answers(self, pictures: Sequence[Image.Image], language: str) -> list[str]:
        held: VisionLanguage = self.held
        fed = held.placed(held.prompts(pictures, [self.asked.prompt(language)] * len(pictures)))
        with held.autocast():
            ids = held.model.generate(**fed, **_greedily(held.model, held.tokenizer, self.asked.n_tokens))
        said: list[str] = held.tokenizer.batch_decode(ids[:, fed["input_ids"].shape[1] :], skip_special_tokens=True)
        return said


class Feeling(_Weights):
    """Sentiment by a sequence classifier: how likely its glad labels are together, and those that are not glad. Labels
    may be names of polarity, stars, or those of GoEmotions."""

    def __init__(self, base: str, *, device: str = "auto") -> None:
        super().__init__(base, SENTIMENT_VERSION, device)

    def __call__(self, inputs: Sequence[str], language: str) -> list[str]:
        """ "p n" for each."""
        return self._in_parts(inputs, self._answers)

    def _load(self, device: torch.device) -> tuple[Any, Any, list[str]]:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        model, tokenizer = _loaded(self.base, AutoModelForSequenceClassification, AutoTokenizer, device)
        names = [model.config.id2label[at] for at in range(model.config.num_labels)]
        return model, tokenizer, [_polarity(name, self.base) for name in names]

    def _answers(self, texts: Sequence[str]) -> list[str]:
        model, tokenizer, polarities = self.held
        most = min(512, getattr(model.config, "max_position_embeddings", None) or 512) - 2
        fed = tokenizer(list(texts), padding=True, truncation=True, max_length=most, return_tensors="pt")
        logits = model(**fed.to(model.device)).logits.float()
        is_multi = model.config.problem_type == "multi_label_classification"
        likely = (logits.sigmoid() if is_multi else logits.softmax(-1)).cpu()
        sides = [[at for at, side in enumerate(polarities) if side == name] for name in ("positive", "negative")]
        return [" ".join(f"{float(row[side].sum()):.4f}" for side in sides) for row in likely]


def _polarity(label: str, base: str) -> str:
    name = label.lower().replace("_", " ").strip()
    for names, side in ((GLAD, "positive"), (NOT_GLAD, "negative"), (NEITHER, "neutral")):
        if name in names:
            return side
    if name in (emotions := taxonomy.load("goemotions-28").labels):
        return emotions[name].polarity or "neutral"
    raise Refused(f"{base}: nothing says whether its label {label} is glad or not.")


def _loaded(base: str, kind: Any, tokenizers: Any, device: torch.device) -> tuple[Any, Any]:
    """(model, tokenizer), frozen, padded on the left where it writes. Raises `Refused`."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        tokenizer = tokenizers.from_pretrained(base)
        model = kind.from_pretrained(base, dtype=precision(device), use_safetensors=True)
    except Exception as error:  # hub, file and configuration errors come in a dozen kinds
        reason = str(error).strip().partition("\n")[0][:SHOWN]
        raise Refused(f"The model {base} cannot be opened: {reason or type(error).__name__}") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if hasattr(model, "generation_config"):
        tokenizer.padding_side = "left"
    return model.requires_grad_(False).eval().to(device), tokenizer
