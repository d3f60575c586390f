"""Ways to reach somebody, in a few words of English or Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator

_EMAIL = re.compile(r"[\w.+-]+\s?@\s?[\w-]+\.[a-z]{2,}", re.I)
_ADDRESS = re.compile(
    r"https?:|www\.|\b[\w-]+\.(?:com|net|org|cn|io|me|co|tv|cc|xyz|top|info|app|link|gg|ru|uk|de|hk|tw|vip|shop)\b(?!\.\w)",
    re.I | re.A,
)
_PHONE = re.compile(r"\+?\d(?:[\s().-]?\d){6,}")
_HANDLE = re.compile(r"(?:^|[^\w])@(?!(?:everyone|here|all|channel|everybody|me|you|us)\b)[A-Za-z0-9_.]{3,}", re.A)
_ACCOUNT = re.compile(
    r"(?:qq|微信|薇信|威信|wechat|weixin|vx|v信|加[vV]|telegram|\btg\b|飞机号|whatsapp|snapchat|\bline\b|抖音号|小红书号)"
    r"\s*(?:号|群|id)?\s*[:：是为=]?\s*(?=[a-z0-9_-]*\d)[a-z0-9_-]{5,}",
    re.I,
)


KINDS = {"email": _EMAIL, "link": _ADDRESS, "handle": _HANDLE, "account": _ACCOUNT, "number": _PHONE}


def places(text: str) -> Iterator[tuple[str, int, int]]:
    """Where in the text there is contact data, and of what kind: email, link, handle, account or (long) number."""
    for kind, pattern in KINDS.items():
        for found in pattern.finditer(text):
            if kind != "number" or len(set(re.findall(r"\d", found.group()))) > 2:  # 66666666 is laughter
                yield kind, found.start(), found.end()


def holds_contact_data(text: str) -> bool:
    return any(True for _place in places(text))
