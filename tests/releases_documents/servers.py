"""A dataset hub and a Zenodo on this machine: real servers that speak the calls the clients make, kept in memory."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Answer = tuple[int, Any]
CUT = 0  # in place of a status: the connection is closed without an answer


@dataclass
class Fault:
    """What happens instead of the answer to calls that match, `times` times."""

    method: str
    path: str
    status: int
    times: int = 1
    done: bool = False  # whether the call is carried out before its answer is lost


@dataclass
class Server:
    token: str
    routes: list[tuple[str, str, Callable[..., Answer]]]
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    url: str = ""
    on_call: Callable[[str], None] = lambda call: None

    def start(self) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> Answer:
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        self.calls.append(f"{method} {path}")
        self.on_call(f"{method} {path}")
        fault = next((f for f in self.faults if f.times and f.method == method and re.search(f.path, path)), None)
        if fault is not None:
            fault.times -= 1
            if fault.done:
                self._routed(method, path, query, body)
            return fault.status, {"error": "a fault", "message": "a fault"}
        if headers.get("Authorization") != f"Bearer {self.token}" and not path.startswith("/lfs/"):
            return 401, {"error": "Invalid credentials", "message": "Invalid credentials"}
        return self._routed(method, path, query, body)

    def _routed(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        for verb, pattern, answer in self.routes:
            if verb == method and (match := re.fullmatch(pattern, path)):
                return answer(*map(unquote, match.groups()), query=query, body=body)
        return 404, {"error": f"no such call: {method} {path}"}


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            status, content = server.answer(self.command, self.path, self.headers, self._body())
            if status == CUT:
                self.close_connection = True
                return
            data = json.dumps(content).encode() if content is not None else b""
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = do  # noqa: N815

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") == "chunked":
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def log_message(self, format: str, *args: Any) -> None:
            return

    return Handler


# --- a hub ---


@dataclass
class Repo:
    tree: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": b"*.parquet filter=lfs\n"})
    large: set[str] = field(default_factory=set)
    commits: list[dict[str, bytes]] = field(default_factory=list)
    tags: dict[str, dict[str, bytes]] = field(default_factory=dict)


class Hub(Server):
    def __init__(self, token: str) -> None:
        dataset = r"/api/datasets/([\w.-]+/[\w.-]+)"
        super().__init__(
            token,
            [
                ("POST", r"/api/repos/create", self.create),
                ("POST", r"/api/validate-yaml", lambda query, body: (200, {"errors": [], "warnings": []})),
                ("GET", rf"{dataset}/refs", self.refs),
                ("GET", rf"{dataset}/tree/([^/]+)", self.tree),
                ("GET", rf"{dataset}/revision/([^/]+)", self.info),
                ("POST", rf"{dataset}/preupload/([^/]+)", self.preupload),
                ("POST", r"/datasets/([\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch", self.batch),
                ("PUT", r"/lfs/(\w+)", self.put),
                ("POST", rf"{dataset}/commit/([^/]+)", self.commit),
                ("POST", rf"{dataset}/tag/([^/]+)", self.tag),
            ],
        )
        self.repos: dict[str, Repo] = {}
        self.store: dict[str, bytes] = {}

    def create(self, query: Any, body: bytes) -> Answer:
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
        answer = {"url": f"{self.url}/datasets/{name}", "id": name, "name": name}
        if name in self.repos:
            return 409, {**answer, "error": "You already created this dataset repo"}
        self.repos[name] = Repo()
        return 200, answer

    def refs(self, name: str, query: Any, body: bytes) -> Answer:
        tags = [{"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": "0" * 40} for tag in self.repos[name].tags]
        return 200, {"branches": [], "converts": [], "tags": tags}

    def tree(self, name: str, revision: str, query: Any, body: bytes) -> Answer:
        repo = self.repos[name]
        files = repo.tree if revision == "main" else repo.tags[revision]
        return 200, [self._listed(repo, path, content) for path, content in sorted(files.items())]

    def _listed(self, repo: Repo, path: str, content: bytes) -> dict[str, Any]:
        entry = {"type": "file", "path": path, "size": len(content), "oid": _git_sha1(content)}
        if path in repo.large:
            entry["lfs"] = {"oid": _sha256(content), "size": len(content), "pointerSize": 130}
        return entry

    def info(self, name: str, revision: str, query: Any, body: bytes) -> Answer:
        return 200, {"id": name, "sha": "0" * 40}

    def preupload(self, name: str, revision: str, query: Any, body: bytes) -> Answer:
        repo, files = self.repos[name], json.loads(body)["files"]
        return 200, {"files": [self._mode(repo, file["path"], base64.b64decode(file["sample"])) for file in files]}

    def _mode(self, repo: Repo, path: str, sample: bytes) -> dict[str, Any]:
        is_large = path.endswith((".parquet", ".png", ".webp")) or b"\0" in sample
        held = repo.tree.get(path)
        oid = None if held is None else (_sha256(held) if path in repo.large else _git_sha1(held))
        return {"path": path, "uploadMode": "lfs" if is_large else "regular", "shouldIgnore": False, "oid": oid}

    def batch(self, name: str, query: Any, body: bytes) -> Answer:
        objects = json.loads(body)["objects"]
        for item in objects:
            if item["oid"] not in self.store:
                item["actions"] = {"upload": {"href": f"{self.url}/lfs/{item['oid']}"}}
        return 200, {"transfer": "basic", "objects": objects}

    def put(self, oid: str, query: Any, body: bytes) -> Answer:
        if _sha256(body) != oid:
            return 400, {"error": "another content"}
        self.store[oid] = body
        return 200, None

    def commit(self, name: str, revision: str, query: Any, body: bytes) -> Answer:
        repo = self.repos[name]
        for line in body.splitlines():
            step = json.loads(line)
            path = step["value"].get("path", "")
            if step["key"] == "file":
                repo.tree[path] = base64.b64decode(step["value"]["content"])
            elif step["key"] == "lfsFile":
                repo.tree[path] = self.store[step["value"]["oid"]]
                repo.large.add(path)
            elif step["key"] == "deletedFile":
                del repo.tree[path]
        repo.commits.append(dict(repo.tree))
        oid = f"{len(repo.commits):040d}"
        return 200, {"success": True, "commitOid": oid, "commitUrl": f"{self.url}/datasets/{name}/commit/{oid}"}

    def tag(self, name: str, revision: str, query: Any, body: bytes) -> Answer:
        tag = json.loads(body)["tag"]
        if tag in self.repos[name].tags:
            return 409, {"error": "Tag exists"}
        self.repos[name].tags[tag] = dict(self.repos[name].tree)
        return 200, None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324


# --- a Zenodo ---


@dataclass
class Deposition:
    id: int
    metadata: dict[str, Any]
    files: dict[str, bytes] = field(default_factory=dict)
    submitted: bool = False


class Zenodo(Server):
    def __init__(self, token: str) -> None:
        deposition = r"/api/deposit/depositions/(\d+)"
        super().__init__(
            token,
            [
                ("GET", r"/api/deposit/depositions", self.listed),
                ("POST", r"/api/deposit/depositions", self.create),
                ("GET", deposition, self.shown),
                ("PUT", deposition, self.described),
                ("DELETE", rf"{deposition}/files/([^/]+)", self.dropped),
                ("PUT", r"/api/files/bucket-(\d+)/([^/]+)", self.filled),
            ],
        )
        self.depositions: dict[int, Deposition] = {}

    def _shown(self, held: Deposition) -> dict[str, Any]:
        files = [
            {"id": f"id-{name}", "filename": name, "checksum": hashlib.md5(content).hexdigest()}  # noqa: S324
            for name, content in held.files.items()
        ]
        links = {"bucket": f"{self.url}/api/files/bucket-{held.id}", "html": f"{self.url}/deposit/{held.id}"}
        return {
            "id": held.id, "submitted": held.submitted, "metadata": held.metadata, "files": files, "links": links,
        }  # fmt: skip

    def listed(self, query: dict[str, list[str]], body: bytes) -> Answer:
        drafts = [held for held in self.depositions.values() if not held.submitted]
        return 200, [self._shown(held) for held in drafts if held.metadata["title"] in query["q"][0]]

    def create(self, query: Any, body: bytes) -> Answer:
        held = Deposition(len(self.depositions) + 1, json.loads(body)["metadata"])
        self.depositions[held.id] = held
        return 201, self._shown(held)

    def shown(self, id: str, query: Any, body: bytes) -> Answer:
        held = self.depositions.get(int(id))
        return (200, self._shown(held)) if held else (404, {"message": "gone"})

    def described(self, id: str, query: Any, body: bytes) -> Answer:
        self.depositions[int(id)].metadata = json.loads(body)["metadata"]
        return 200, self._shown(self.depositions[int(id)])

    def dropped(self, id: str, file_id: str, query: Any, body: bytes) -> Answer:
        del self.depositions[int(id)].files[file_id.removeprefix("id-")]
        return 204, None

    def filled(self, id: str, name: str, query: Any, body: bytes) -> Answer:
        self.depositions[int(id)].files[name] = body
        return 200, {"key": name}
