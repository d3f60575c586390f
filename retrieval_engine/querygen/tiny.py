"""A LLaVA of a few hundred thousand weights, made from a configuration and a tokenizer learned from the data.

The same classes, files and inputs as the real one, so that everything but its knowledge can be tried without weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

PAD, START, END, IMAGE = "<pad>", "<s>", "</s>", "<image>"
VOCABULARY: Final = 3_000
SIDE, PATCH = 32, 8
WIDTH: Final = 96
MEAN, STD = (0.9, 0.88, 0.86), (0.22, 0.22, 0.24)
"""Of stickers on white."""
TEMPLATE: Final = (
    "<s>{% for message in messages %}{{ message['role'] }}: {% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}{% endfor %} {% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


def build(texts: Iterable[str], seed: int) -> tuple[Any, Any]:
    """(model, processor): a model whose weights are drawn from `seed`, its tokenizer learned from `texts`."""
    import torch
    from transformers import LlavaForConditionalGeneration

    processor = _processor(_tokenizer(texts))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlavaForConditionalGeneration(_configuration(processor.tokenizer))
    return model, processor


def _tokenizer(texts: Iterable[str]) -> Any:
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, START, END, IMAGE],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    named: dict[str, Any] = {"pad_token": PAD, "bos_token": START, "eos_token": END}
    named["extra_special_tokens"] = {"image_token": IMAGE}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named)  # type: ignore[no-untyped-call]


def _processor(tokenizer: Any) -> Any:
    from transformers import LlavaImageProcessor, LlavaProcessor

    pictures = LlavaImageProcessor(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}, image_mean=MEAN, image_std=STD
    )
    seen: dict[str, Any] = {"vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    return LlavaProcessor(pictures, tokenizer, patch_size=PATCH, chat_template=TEMPLATE, **seen)  # type: ignore[no-untyped-call]


def _configuration(tokenizer: Any) -> Any:
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig

    size: dict[str, Any] = {
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }
    ends: dict[str, Any] = {"pad_token_id": tokenizer.pad_token_id, "bos_token_id": tokenizer.bos_token_id}
    ends |= {"eos_token_id": tokenizer.eos_token_id}
    return LlavaConfig(
        vision_config=CLIPVisionConfig(**size, image_size=SIDE, patch_size=PATCH),
        text_config=LlamaConfig(
            **size, **ends, vocab_size=len(tokenizer), tie_word_embeddings=True, initializer_range=WIDTH**-0.5
        ),
        tie_word_embeddings=True,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        vision_feature_layer=-1,
    )
