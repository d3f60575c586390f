"""Two stages that take people out of what they wrote: ways to reach somebody, then the names of those who speak.

The first leaves `<email>`, `<link>`, `<phone>`, `<account>`, `<mention>` where something stood; the second puts the
speaker's pseudonym for each of their names. People who are only spoken of stay: no rule knows a name by its looks.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import regex

from sticktionary.domain.play import contact

REMOVED = "<removed>"

_STOP = r"\s<>()（）\[\]{}\"'“”，。！？、；,!;"
_TOP = "com|net|org|cn|io|me|co|tv|cc|xyz|top|info|app|link|gg|ru|uk|de|hk|tw|vip|shop"
_LINK = re.compile(
    rf"(?:https?:|www\.)[^{_STOP}]*|\b[\w-]+(?:\.[\w-]+)*\.(?:{_TOP})\b(?!\.\w)(?:[/?#:][^{_STOP}]*)?", re.I | re.A
)
_EMAIL = re.compile(r"[\w.+-]+\s?@\s?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}", re.I)
_PHONE = re.compile(r"\+?\d(?:[\s().-]?\d){6,}")
_ACCOUNT = re.compile(
    r"((?:qq|微信|薇信|威信|wechat|weixin|vx|v信|加v|telegram|\btg\b|飞机号|whatsapp|snapchat|\bline\b|抖音号|小红书号)"
    r"\s*(?:号|群|id)?\s*[:：是为=]?\s*)(?=[a-z0-9_-]*\d)[a-z0-9_-]{5,}",
    re.I,
)
_MENTION = regex.compile(r"@((?:[^\s@<>,，。.!！?？:：;；、]|\.(?=\w)){1,40})")
_EVERYBODY = {"everyone", "here", "all", "channel", "everybody", "所有人", "全体成员", "大家"}

_HAN = regex.compile(r"\p{Han}")
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
    "余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_NO_NAME = frozenset(["the", "and", "von", "van", "der", "den", "del", "bin", "for", "you", "not", "are"])


class Mask:
    """Takes people out of the texts of one chat. `counts` says how often what was taken out."""

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        """`names`: by speaker, in the order in which they first speak, what they are called."""
        self.pseudonyms = {speaker: f"User_{n}" for n, speaker in enumerate(names, 1)}
        self.counts: Counter[str] = Counter()
        self._called: dict[str, str] = {}
        for speaker, called in names.items():
            for name in sorted(set(called) | {speaker}):
                for form in _forms(name):
                    self._called.setdefault(form.casefold(), self.pseudonyms[speaker])
        self._names = _pattern(self._called)

    def __call__(self, text: str) -> str:
        masked = self._masked(text)
        if contact.holds_contact_data(unicodedata.normalize("NFKC", masked)):  # written in wide digits, or the like
            masked = self._masked(unicodedata.normalize("NFKC", masked))
        if contact.holds_contact_data(unicodedata.normalize("NFKC", masked)):
            self.counts["removed"] += 1
            return REMOVED
        return masked

    def _masked(self, text: str) -> str:
        text = _EMAIL.sub(self._put("email"), text)
        text = _LINK.sub(self._put("link"), text)
        text = _ACCOUNT.sub(self._account, text)
        text = _PHONE.sub(self._phone, text)
        text = _MENTION.sub(self._mention, text)
        return text if self._names is None else str(self._names.sub(self._name, text))

    def _put(self, kind: str) -> Callable[[re.Match[str]], str]:
        def put(found: re.Match[str]) -> str:
            self.counts[kind] += 1
            return f"<{kind}>"

        return put

    def _account(self, found: re.Match[str]) -> str:
        self.counts["account"] += 1
        return f"{found[1]}<account>"

    def _phone(self, found: re.Match[str]) -> str:
        if len(set(re.findall(r"\d", found[0]))) <= 2:  # 66666666 is laughter
            return found[0]
        self.counts["phone"] += 1
        return "<phone>"

    def _mention(self, found: regex.Match[str]) -> str:
        """A speaker's pseudonym where it is one of theirs, also when the next words follow without a space."""
        called = found[1]
        if called.casefold() in _EVERYBODY:
            return str(found[0])
        known = [form for form in self._called if called.casefold().startswith(form)]
        self.counts["mention"] += 1
        if not known:
            return "<mention>"
        longest = max(known, key=len)
        return self._called[longest] + called[len(longest) :]

    def _name(self, found: regex.Match[str]) -> str:
        if found["kept"]:
            return str(found[0])
        self.counts["name"] += 1
        return self._called.get(found[0].casefold(), "<mention>")


def _forms(name: str) -> list[str]:
    """A name, and what people make of it: its parts, or a Chinese one without the surname."""
    name = " ".join(name.split())
    parts = [part for part in name.split(" ") if len(part) > 2 and part.lower() not in _NO_NAME] if " " in name else []
    if len(name) == 3 and all(_HAN.match(char) for char in name) and name[0] in _SURNAMES:
        parts = [name[1:]]
    return [form for form in [name, *parts] if _is_telling(form)]


def _is_telling(name: str) -> bool:
    """Whether it can be looked for in texts: A, B or 12 would be found everywhere."""
    return len(name) > (4 if name.isdecimal() else 1)


def _pattern(names: Iterable[str]) -> regex.Pattern[str] | None:
    """All names at once, the longest first; a word in letters has to stand alone, Chinese need not."""
    ordered = sorted(names, key=lambda name: (-len(name), name))
    if not ordered:
        return None
    alone = r"(?<![\p{{L}}\p{{M}}\p{{N}}_--\p{{Han}}]){}(?![\p{{L}}\p{{M}}\p{{N}}_--\p{{Han}}])"
    found = [regex.escape(name) if _HAN.search(name) else alone.format(regex.escape(name)) for name in ordered]
    return regex.compile(r"(?P<kept><[a-z]+>|\bUser_\d+\b)|" + "|".join(found), regex.I | regex.V1)
