"""Conversations to begin with on the page that tries conversation models, in both languages. Written for this page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    name: str
    language: str
    title: str
    text: str


EXAMPLES = (
    Example(
        "monday",
        "en",
        "Monday morning",
        "mia: did you sleep at all\n"
        "tom: two hours. the neighbours had a party\n"
        "mia: and the meeting is at nine\n"
        "tom: i am so tired\n"
        "mia:",
    ),
    Example(
        "exam",
        "en",
        "The second try",
        "# Mia failed her driving test in spring and was sad about it.\n"
        "mia: i failed :( the parking again\n"
        "tom: oh no. next time for sure\n"
        "---\n"
        "mia: guess who has a driving licence!\n"
        "tom: no way!!\n"
        "mia: first in the queue this morning, not one mistake\n"
        "tom:",
    ),
    Example(
        "three",
        "en",
        "Three about a cake",
        "ada: who ate the last piece of cake\n"
        "ben: not me\n"
        "cleo: i was asleep\n"
        "ada: ben there is cream on your nose\n"
        "ben:",
    ),
    Example(
        "overtime",
        "zh",
        "又加班",
        "小雨：今晚还来吃火锅吗\n阿杰：老板刚说要加班\n小雨：又加班？这周第三次了\n阿杰：好累，不想上班\n小雨：",
    ),
    Example(
        "offer",
        "zh",
        "好消息",
        "# 上个月阿杰面试没通过，很难过。\n"
        "阿杰：面试没过，难过\n"
        "小雨：别灰心，下次一定行\n"
        "---\n"
        "阿杰：我拿到录取通知了！\n"
        "小雨：真的吗！太厉害了\n"
        "阿杰：谢谢你一直鼓励我\n"
        "小雨：",
    ),
    Example(
        "late",
        "zh",
        "又迟到了",
        "老王：你到哪儿了\n小李：马上，五分钟\n老王：你半小时前也这么说\n小李：这次是真的，对不起嘛\n老王：",
    ),
)
BY_NAME = {example.name: example for example in EXAMPLES}
