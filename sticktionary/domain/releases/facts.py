"""What several documents of a release say alike: the summary, the licences, and the answers about responsible use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from django.conf import settings

from sticktionary.domain.releases.about import About
from sticktionary.domain.releases.contents import has_pictures
from sticktionary.domain.releases.licences import Licence, licence_of
from sticktionary.domain.releases.printing import number

LANGUAGES = {"en": "English", "zh": "Chinese"}


@dataclass(frozen=True)
class Facts:
    summary: str
    keywords: list[str]
    words_licence: Licence  # of what players wrote
    licences: list[Licence]  # of all that is in it, that of the words first
    biases: list[str]
    limitations: list[str]
    uses: list[str]
    misuses: list[str]
    personal: list[str]
    responsible: dict[str, Any]  # the same and more, as Croissant's terms


@cache
def said() -> dict[str, Any]:
    """What is said alike in every release: texts and lists of texts by name."""
    path = settings.BASE_DIR / "templates" / "releases" / "statements.yaml"
    statements: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return statements


def facts_of(about: About) -> Facts:
    licences = _licences(about)
    biases, limitations, personal = _biases(about), _limitations(about), _personal(about)
    return Facts(
        summary=_summary(about),
        keywords=[*said()["keywords"], *_spoken(about)],
        words_licence=licences[0],
        licences=licences,
        biases=biases,
        limitations=limitations,
        uses=said()["uses"],
        misuses=said()["misuses"],
        personal=personal,
        responsible={
            **{f"rai:{term}": said()[name] for term, name in TERMS.items()},
            "rai:dataAnnotationProtocol": [said()["collection"], said()["refused"]],
            "rai:dataBiases": biases,
            "rai:dataLimitations": limitations,
            "rai:personalSensitiveInformation": personal,
        },
    )


TERMS = {  # of Croissant's responsible-AI vocabulary, and the statement that answers each
    "dataCollection": "collection",
    "dataCollectionType": "collection_types",
    "dataCollectionRawData": "raw",
    "dataCollectionMissingData": "missing",
    "dataPreprocessingProtocol": "preprocessing",
    "dataAnnotationPlatform": "platforms",
    "dataAnnotationAnalysis": "analysis",
    "annotationsPerItem": "per_item",
    "annotatorDemographics": "demographics",
    "machineAnnotationTools": "machine",
    "dataUseCases": "uses",
    "dataSocialImpact": "impact",
    "dataReleaseMaintenancePlan": "maintenance",
}


def _spoken(about: About) -> list[str]:
    return [LANGUAGES.get(language, language) for language in about.rules.languages]


def _summary(about: About) -> str:
    n_queries, n_stickers, n_house = (about.counts.get(f"n_{name}", 0) for name in ("queries", "stickers", "house"))
    pictures = "with their pictures" if has_pictures(about) else "without their pictures"
    lines = [
        f"What people type when they look for a sticker: {number(n_queries)} search queries in "
        f"{' and '.join(_spoken(about))} for {number(n_stickers)} stickers, {pictures}."
    ]
    if n_queries > n_house:
        lines.append("Players of a word game wrote them, others had to find the sticker with them; that proof is here.")
    if n_house:
        lines.append(f"{number(n_house)} of the queries came with the stickers and are marked as such.")
    return " ".join(lines)


def _licences(about: About) -> list[Licence]:
    lent = [pack for pack in about.packs if pack.with_pictures or about.rules.with_house]
    found = [licence_of(about.rules.credit.licence), *(licence_of(pack.licence) for pack in lent)]
    return list(dict.fromkeys(found))


def _biases(about: About) -> list[str]:
    house = [said()["house_bias"]] if about.rules.with_house else []
    outliers = [] if about.rules.leave_out_outliers else [said()["few_bias"]]
    return [*said()["biases"], *house, *outliers]


def _limitations(about: About) -> list[str]:
    found = list(said()["limitations"])
    if not has_pictures(about):
        found.append("The pictures are not part of this release, because their licences do not allow it.")
    elif not all(pack.with_pictures for pack in about.packs):
        found.append("Some packs are here without their pictures, because their licences do not allow more.")
    if about.rules.with_unproven:
        found.append("It holds queries that nobody found the sticker by; a column tells them apart.")
    return found


def _personal(about: About) -> list[str]:
    withdrawn = f"{number(about.n_withdrawn)} withdrawn records are left out of this release."
    return [*said()["personal"], withdrawn]
