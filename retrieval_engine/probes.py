"""A thousand queries in English and Chinese as people type them, composed anew every time, that towers are compared on.

Texts alone decide nothing about a model; they only have to reach every corner of a tower that queries reach: short and
long, one language and two, drawn-out words, emoji, digits, marks, full-width forms, texts past any context length.
"""

from __future__ import annotations

import random
from itertools import cycle
from typing import Final

N_PROBES: Final = 1_000


def _words(listed: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in listed.split(";"))


_EN_FEELINGS: Final = _words(
    """tired; happy; so done; jealous; in love; hungry; bored; proud of you; shocked; freaking out; sleepy; sorry;
    confused; excited; heartbroken; grumpy; awkward; relieved; speechless; cold"""
)
_EN_MOMENTS: Final = _words(
    """monday morning; when the weekend is finally here; after the exam; my boss texting at midnight; rainy day;
    when you find money in your pocket; before coffee; waiting for the bus; nobody replies; birthday party;
    when mum calls; last slice of pizza; can't find my keys; happy new year; when the wifi dies; good night;
    deadline tomorrow; puppy eyes; crying in the shower; see you in 5 minutes"""
)
_EN_SHORT: Final = _words(
    """lol; ok; omg; nooooo; yaaay; thx; brb; hahaha; ugh; why??; please!!; wtf; hi; congrats; bye bye; love u;
    good job; what?; no way; facepalm"""
)
_ZH_FEELINGS: Final = _words(
    """好累; 开心; 无语; 羡慕; 想你了; 饿了; 无聊; 为你骄傲; 震惊; 崩溃; 困死了; 对不起; 一脸懵; 激动; 心碎; 生气;
    尴尬; 松了一口气; 不想说话; 冷死了"""
)
_ZH_MOMENTS: Final = _words(
    """又到周一了; 周末终于来了; 考完试以后; 老板半夜发消息; 下雨天; 口袋里翻出一百块; 还没喝咖啡; 等公交车; 没人理我;
    生日快乐; 妈妈打电话来; 最后一块披萨; 找不到钥匙; 新年快乐; 网断了; 晚安; 明天就要交了; 可怜巴巴的眼神;
    在被窝里哭; 马上就到"""
)
_ZH_SHORT: Final = _words(
    """哈哈哈哈; 好的; 天哪; 不要啊; 耶; 谢谢; 等一下; 救命; 唉; 为什么？？; 求求你了; 什么鬼; 嗨; 恭喜; 拜拜; 爱你哟;
    干得好; 啊？; 不会吧; 捂脸"""
)
_EMOJI: Final = _words("""😭; 😂😂; 🥺; ❤️; 👍🏽; 🎉; 🙃; 😴💤""")


def probe_queries(n: int = N_PROBES) -> list[str]:
    """`n` different texts, in turn English and Chinese; the same every time."""
    dice, texts = random.Random(820_000), dict[str, None]()
    for number, compose in enumerate(cycle((_english, _chinese))):
        if len(texts) == n:
            break
        texts[compose(dice, number)] = None
    return list(texts)


def _english(dice: random.Random, number: int) -> str:
    return _query(dice, number, (_EN_FEELINGS, _EN_MOMENTS, _EN_SHORT), " ")


def _chinese(dice: random.Random, number: int) -> str:
    return _query(dice, number, (_ZH_FEELINGS, _ZH_MOMENTS, _ZH_SHORT), "")


def _query(dice: random.Random, number: int, words: tuple[tuple[str, ...], ...], gap: str) -> str:
    """One of the shapes that queries have, by turns."""
    feeling, moment, short, emoji = (dice.choice(some) for some in (*words, _EMOJI))
    shapes = (
        f"{short}{gap}{feeling}",
        f"{feeling}{emoji}",
        moment,
        f"{feeling}{gap}{moment}",
        f"{short}{gap}{moment}{emoji}",
        moment[: dice.randint(1, len(moment))],
        f"{feeling}{gap}{dice.choice(_ZH_SHORT)} {dice.choice(_EN_SHORT)}",
        f"{short}{gap}{feeling}{gap}{moment} {dice.randint(2, 2_030)}{emoji}",
        f"{feeling.upper()}！{gap}{moment}...",
        gap.join(dice.sample(words[1], dice.randint(3, 12))),
    )
    return shapes[number // 2 % len(shapes)]
