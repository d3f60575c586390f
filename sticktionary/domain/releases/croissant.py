"""croissant.json: the release described for machines, as Croissant 1.1 with the responsible-AI vocabulary 1.0."""

from __future__ import annotations

import json
from typing import Any

from sticktionary.domain.releases.about import About, File
from sticktionary.domain.releases.citation import bibtex, version
from sticktionary.domain.releases.columns import meaning
from sticktionary.domain.releases.contents import Table, has_pictures, tables
from sticktionary.domain.releases.facts import Facts

CONFORMS_TO = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
FORMATS = {"parquet": "application/x-parquet", "jsonl": "application/jsonlines", "csv": "text/csv"}
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(about: About, facts: Facts) -> str:
    return json.dumps(described(about, facts), ensure_ascii=False, indent=2) + "\n"


def described(about: About, facts: Facts) -> dict[str, Any]:
    credit = about.rules.credit
    shown = [table for table in tables(about) if table.format in FORMATS]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": credit.name,
        "description": facts.summary,
        "citeAs": bibtex(about),
        "creator": [{"@type": _kind(author), "name": author} for author in credit.authors],
        "datePublished": f"{about.watermark_at:%Y-%m-%d}",
        "inLanguage": about.rules.languages,
        "isLiveDataset": False,
        "keywords": facts.keywords,
        "license": [licence.url or licence.name for licence in facts.licences],
        **({"url": credit.url} if credit.url else {}),
        "version": version(about),
        **facts.responsible,
        "distribution": [item for table in shown for item in _files(table)] + _other_files(about),
        "recordSet": [_record_set(table) for table in shown],
    }


def _kind(author: str) -> str:
    return "sc:Person" if "," in author else "sc:Organization"


def _files(table: Table) -> list[dict[str, Any]]:
    """A table's files, each with its checksum, and the set of them where it has several."""
    objects = [_file(file) for file in table.parts.values()]
    if len(objects) == 1:
        return objects
    together = {
        "@type": "cr:FileSet",
        "@id": table.name,
        "name": table.name,
        "description": f"All parts of the table {table.name}.",
        "encodingFormat": FORMATS[table.format],
        "includes": table.pattern,
    }
    return [*objects, together]


def _file(file: File) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": file.path,
        "contentSize": f"{file.n_bytes} B",
        "encodingFormat": FORMATS[file.path.rpartition(".")[2]],
        "sha256": file.sha256,
    }


def _other_files(about: About) -> list[dict[str, Any]]:
    lists = [_file(file) for file in about.files if file.path.endswith(".csv")]
    if not has_pictures(about):
        return lists
    pictures = {
        "@type": "cr:FileSet",
        "@id": "pictures",
        "name": "pictures",
        "description": "The stickers' pictures, named by their sticker_id.",
        "encodingFormat": ["image/png", "image/webp", "image/gif", "image/jpeg", "video/webm"],
        "includes": "stickers/*",
    }
    return [*lists, pictures]


def _record_set(table: Table) -> dict[str, Any]:
    fields = [_field(table, name, kind) for name, kind in table.columns.items() if _type(kind)]
    nested = [name for name, kind in table.columns.items() if not _type(kind)]
    more = f" Nested columns, to be read from the files: {', '.join(nested)}." if nested else ""
    record_set = {
        "@type": "cr:RecordSet",
        "@id": f"{table.name}_rows",
        "name": f"{table.name}_rows",
        "description": table.about + more,
    }
    keys = {"queries": "query_id", "stickers": "sticker_id"}
    if keys.get(table.name) in table.columns:
        record_set["key"] = {"@id": f"{table.name}_rows/{keys[table.name]}"}  # type: ignore[assignment]
    return {**record_set, "field": fields}


def _field(table: Table, column: str, kind: str) -> dict[str, Any]:
    held = "fileObject" if len(table.parts) == 1 else "fileSet"
    place = next(iter(table.parts.values())).path if len(table.parts) == 1 else table.name
    lists = {"isArray": True, "arrayShape": "-1"} if kind.startswith("list<") else {}
    return {
        "@type": "cr:Field",
        "@id": f"{table.name}_rows/{column}",
        "name": column,
        "description": meaning(table.name, column),
        "dataType": _type(kind),
        **lists,
        "source": {held: {"@id": place}, "extract": {"column": column}},
    }


def _type(kind: str) -> str:
    """The type of a column as Croissant calls it; "" for what it cannot say."""
    if kind.startswith("list<"):
        inner = kind[len("list<") : -1].rpartition(": ")[2]
        return "" if inner.startswith(("list", "struct")) or inner.endswith(">") else _type(inner)
    if kind.startswith("dictionary<"):
        return "sc:Text"
    for beginning, name in TYPES:
        if kind.startswith(beginning):
            return name
    return ""


TYPES = [
    ("string", "sc:Text"),
    ("large_string", "sc:Text"),
    ("int", "sc:Integer"),
    ("uint", "sc:Integer"),
    ("double", "sc:Float"),
    ("float", "sc:Float"),
    ("bool", "sc:Boolean"),
    ("date", "sc:Date"),
    ("timestamp", "sc:DateTime"),
]
