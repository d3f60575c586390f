"""A release to a dataset repository of a hub: what is missing there in a few commits, then a tag with its number.

What is there already is compared by checksum, so that a push that was stopped goes on and one that was done sends
nothing. The card comes last: what it speaks of is there by then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.releases.checksums import Kept
from sticktionary.domain.releases.sending import Parcel, again, plainly, status_of

NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
BATCH_FILES, BATCH_BYTES = 200, 2**30
NOT_OURS = {".gitattributes"}  # made by the hub
LAST = {"README.md", "croissant.json"}
Told = Callable[[int, int], None]  # done, of


def send(parcel: Parcel, name: str, told: Told) -> str:
    """Push it and return its address there. Raises Refused."""
    with plainly(urlsplit(settings.HF_ENDPOINT).netloc, settings.HF_TOKEN):
        repository = Repository(name)
        repository.create()
        tags = repository.tags()
        if str(parcel.number) in tags:
            _refuse_another(repository, parcel)
        else:
            _refuse_older(parcel.number, tags)
            _push(repository, parcel, told)
    told(len(parcel.files), len(parcel.files))
    return f"{settings.HF_ENDPOINT}/datasets/{name}/tree/{parcel.number}"


def _push(repository: Repository, parcel: Parcel, told: Told) -> None:
    there = repository.files("main")
    missing = [kept for kept in parcel.files if not repository.holds(there, parcel, kept)]
    stale = sorted(there.keys() - {kept.path for kept in parcel.files} - NOT_OURS)
    n_done = len(parcel.files) - len(missing)
    for batch in batches(missing):
        told(n_done, len(parcel.files))
        repository.commit(parcel, batch, gone=[])
        n_done += len(batch)
    if stale:
        repository.commit(parcel, [], gone=stale)
    told(n_done, len(parcel.files))
    repository.tag(parcel.number)
    _refuse_another(repository, parcel)  # somebody else may have been faster


def batches(files: list[Kept]) -> Iterator[list[Kept]]:
    """Files in commits of a reasonable size, those that describe the others last."""
    batch: list[Kept] = []
    n_bytes = 0
    for kept in sorted(files, key=lambda kept: (kept.path in LAST, kept.path)):
        if batch and (len(batch) == BATCH_FILES or n_bytes + kept.n_bytes > BATCH_BYTES):
            yield batch
            batch, n_bytes = [], 0
        batch.append(kept)
        n_bytes += kept.n_bytes
    if batch:
        yield batch


def _refuse_another(repository: Repository, parcel: Parcel) -> None:
    """A number stands for one content for ever."""
    there = repository.files(str(parcel.number))
    same = all(repository.holds(there, parcel, kept) for kept in parcel.files)
    if not same or there.keys() - {kept.path for kept in parcel.files} - NOT_OURS:
        text = _("%(name)s has another release under the number %(number)s already.")
        raise Refused("taken", text % {"name": repository.name, "number": parcel.number})


def _refuse_older(number: int, tags: set[str]) -> None:
    newest = max((int(tag) for tag in tags if tag.isdecimal()), default=0)
    if newest > number:
        raise Refused(
            "older", _("Release %(number)s is there already; an older one would hide it.") % {"number": newest}
        )


class Repository:
    """One dataset repository, by the hub's own client."""

    def __init__(self, name: str) -> None:
        from huggingface_hub import HfApi  # slow to load, and only the worker needs it

        self.name = name
        self._api = HfApi(endpoint=settings.HF_ENDPOINT, token=settings.HF_TOKEN, library_name="sticktionary")

    def create(self) -> None:
        again(lambda: self._api.create_repo(self.name, repo_type="dataset", exist_ok=True))

    def tags(self) -> set[str]:
        refs = again(lambda: self._api.list_repo_refs(self.name, repo_type="dataset"))
        return {tag.name for tag in refs.tags}

    def files(self, revision: str) -> dict[str, str]:
        """What is there by path: its SHA-256, or the checksum that git has of a small file."""
        from huggingface_hub import RepoFile

        def listed() -> dict[str, str]:
            tree = self._api.list_repo_tree(self.name, repo_type="dataset", revision=revision, recursive=True)
            files = (entry for entry in tree if isinstance(entry, RepoFile))
            return {file.path: file.lfs.sha256 if file.lfs else file.blob_id for file in files}

        try:
            return again(listed)
        except OSError as error:
            if status_of(error) == 404:  # a repository without a first commit
                return {}
            raise

    def holds(self, there: dict[str, str], parcel: Parcel, kept: Kept) -> bool:
        from huggingface_hub.utils.sha import git_hash

        held = there.get(kept.path)
        if held is None or len(held) == len(kept.sha256):
            return held == kept.sha256
        return held == git_hash((parcel.folder / kept.path).read_bytes())

    def commit(self, parcel: Parcel, added: list[Kept], gone: list[str]) -> None:
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        def send() -> None:
            additions = [CommitOperationAdd(kept.path, str(parcel.folder / kept.path)) for kept in added]
            deletions = [CommitOperationDelete(path) for path in gone]
            message = f"Release {parcel.number}"
            self._api.create_commit(
                self.name, [*additions, *deletions], commit_message=message, repo_type="dataset", num_threads=4
            )

        again(send)

    def tag(self, number: int) -> None:
        again(lambda: self._api.create_tag(self.name, tag=str(number), repo_type="dataset", exist_ok=True))
