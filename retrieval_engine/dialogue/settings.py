"""What each model of conversations can be told. Nothing here needs torch: forms, commands and estimates are made from
these before anything is trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..training.recipes import setting

TOWER_RATE: Final = "Share of the learning rate at which pretrained towers learn; tiny ones learn at the whole."
MEMORIES: Final = ("words", "vectors", "random", "none")


@dataclass(frozen=True, slots=True)
class Training:
    """What every recipe here can be told; each has defaults of its own."""

    epochs: int = setting(10, "Passes through the training conversations.", low=1, high=10_000, advanced=False)
    batch: int = setting(32, "Conversations for one step of the optimiser.", low=2, high=4_096, advanced=False)
    learning_rate: float = setting(1e-3, "Of AdamW, at its height.", low=1e-8, high=1.0, advanced=False)
    n_turns: int = setting(6, "The last turns before the sticker that are read.", low=1, high=200, advanced=False)
    length: int = setting(128, "Tokens of a conversation, at most: the last ones.", low=4, high=8_192)
    freeze_image: bool = setting(False, "Keep the picture tower as it is.", advanced=False)
    freeze_text: bool = setting(False, "Keep the text tower as it is.", advanced=False)
    tower_rate: float = setting(0.05, TOWER_RATE, low=0.0, high=1.0)
    part: int = setting(64, "Pictures or texts that go through a tower at once.", low=1, high=65_536)
    weight_decay: float = setting(1e-2, "Of AdamW, on matrices alone.", low=0.0, high=1.0)
    warm_up: float = setting(0.05, "Share of the steps in which the learning rate rises.", low=0.0, high=1.0)
    max_norm: float = setting(1.0, "Longer gradients are cut to this length.", low=1e-6, high=1e6)
    patience: int = setting(3, "Passes without a better validation after which it ends; 0 never.", low=0, high=1_000)
    save_every: int = setting(200, "Steps between checkpoints.", low=1, high=1_000_000)
    languages: str = setting(
        "", "Languages of the conversations, with commas between; empty for all of the release.", advanced=False
    )
    lora: int = setting(
        0,
        "Rank of small matrices (LoRA) that learn in the place of the towers' own weights; 0 for none. For pretrained "
        "towers.",
        low=0,
        high=1_024,
        advanced=False,
    )
    listed: int = setting(10, "Stickers of a stored list of candidates, the right one among them.", low=2, high=1_000)
    judged: int = setting(2_000, "Test conversations that are judged, at most.", low=1, high=1_000_000)
    validated: int = setting(200, "Validation conversations that are judged after each pass, at most.", low=1)
    baselines: bool = setting(True, "Judge words alone (BM25), CLIP and the untrained model as well.")
    query_model: str = setting(
        "",
        "Writes what to search for, to compare with: a language model (a name or a folder), or a file of values; empty "
        "for none.",
    )


@dataclass(frozen=True, slots=True)
class ClipSettings(Training):
    """Of the two towers alone."""


@dataclass(frozen=True, slots=True)
class SrsSettings(Training):
    """SRS's."""

    learning_rate: float = setting(1e-4, "Of AdamW, at its height.", low=1e-8, high=1.0, advanced=False)
    n_turns: int = setting(15, "The last turns before the sticker that are read.", low=1, high=200, advanced=False)
    length: int = setting(30, "Tokens of an utterance, at most.", low=4, high=8_192)
    max_norm: float = setting(2.0, "Longer gradients are cut to this length.", low=1e-6, high=1e6)
    tower_rate: float = setting(1.0, TOWER_RATE, low=0.0, high=1.0)
    candidates: int = setting(10, "Stickers of a pack that stand beside each other, the right one among them.", low=2)
    emotion_weight: float = setting(1.0, "Of the loss of the sticker's emotion; 0 leaves it out.", low=0.0, high=100.0)


