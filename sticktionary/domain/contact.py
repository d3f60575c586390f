"""Ways to reach somebody, in a few words of English or Chinese."""

from __future__ import annotations

import re

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


def holds_contact_data(text: str) -> bool:
    return bool(
        any(pattern.search(text) for pattern in (_EMAIL, _ADDRESS, _HANDLE, _ACCOUNT))
        or any(len(set(re.findall(r"\d", number))) > 2 for number in _PHONE.findall(text))  # 66666666 is laughter
    )
