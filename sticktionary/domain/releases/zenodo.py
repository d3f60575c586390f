"""A release to a Zenodo draft: one archive, and the files that describe it beside it. A person publishes the draft.

A draft is used again, and what is in it already is compared by checksum: sending twice makes no second draft.
"""

from __future__ import annotations

import html
import re
import tempfile
from collections.abc import Callable
from hashlib import file_digest
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import yaml
from django.conf import settings
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.releases.sending import Parcel, again, plainly, status_of
from sticktionary.domain.zipping import write_zip

BESIDE = ["README.md", "croissant.json", "CITATION.cff", "LICENSE", "DATASHEET.md", "RELEASE_NOTES.md", "SHA256SUMS"]
NUMBER = re.compile(r"[0-9]{1,18}")
TIMEOUT = httpx2.Timeout(60, read=600)
Told = Callable[[int, int], None]
Keep = Callable[[str, str], None]  # the draft's number and address, to be written down at once


def send(parcel: Parcel, known: str, told: Told, keep: Keep) -> str:
    """Fill a draft and return its address. `known` is the number of the draft that was begun, if one was."""
    headers = {"Authorization": f"Bearer {settings.ZENODO_TOKEN}"}
    with (
        plainly(urlsplit(settings.ZENODO_URL).netloc, settings.ZENODO_TOKEN),
        httpx2.Client(base_url=f"{settings.ZENODO_URL}/api/", headers=headers, timeout=TIMEOUT) as client,
    ):
        draft = _draft(client, parcel, known)
        address: str = draft["links"]["html"]
        keep(str(draft["id"]), address)
        if draft["submitted"]:
            raise Refused("published", _("This draft is published already: %(address)s.") % {"address": address})
        _fill(client, draft, parcel, told)
        _call(client, "PUT", f"deposit/depositions/{draft['id']}", json={"metadata": metadata(parcel)})
    return address


def _call(client: httpx2.Client, method: str, path: str, **sent: Any) -> Any:
    def call() -> httpx2.Response:
        return client.request(method, path, **sent).raise_for_status()

    response = again(call)
    return response.json() if response.content else None


def _draft(client: httpx2.Client, parcel: Parcel, known: str) -> dict[str, Any]:
    """The draft that was begun for this release, or a new one."""
    draft: dict[str, Any]
    if NUMBER.fullmatch(known):
        try:
            draft = _call(client, "GET", f"deposit/depositions/{known}")
            return draft
        except httpx2.HTTPStatusError as error:
            if status_of(error) != 404:  # thrown away by a person
                raise
    wanted = metadata(parcel)
    drafts = _call(client, "GET", "deposit/depositions", params={"status": "draft", "q": f'"{wanted["title"]}"'})
    for draft in drafts:
        if draft["metadata"].get("title") == wanted["title"] and draft["metadata"].get("notes") == wanted["notes"]:
            return draft  # begun when the answer did not arrive
    draft = _call(client, "POST", "deposit/depositions", json={"metadata": wanted})
    return draft


def _fill(client: httpx2.Client, draft: dict[str, Any], parcel: Parcel, told: Told) -> None:
    there = {file["filename"]: file for file in draft["files"]}
    with tempfile.TemporaryDirectory(dir=parcel.folder.parent, prefix=".") as workshop:
        archive = Path(workshop) / f"{parcel.folder.name}.zip"
        n_all = len(parcel.files) + 1 + len(BESIDE)
        told(0, n_all)
        write_zip(parcel.folder, archive, lambda: told(0, n_all))
        paths = [archive, *(parcel.folder / name for name in BESIDE)]
        for name in sorted(there.keys() - {path.name for path in paths}):
            _call(client, "DELETE", f"deposit/depositions/{draft['id']}/files/{there[name]['id']}")
        for done, path in enumerate(paths, len(parcel.files)):
            if _md5(path) != there.get(path.name, {}).get("checksum", "").removeprefix("md5:"):
                _upload(client, draft, path)
            told(done + 1, n_all)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "md5").hexdigest()  # what the archive compares by


def _upload(client: httpx2.Client, draft: dict[str, Any], path: Path) -> None:
    def put() -> None:
        with path.open("rb") as file:
            client.put(f"{draft['links']['bucket']}/{quote(path.name)}", content=file).raise_for_status()

    again(put)


def metadata(parcel: Parcel) -> dict[str, Any]:
    """What CITATION.cff says, as Zenodo calls it."""
    cited = yaml.safe_load((parcel.folder / "CITATION.cff").read_text(encoding="utf-8"))
    sums = next(kept.sha256 for kept in parcel.files if kept.path == "SHA256SUMS")
    licence = {"license": cited["license"].lower()} if "license" in cited else {}
    return {
        "upload_type": "dataset",
        "title": cited["title"],
        "description": f"<p>{html.escape(cited['abstract'])}</p>",
        "creators": [{"name": _creator(author)} for author in cited["authors"]],
        "publication_date": str(cited["date-released"]),
        "version": cited["version"],
        "keywords": cited["keywords"],
        "access_right": "open",
        "notes": f"SHA-256 of SHA256SUMS: {sums}",
        **licence,
    }


def _creator(author: dict[str, str]) -> str:
    return author.get("name") or f"{author['family-names']}, {author['given-names']}"