@dataclass(frozen=True, slots=True)
class MmbertSettings(Training):
    """MMBERT's; its CLIP is frozen."""

    batch: int = setting(8, "Conversations for one step of the optimiser.", low=2, high=4_096, advanced=False)
    learning_rate: float = setting(9e-6, "Of AdamW, at its height.", low=1e-8, high=1.0, advanced=False)
    weight_decay: float = setting(0.2, "Of AdamW, on matrices alone.", low=0.0, high=1.0)
    tower_rate: float = setting(1.0, TOWER_RATE, low=0.0, high=1.0)
    printed_weight: float = setting(0.1, "Of guessing the words on the sticker from the conversation.", low=0.0)
    intent_weight: float = setting(0.1, "Of telling what the sticker is used for.", low=0.0)
    words_weight: float = setting(0.05, "Of guessing masked words of the conversation.", low=0.0)
    text_encoder: str = setting(
        "",
        "The encoder that reads: a name, a folder, or tiny; empty for tiny beside tiny towers, and "
        "FacebookAI/xlm-roberta-base beside others.",
        advanced=False,
    )


@dataclass(frozen=True, slots=True)
class IntRaSettings(Training):
    """Int-RA's; six turns are the paper's best."""

    relation: str = setting(
        "residual",
        "What attributes do to the picture: add what they find in it, or weigh its places (the paper's equation 12).",
        choices=("residual", "scalar"),
        advanced=False,
    )
    knowledge: bool = setting(True, "Read what the knowledge provider says of the speaker.", advanced=False)
    attributes: bool = setting(True, "Look at stickers through their attributes.", advanced=False)
    intent_weight: float = setting(1.0, "Of the loss of the intent; 0 leaves it out.", low=0.0, high=100.0)
    margin: float = setting(0.3, "By which the right pair must win, in cosine.", low=0.0, high=2.0)
    hardest: bool = setting(True, "Only the hardest wrong one of the batch counts; else all of them, added up.")
    teacher_forcing: float = setting(0.5, "Share of conversations that are told the right intent.", low=0.0, high=1.0)
    heads: int = setting(8, "Of the attention.", low=1, high=64)
    knowledge_model: str = setting(
        "",
        "Tells what the speaker wants and feels: a language model (a name or a folder), or a file of values that was "
        "filled beforehand; empty for nobody.",
        advanced=False,
    )
    attribute_model: str = setting(
        "",
        "Tells the attributes of stickers that nobody described: a vision-language model (a name or a folder), or a "
        "file of values; empty for nobody.",
    )


@dataclass(frozen=True, slots=True)
class IgsrSettings(Training):
    """IGSR's. The paper's batch of two has one wrong sticker for each right one; a queue of past ones has more."""

    memory: str = setting(
        "words",
        "How earlier sessions are chosen: by words (BM25), by the text tower's vectors, at random, or not at all.",
        choices=MEMORIES,
        advanced=False,
    )
    n_memories: int = setting(5, "Summaries of earlier sessions that are read.", low=1, high=50, advanced=False)
    intent_weight: float = setting(1.0, "Of the loss of the intent; 0 leaves it out.", low=0.0, high=100.0)
    mask_intent: bool = setting(True, "What is used for the same is no wrong answer.")
    with_label: bool = setting(True, "Add what the predicted intent is called to what is looked for.")
    queue: int = setting(1_024, "Past stickers that are wrong answers, too; 0 for those of the batch alone.", low=0)
    memory_length: int = setting(128, "Tokens of the memories, at most.", low=4, high=8_192)
    summary_model: str = setting(
        "",
        "Sums up the sessions that nobody has summed up: a language model (a name or a folder), or a file of values; "
        "empty for their most telling lines.",
        advanced=False,
    )


