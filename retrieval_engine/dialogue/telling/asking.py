"""What a model is asked for values of each kind, in English and Chinese.

A prompt has a number, which is part of the provider's name: another wording asks anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from . import answers
from .providers import Kind


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt by language, of which `version` counts the wordings, the tokens an answer may take, and its reader."""

    version: int
    prompts: Mapping[str, str]
    n_tokens: int
    read: Callable[[str], str]

    def prompt(self, language: str, text: str = "") -> str:
        """In the language, or in English where there is none in it; `text` is what it is about."""
        return self.prompts.get(language, self.prompts["en"]).format(text=text)


KNOWLEDGE: Final = Asked(
    1,
    {
        "en": (
            "Below is the end of a chat. Think about the person who spoke last. Answer with one JSON object and nothing"
            " else, each value a phrase of at most eight words:\n"
            '{{"xIntent": why they say it, "xNeed": what they needed before, "xWant": what they want next,'
            ' "xEffect": what happens to them because of it, "xReact": how they feel}}\n'
            'For "I finally handed in my thesis" a good answer is {{"xIntent": "to share the news",'
            ' "xNeed": "to work for months", "xWant": "to rest and celebrate", "xEffect": "gets congratulated",'
            ' "xReact": "relieved and proud"}}.\n\nThe chat:\n{text}\n'
        ),
        "zh": (
            "下面是一段聊天的结尾。请设想最后说话的那个人，只回答一个 JSON 对象，不要写别的，"
            "每个值是不超过十五个字的短语：\n"
            '{{"xIntent": 他为什么这么说, "xNeed": 在此之前他需要什么, "xWant": 接下来他想要什么,'
            ' "xEffect": 这会给他带来什么, "xReact": 他的心情}}\n'
            '例如对“我终于把论文交了”，好的回答是 {{"xIntent": "分享好消息", "xNeed": "写了好几个月",'
            ' "xWant": "好好休息庆祝一下", "xEffect": "得到大家的祝贺", "xReact": "如释重负又自豪"}}。'
            "\n\n聊天内容：\n{text}\n"
        ),
    },
    160,
    answers.knowledge,
)
SUMMARY: Final = Asked(
    1,
    {
        "en": (
            "Sum up this chat in one to five plain sentences: who is in it, what it is about, how they feel. Use the"
            " speakers' names as they stand. Write nothing else.\n\n{text}\n"
        ),
        "zh": (
            "请用一到五句话概括下面的聊天：有谁、说了什么事、大家心情如何。说话人的名字照原样写。不要写别的。"
            "\n\n{text}\n"
        ),
    },
    200,
    answers.summary,
)
ATTRIBUTES_SEEN: Final = Asked(
    1,
    {
        "en": (
            "This is a sticker from a chat. Answer with one JSON object and nothing else, each value a list of up to"
            ' three short English phrases, or [] where there is none to be seen: {{"gesture": what the hands or paws'
            ' do, "posture": how the body is held, "face": the facial expression, "verbal": the words on it or what'
            " it says}}"
        ),
        "zh": (
            "这是聊天里用的一张贴纸。只回答一个 JSON 对象，不要写别的，"
            "每个值是一个列表，最多三个简短的中文词语，看不出来就写 []："
            '{{"gesture": 手或爪子的动作, "posture": 身体的姿势, "face": 面部表情, "verbal": 上面的文字或它想说的话}}'
        ),
    },
    120,
    answers.attributes,
)
CAPTION: Final = Asked(
    1,
    {
        "en": "Describe this sticker in one short English sentence: who or what is on it, and what it does.",
        "zh": "请用一句简短的中文描述这张贴纸：上面是谁或什么，在做什么。",
    },
    60,
    answers.caption,
)
QUERY: Final = Asked(
    1,
    {
        "en": (
            "Below is the end of a chat. Somebody wants to answer it with a sticker. What would they type to find one?"
            ' Write one search query of one to five English words, such as "so proud of you", and nothing else.'
            "\n\nThe chat:\n{text}\n"
        ),
        "zh": (
            "下面是一段聊天的结尾。有人想发一张贴纸来回应，会输入什么去找？只写一个简短的中文搜索词，例如“为你骄傲”，不要写别的。"
            "\n\n聊天内容：\n{text}\n"
        ),
    },
    24,
    answers.query,
)
ASKED: Final[Mapping[Kind, Asked]] = {
    "knowledge": KNOWLEDGE,
    "summary": SUMMARY,
    "attributes": ATTRIBUTES_SEEN,
    "caption": CAPTION,
    "query": QUERY,
}
"""What is asked in words; sentiment is read off a classifier."""
SENTIMENT_VERSION: Final = 1
"""Of how a classifier's labels are taken for glad or not."""
