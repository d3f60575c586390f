"""The Chinese edition is whole: whatever the code says is translated, and what is translated is what is compiled."""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.jslexer import tokenize
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.template.base import Lexer, Token, TokenType
from django.utils import translation
from django.utils.translation.template import templatize

ROOT: Path = settings.BASE_DIR
MESSAGES = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES"
DOMAINS = ("django", "djangojs")
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), (1,)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
OPTIONS = {"parse_template_string": True}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]")
WORD = re.compile(r"[A-Za-z]{2,}")
UNSAID = {"blocktranslate", "body_class", "bodyclass", "main_class", "body_data"}
SPOKEN = {"alt", "aria-label", "placeholder", "title"}
OWN_NAMES = {"Sticktionary", "stick", "tion", "ar"} | {"CSV", "JSON", "SHA", "API", "OpenAPI", "ms"}  # and formats
CODE = {"code", "pre"}
ONE_LANGUAGE = {"consent", "releases"}  # a text per language; what strangers read in a dataset
VOID = {"br", "hr", "img", "input", "link", "meta", "rect", "wbr"}
KEYS = {"Enter", "Esc", "Escape", "Backspace", "ArrowUp", "ArrowDown", "Home", "End", "Tab"}

Key = tuple[str, str, str]  # context, text, plural


def texts_of(source: str, method: str) -> Iterator[Key]:
    for _, message, _, context in extract(method, io.BytesIO(source.encode()), KEYWORDS, options=OPTIONS):
        text, plural = message if isinstance(message, tuple) else (message, "")
        yield context or "", text, plural


def sources(folder: str, *patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in (ROOT / folder).rglob(pattern))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


TEMPLATES = sources("templates", "*.html", "*.txt")
SCRIPTS = sources("static/js", "*.js")


def said(domain: str) -> set[Key]:
    """Every text that the code wants translated."""
    if domain == "djangojs":
        return {key for path in SCRIPTS for key in texts_of(path.read_text(), "javascript")}
    found = {key for path in sources("sticktionary", "*.py") for key in texts_of(path.read_text(), "python")}
    for path in TEMPLATES:
        lines = templatize(path.read_text(), origin=str(path)).splitlines()
        found.update(texts_of("\n".join(line.lstrip() for line in lines), "python"))
    return found


def catalogue(domain: str) -> Catalog:
    with (MESSAGES / f"{domain}.po").open("rb") as file:
        return read_po(file, locale="zh_Hans", domain=domain)


def messages(domain: str) -> list[Message]:
    return [message for message in catalogue(domain) if message.id]


def forms(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ("",))


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_catalogue_holds_what_the_code_says_and_nothing_else(domain: str) -> None:
    held = {(message.context or "", *(*forms(message.id), "")[:2]) for message in messages(domain)}
    assert held == said(domain)


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_text_has_its_translation(domain: str) -> None:
    assert [message.id for message in messages(domain) if message.fuzzy or not all(forms(message.string))] == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_translation_keeps_the_placeholders(domain: str) -> None:
    for message in messages(domain):
        asked = set(PLACEHOLDER.findall(forms(message.id)[-1]))
        assert [set(PLACEHOLDER.findall(form)) for form in forms(message.string)] == [asked], message.id


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_translation_is_chinese_with_its_own_punctuation(domain: str) -> None:
    beside_han = re.compile(r"[\u4e00-\u9fff][,;:!?]|[\u4e00-\u9fff]\.(?!\w)|[,;:!?][\u4e00-\u9fff]|您")
    for message in messages(domain):
        assert [beside_han.findall(form) for form in forms(message.string)] == [[]], message.id


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_compiled_catalogue_is_that_of_the_source(domain: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(domain))
    compiled.seek(0)
    with (MESSAGES / f"{domain}.mo").open("rb") as file:
        assert texts(file) == texts(compiled)


def texts(file: io.BufferedReader | io.BytesIO) -> dict[object, str]:
    held: dict[object, str] = dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]
    return {key: text for key, text in held.items() if key}  # the header names the compiler


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_catalogue_names_no_machine(domain: str) -> None:
    written = (MESSAGES / f"{domain}.po").read_text()
    assert re.findall(r"/(?:home|root|tmp|Users|usr|work)/|^#~", written, re.MULTILINE) == []


class Reader(HTMLParser):
    """What somebody reads or hears of a page, save parts that say themselves which language they are in."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.open: list[bool] = []  # for each open element: is it in a language of its own?

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        is_foreign = tag in CODE or (tag != "html" and any(name == "lang" for name, _ in attrs))
        if not is_foreign:
            self.said += [value for name, value in attrs if value and name in SPOKEN]
        if tag not in VOID:
            self.open.append(is_foreign)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not any(self.open):
            self.said.append(data)


def own_text(tokens: list[Token]) -> str:
    """Without tags and variables, and without what stands within a translation or a block of attributes."""
    kept, within = [], ""
    for token in tokens:
        words = token.contents.split() if token.token_type is TokenType.BLOCK else [""]
        if words[0] in UNSAID or words[-1] in UNSAID:
            within = words[0]
        elif words[0] == f"end{within}":
            within = ""
        kept.append(token.contents if token.token_type is TokenType.TEXT and not within else "")
    return "".join(kept)


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path.parent.name not in ONE_LANGUAGE], ids=name)
def test_a_template_says_nothing_that_is_not_translated(path: Path) -> None:
    source = own_text(Lexer(path.read_text()).tokenize())
    reader = Reader()
    reader.feed(source if path.suffix == ".html" else re.sub(r"https?://\S*", "", source))
    assert {word for text in reader.said for word in WORD.findall(text)} - OWN_NAMES == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_script_says_nothing_that_is_not_translated(path: Path) -> None:
    """A simple check: no string that begins like a sentence, save a translation's."""
    tokens, outside = list(tokenize(path.read_text())), []
    for i, token in enumerate(tokens):
        before = [each.value for each in tokens[max(0, i - 4) : i]]
        if token.type in {"string", "template_string"} and not any("gettext" in value for value in before):
            outside.append(token.value[1:-1])
    assert [text for text in outside if re.match(r"[A-Z][a-z]+\b", text) and text not in KEYS] == []


def test_the_libraries_speak_in_the_voice_of_the_edition() -> None:
    borrowed = ROOT / "locale" / "borrowed" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    with borrowed.open("rb") as file:
        held = [message for message in read_po(file, locale="zh_Hans") if message.id]
    with translation.override("zh-hans"):
        for message in held:
            one, *many = forms(message.id)
            said = translation.ngettext(one, many[0], 2) if many else translation.gettext(one)
            assert said == forms(message.string)[0]


def test_a_poor_password_is_refused_in_chinese() -> None:
    with translation.override("zh-hans"), pytest.raises(ValidationError) as refused:
        validate_password("1234")
    assert refused.value.messages == ["太短了，至少 8 位。", "这个密码太常见了。"]
