"""What a player may be called: any script, nothing that hides, nothing by which to be reached."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.play import contact

MAX_LENGTH = 24
JOINERS = "\u200c\u200d"  # needed in several scripts and in emoji, so allowed between visible characters
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
RESERVED = {"admin", "administrator", "moderator", "sticktionary", "system", "you", "贴典", "管理员", "系统", "你"}


def tidied(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())


def key_of(name: str) -> str:
    """Equal for names that differ only in case, width, ligatures or invisible joiners."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(c for c in folded if c not in JOINERS and not _is_selector(c)).split())


def checked(name: str, *, may_be_reserved: bool = False) -> str:
    """The name as it is kept; raises Refused with what is wrong with it."""
    name = tidied(name)
    if not key_of(name):
        raise Refused("name_empty", _("Please give a name."))
    if len(name) > MAX_LENGTH or len(key_of(name)) > 4 * MAX_LENGTH:
        raise Refused("name_long", _("At most %(n)s characters, please.") % {"n": MAX_LENGTH})
    if _hides_something(name):
        raise Refused("name_hidden", _("This name has characters that cannot be seen. Please leave them out."))
    if contact.holds_contact_data(unicodedata.normalize("NFKC", name)):
        raise Refused("name_contact", _("Please keep addresses and links out of your name; everybody sees it."))
    if key_of(name) in RESERVED and not may_be_reserved:
        raise Refused("name_reserved", _("This name is kept for the house. Please take another."))
    return name


def _hides_something(name: str) -> bool:
    return any(
        unicodedata.category(c) in HIDDEN and not (c in JOINERS and _joins(name, i)) for i, c in enumerate(name)
    ) or bool(re.search(r"[\u0300-\u036f]{3}", unicodedata.normalize("NFD", name)))


def _joins(name: str, i: int) -> bool:
    return 0 < i < len(name) - 1 and not name[i - 1].isspace() and name[i + 1] not in JOINERS + " "


def _is_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f"
