"""Whether a query says only what is drawn. A small word list per language, beside the sticker's own labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import rjieba

from retrieval_engine.text import normalise

ENGLISH = """
red orange yellow green blue purple violet pink brown black white grey gray golden silver beige cream tan teal light
dark small big little tiny round cute fluffy furry chubby fat dog puppy cat kitten kitty bear panda frog toad duck
bird chick chicken penguin owl fox wolf rabbit bunny mouse rat hamster monkey lion tiger cow pig sheep goat horse deer
elephant fish whale shark octopus crab snail bee bug insect snake turtle capybara dragon dinosaur unicorn ghost robot
alien monster dumpling bun bao heart star sun moon cloud rain snow fire flower rose tree leaf cake bread coffee tea
cup mug glass phone hand hands finger fingers thumb face head eye eyes mouth tongue teeth nose ear ears tail paw paws
wing wings hair hat cap glasses tear tears smile person man woman boy girl baby emoji emoticon icon symbol sign
sticker image picture drawing cartoon character animal animated
"""
ENGLISH_GLUE = "a an the of with and in on at is its to wearing holding has having two one 1 2"
CHINESE = """
红色 橙色 黄色 绿色 蓝色 紫色 粉色 粉红色 棕色 褐色 黑色 白色 灰色 金色 银色 米色 红 橙 黄 绿 蓝 紫 粉
棕 黑 白 灰 浅色 深色 小 大 小小 圆 圆圆 可爱 胖 毛茸茸 狗 小狗 狗狗 猫 小猫 猫咪 熊 小熊 熊猫 大熊猫
青蛙 蛙 鸭子 小鸭子 小黄鸭 鸭 鸟 小鸟 小鸡 鸡 企鹅 猫头鹰 狐狸 狼 兔子 小兔子 老鼠 仓鼠 猴子 狮子 老虎
牛 猪 小猪 羊 山羊 马 鹿 大象 鱼 鲸鱼 鲨鱼 章鱼 螃蟹 蜗牛 蜜蜂 虫子 蛇 乌龟 水豚 卡皮巴拉 龙 恐龙
独角兽 鬼 幽灵 小幽灵 机器人 外星人 怪物 饺子 包子 馒头 爱心 心 星星 太阳 月亮 云 雨 雪 火 花 玫瑰 树
叶子 蛋糕 面包 咖啡 茶 杯子 手机 手 手指 拇指 脸 头 眼睛 嘴 嘴巴 舌头 牙齿 鼻子 耳朵 尾巴 爪子 翅膀
头发 帽子 眼镜 眼泪 泪 笑脸 人 男人 女人 男孩 女孩 宝宝 表情 表情包 图标 符号 贴纸 图片 图 卡通 动物
动图
"""
CHINESE_GLUE = "的 一个 一只 一张 一条 个 只 张 条 和 与 在 着 了 有 戴 戴着 拿 拿着 两个 两只"


def is_only_drawn(text: str, labels: Mapping[str, Any], language: str) -> bool:
    """Whether every word names something in the picture, so that the query says nothing of when one would send it."""
    words = split_words(text, language)
    known = _words_of(language)
    named = {normalise(label) for label in labelled(labels, language)}
    if normalise(text) in named:
        return True
    named_words = {word for label in named for word in split_words(label, language)}
    telling = [word for word in words if word not in _glue_of(language)]
    return bool(telling) and all(word in known or word in named_words for word in telling)


def split_words(text: str, language: str) -> list[str]:
    folded = normalise(text)
    if language == "zh":
        return [word for word in rjieba.cut(folded) if re.search(r"\w", word)]
    return re.findall(r"\w+", folded)


def labelled(labels: Mapping[str, Any], language: str) -> Iterable[str]:
    """The words of the "drawn" label: a list, a line with semicolons, or one of these per language."""
    value = labels.get("drawn", [])
    if isinstance(value, Mapping):
        value = value.get(language, [])
    parts = re.split(r"[;；]", value) if isinstance(value, str) else value
    return [str(part).strip() for part in parts if str(part).strip()]


@cache
def _words_of(language: str) -> frozenset[str]:
    english = ENGLISH.split()
    return frozenset(CHINESE.split() if language == "zh" else [*english, *(f"{word}s" for word in english)])


@cache
def _glue_of(language: str) -> frozenset[str]:
    return frozenset((CHINESE_GLUE if language == "zh" else ENGLISH_GLUE).split())
