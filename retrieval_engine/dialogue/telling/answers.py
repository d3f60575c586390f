"""How the answers of models are read.

Models answer with more than they were asked for: a fence, a thought, a word before and after, a comma too many, an end
that was cut off. What can be mended is; what is left without a value is a `ValueError`, and nobody's guess.

>>> knowledge('Sure! ```json {"xIntent": "to rest", "xReact": ["tired"], "xNeed": "none",')
'to rest; tired'
>>> attributes("{'gesture': 'waving, thumbs up', 'posture': [], 'facial expression': ['grin']}")
'{"gesture": ["waving", "thumbs up"], "posture": [], "face": ["grin"]}'
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any, Final

import regex

from ..data.conversations import ATTRIBUTES
from . import knowing
from .providers import anything

MOST_SENTENCES: Final = 5
"""Of a summary. (MultiChat)"""
MOST_OF_QUERY: Final = 60
"""Characters of a query, as in the game."""
MOST_WORDS, MOST_LETTERS = 5, 30
"""Of an attribute: as many words as an annotator may give, each as long."""
ALIASES: Final = {
    "facial expression": "face",
    "expression": "face",
    "words": "verbal",
    "text": "verbal",
    "pose": "posture",
}
NONE: Final = frozenset({"", "none", "n/a", "na", "null", "nothing", "unknown", "无", "没有", "未知", "不明"})
_THOUGHT: Final = re.compile(r"<think>.*?(?:</think>|\Z)", re.S)
_SENTENCE: Final = regex.compile(r".+?(?:[.!?](?=\s|$)|[。！？]|$)", regex.S)
_COMMAS: Final = re.compile(r"[,;，、；\n]")
_HAN: Final = regex.compile(r"\p{Han}")
_LETTER: Final = regex.compile(r"\p{L}")
_INTRODUCED: Final = re.compile(r"^(?:(?:\d{1,2}[.)]|[-*•])\s+)?(?:(?:(?:search\s+)?query|搜索词)\s*[:：]\s*)?", re.I)
_AROUND: Final = "\"'“”‘’「」` \n\t"


def json_object(text: str) -> dict[str, Any]:
    """The first JSON object of a text, mended where that is possible."""
    start = text.find("{")
    if start < 0:
        raise ValueError(f"no JSON object: {text.strip()[:60]!r}")
    for read in (_as_json, _as_literal, lambda told: _as_json(_closed(told))):
        value = read(text[start:])
        if isinstance(value, dict):
            return value
    raise ValueError(f"a JSON object that cannot be mended: {text[start : start + 60]!r}")


def _as_json(text: str) -> Any:
    try:
        return json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None


def _as_literal(text: str) -> Any:
    """With single quotes, as Python writes an object."""
    try:
        return ast.literal_eval(text[: text.rindex("}") + 1])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _closed(text: str) -> str:
    """With straight quotes, without a comma before a bracket, and with the brackets that are missing at its end; the
    value in which it was cut off is left out."""
    written, closers, whole, quote = list[str](), list[str](), ("", ""), ""
    escaped = False
    for char in text:
        if quote:
            if not escaped and char == quote:
                quote, char = "", '"'
            escaped = char == "\\" and not escaped
        elif char in "\"“'":
            quote, char = {"“": "”"}.get(char, char), '"'
        elif char in "{[":
            closers.append("}" if char == "{" else "]")
        elif char in ",，":
            char = ","
            whole = ("".join(written), "".join(reversed(closers)))
        elif char in "}]" and closers:
            if "".join(written).rstrip().endswith(","):
                written = list("".join(written).rstrip()[:-1])
            closers.pop()
            if not closers:
                return "".join([*written, char])
            whole = ("".join([*written, char]), "".join(reversed(closers)))
        elif char == "：":
            char = ":"
        written.append(char)
    return whole[0] + whole[1]


def _told(text: str) -> str:
    return _THOUGHT.sub("", text).strip()


def knowledge(text: str) -> str:
    """The relations of a JSON object; of several phrases for one the first. `ValueError` where there is none."""
    names = {name.lower(): name for name in knowing.RELATIONS}
    found = {
        names[key]: phrase
        for name, value in json_object(_told(text)).items()
        if (key := name.lower().replace("_", "").strip()) in names and (phrase := _phrase(value))
    }
    if not found:
        raise ValueError("none of the five relations")
    return knowing.knowledge(json.dumps(found, ensure_ascii=False))


def _phrase(value: Any) -> str:
    first = next(iter(value), "") if isinstance(value, list) else value
    phrase = " ".join(str(first).split()).strip(_AROUND) if isinstance(first, str) else ""
    return "" if phrase.lower().rstrip(".。") in NONE else phrase


def attributes(text: str) -> str:
    """As a JSON object of lists of words, in the order of Int-RA: an empty list says that there is none to be seen.
    What was not answered is absent; `ValueError` where nothing was."""
    found = dict[str, list[str]]()
    for name, value in json_object(_told(text)).items():
        key = name.lower().replace("_", " ").strip()
        if (key := ALIASES.get(key, key)) in ATTRIBUTES and value is not None:
            found.setdefault(key, _words(value))
    if not found:
        raise ValueError("none of the four attributes")
    return json.dumps({name: found[name] for name in ATTRIBUTES if name in found}, ensure_ascii=False)


def attributes_of(text: str) -> dict[str, list[str]]:
    """What `attributes` wrote."""
    told: dict[str, list[str]] = json.loads(text) if text else {}
    return told


def _words(value: Any) -> list[str]:
    held = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in held):
        raise ValueError(f"no words: {value!r}"[:80])
    words = (" ".join(word.split()).strip(_AROUND + ".。") for each in held for word in _COMMAS.split(each))
    kept = dict.fromkeys(word for word in words if word.lower() not in NONE)
    return [word for word in kept if len(word) <= MOST_LETTERS][:MOST_WORDS]


def caption(text: str) -> str:
    """Its first sentence."""
    return _sentences(text, 1)


def query(text: str) -> str:
    """Its first line with words, without numbers, quotes and what introduces it."""
    for line in _told(text).splitlines():
        told = _INTRODUCED.sub("", " ".join(line.split())).strip(_AROUND + ".。")
        if _LETTER.search(told):
            if len(told) > MOST_OF_QUERY:
                raise ValueError(f"no query: {len(told)} characters")
            return told
    raise ValueError("no words")


def summary(text: str) -> str:
    """Its first five sentences."""
    return _sentences(text, MOST_SENTENCES)


def _sentences(text: str, most: int) -> str:
    told = anything(_told(text).strip(_AROUND))
    if not _LETTER.search(told):
        raise ValueError("no words")
    return "".join(_SENTENCE.findall(told)[:most]).strip()


def in_language(text: str, language: str) -> bool:
    """Whether words are written as that language is: Chinese with Han, English without more Han than other letters."""
    n_letters, n_han = len(_LETTER.findall(text)), len(_HAN.findall(text))
    if not n_letters:
        return True
    return n_han > 0 if language == "zh" else 2 * n_han <= n_letters