@dataclass(frozen=True, slots=True)
class PbrSettings(Training):
    """PBR's, with sentiment-aware negatives off until they win on validation data."""

    batch: int = setting(8, "Dialogues for one step.", low=2, high=4_096, advanced=False)
    learning_rate: float = setting(1e-4, "Of AdamW, at its height.", low=1e-8, high=1.0, advanced=False)
    weight_decay: float = setting(2e-2, "Of AdamW, on matrices alone.", low=0.0, high=1.0)
    n_turns: int = setting(20, "The last turns before the sticker that are read.", low=1, high=200, advanced=False)
    length: int = setting(512, "Tokens of a dialogue, at most: the last ones.", low=4, high=8_192)
    tower_rate: float = setting(1.0, TOWER_RATE, low=0.0, high=1.0)
    candidates: int = setting(10, "Stickers of a pack that stand beside each other, the right one among them.", low=2)
    emotions: float = setting(
        0.5, "Weight of the distilled emotions (EKD); 0 leaves them out.", low=0.0, advanced=False
    )
    intra: float = setting(0.5, "Weight of telling stickers of a pack apart (TSCL); 0: none.", low=0.0, advanced=False)
    inter: float = setting(
        0.5, "Weight of telling those of other packs apart (TSCL); 0: none.", low=0.0, advanced=False
    )
    negatives: str = setting(
        "semantic",
        "How wrong stickers for the matcher are drawn: at random, by how like they are, or by sentiment as well.",
        choices=("random", "semantic", "sentiment"),
        advanced=False,
    )
    kappa: float = setting(1.0, "How much sentiment counts (PHSM), at its height.", low=0.0, high=20.0)
    ramp_from: float = setting(0.3, "Share of the training at which sentiment begins to count.", low=0.0, high=1.0)
    ramp_to: float = setting(0.7, "Share of the training at which it counts wholly.", low=0.0, high=1.0)
    anchors: int = setting(60, "Anchors of each emotion, at most.", low=1, high=1_000)
    teacher_temperature: float = setting(0.1, "Of the teacher's cosines to the anchors.", low=1e-3, high=10.0)
    sampling_temperature: float = setting(0.07, "Of the likeness by which wrong ones are drawn.", low=1e-3, high=10.0)
    layers: int = setting(2, "Layers of attention between dialogue and sticker.", low=1, high=24)
    shortlist: int = setting(50, "Stickers by their vectors that the matcher looks at again.", low=1, high=10_000)
    teacher_epochs: int = setting(20, "Passes of the teacher of emotions through labelled stickers.", low=1, high=1_000)
    sentiment_model: str = setting(
        "",
        "Says how glad an utterance is where people were not asked: a classifier (a name or a folder), or a file of "
        "values; empty for a short list of words.",
    )


@dataclass(frozen=True, slots=True)
class StickerLlmSettings(Training):
    """StickerLLM's."""

    learning_rate: float = setting(3e-4, "Of AdamW, at its height.", low=1e-8, high=1.0, advanced=False)
    weight_decay: float = setting(0.0, "Of AdamW, on matrices alone.", low=0.0, high=1.0)
    n_turns: int = setting(1, "The last turns before the sticker that are read.", low=1, high=200, advanced=False)
    length: int = setting(128, "Tokens of a prompt, at most: the last ones.", low=4, high=8_192)
    retrieval_weight: float = setting(1.0, "Of the contrastive loss beside that of the words.", low=0.0, high=100.0)
    ordinary: float = setting(
        0.25, "Share of ordinary prompts, by which it learns when not to search.", low=0.0, high=0.9, advanced=False
    )
    new_rows: bool = setting(True, "Learn the rows of the new tokens; without them it never searches by itself.")
    printed: float = setting(0.4, "How much the words on a sticker count beside its picture.", low=0.0, high=2.0)
    language_model: str = setting(
        "",
        "The language model: a name, a folder, or tiny; empty for tiny beside tiny towers, and Qwen/Qwen3-0.6B beside "
        "others.",
        advanced=False,
    )
    towers_epochs: int = setting(
        10,
        "Passes in which tiny towers learn what people type for stickers and say of them, before they are frozen; 0 "
        "leaves them as they are. Others are not trained.",
        low=0,
        high=1_000,
    )
