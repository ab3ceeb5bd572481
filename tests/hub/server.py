"""A small Hub on loopback that speaks what ``huggingface_hub`` and ``datasets`` really ask, without Xet.

    with serving_hub() as hub:
        subprocess.run([...], env=client_env(hub, home))

Both libraries read the address when they are imported, so that clients run in processes of their own.
"""

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode

from hub.card_rules import card_errors
from hub.store import Commit, File, Hub, HubError, Person, Repo, card_data

_REPO = r"(?P<name>[\w.-]+/[\w.-]+)"
_API = rf"/api/(?P<kind>model|dataset)s/{_REPO}"
_FILES = rf"/(?P<prefix>datasets/)?{_REPO}"
_ROUTES = [
    (method, re.compile(f"{pattern}$"), handler)
    for method, pattern, handler in [
        ("GET", "/api/whoami-v2", "whoami"),
        ("POST", "/api/repos/create", "create"),
        ("POST", "/api/validate-yaml", "validate_yaml"),
        ("GET", rf"{_API}(/revision/(?P<revision>[^/]+))?", "info"),
        ("GET", rf"{_API}/auth-check", "auth_check"),
        ("GET", rf"{_API}/commits/(?P<revision>[^/]+)", "commits"),
        ("PUT", rf"{_API}/settings", "settings"),
        ("GET", rf"{_API}/tree/(?P<revision>[^/]+)(/(?P<path>.+))?", "tree"),
        ("POST", rf"{_API}/paths-info/(?P<revision>[^/]+)", "paths_info"),
        ("POST", rf"{_API}/preupload/(?P<revision>[^/]+)", "preupload"),
        ("POST", rf"{_API}/commit/(?P<revision>[^/]+)", "commit"),
        ("POST", rf"{_FILES}\.git/info/lfs/objects/batch", "lfs_batch"),
        ("POST", rf"{_FILES}\.git/info/lfs/objects/verify", "lfs_verify"),
        ("PUT", r"/storage/(?P<sha256>[0-9a-f]{64})", "lfs_put"),
        ("GET", rf"{_FILES}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", "resolve"),
    ]
]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    hub: Hub

    def do_GET(self) -> None:
        self._answer("GET")

    def do_HEAD(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def log_message(self, *_: object) -> None:
        pass

    # -- plumbing

    def _answer(self, method: str) -> None:
        path, _, query = self.path.partition("?")
        self.query = parse_qs(query)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.person: Person | None = self.hub.people.get(token)
        self.hub.requests.append((self.command, unquote(path), self.person.name if self.person else ""))
        fault = self.hub.fault(self.command, path)
        if fault and fault.status == 0:
            self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 1000))
            self.close_connection = True
            return
        self.body = self._read_body()
        try:
            if fault:
                raise HubError(fault.status, fault.message)
            if token and self.person is None:
                raise HubError(401, "Invalid credentials in Authorization header")
            handler, fields = self._route(method, path)
            with self.hub.lock:
                status, headers, body = getattr(self, handler)(**fields)
        except HubError as error:
            said = {"error": error.message}
            if error.status == 409:
                said["url"] = f"{self.hub.endpoint}/existing"
            headers = {"X-Error-Message": error.message, **({"X-Error-Code": error.code} if error.code else {})}
            status, body = error.status, json.dumps(said).encode()
        self._send(status, headers, body)

    def _route(self, method: str, path: str) -> tuple[str, dict[str, str]]:
        for allowed, pattern, handler in _ROUTES:
            match = pattern.match(path)
            if match and allowed == method:
                fields = {field: unquote(text) for field, text in match.groupdict().items() if text is not None}
                if "prefix" in match.groupdict():
                    fields["kind"] = "dataset" if fields.pop("prefix", "") else "model"
                return handler, fields
        raise HubError(404, f"Sorry, we can't find the page you are looking for: {method} {path}")

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "X-Request-Id": "loopback", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    @staticmethod
    def _json(value: Any, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        return 200, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value).encode()

    # -- accounts and repositories

    def whoami(self) -> Any:
        if self.person is None:
            raise HubError(401, "Invalid username or password.")
        orgs = [{"type": "org", "name": name, "roleInOrg": "write"} for name in self.person.orgs]
        role = {"displayName": "test", "role": "write" if self.person.writes else "read"}
        auth = {"type": "access_token", "accessToken": role}
        return self._json({"type": "user", "id": "1", "name": self.person.name, "orgs": orgs, "auth": auth})

    def create(self) -> Any:
        return self._json(self.hub.create(self.person, json.loads(self.body)))

    def settings(self, kind: str, name: str) -> Any:
        repo, asked = self.hub.writable(kind, name, self.person), json.loads(self.body)
        repo.gated = asked.get("gated", repo.gated)
        if "visibility" in asked:
            repo.private = asked["visibility"] == "private"
        return self._json({"private": repo.private, "gated": repo.gated})

    def validate_yaml(self) -> Any:
        asked = json.loads(self.body)
        errors = card_errors(asked["content"], asked["repoType"])
        status, headers, body = self._json({"errors": [{"message": one} for one in errors], "warnings": []})
        return (400 if errors else status), headers, body

    def auth_check(self, kind: str, name: str) -> Any:
        self.hub.readable(kind, name, self.person)
        return self._json({})

    def info(self, kind: str, name: str, revision: str = "main") -> Any:
        repo = self.hub.visible(kind, name, self.person)
        commit = repo.at(revision)
        card = commit.files.get("README.md")
        siblings: list[dict[str, Any]] = [{"rfilename": path} for path in sorted(commit.files)]
        if self.query.get("blobs"):
            for one in siblings:
                file = commit.files[one["rfilename"]]
                one.update(size=file.size, blobId=file.oid)
                if file.sha256:
                    one["lfs"] = {"size": file.size, "sha256": file.sha256, "pointerSize": 134}
        facts = {
            "id": name,
            "author": name.partition("/")[0],
            "sha": commit.oid,
            "private": repo.private,
            "gated": repo.gated,
        }
        dates = {"createdAt": repo.commits[0].date, "lastModified": commit.date}
        counts = {"disabled": False, "downloads": 0, "likes": 0, "tags": []}
        data = card_data(self.hub.content(card).decode()) if card else {}
        return self._json({**facts, **dates, **counts, "siblings": siblings, "cardData": data})

    def commits(self, kind: str, name: str, revision: str) -> Any:
        repo = self.hub.visible(kind, name, self.person)
        known = repo.commits[: repo.commits.index(repo.at(revision)) + 1]
        return self._json(
            [
                {"id": one.oid, "title": one.title, "message": "", "date": one.date, "authors": []}
                for one in known[::-1]
            ]
        )

    # -- listings

    def tree(self, kind: str, name: str, revision: str, path: str = "") -> Any:
        commit = self.hub.visible(kind, name, self.person).at(revision)
        inside = f"{path.rstrip('/')}/" if path else ""
        names = [one for one in commit.files if one.startswith(inside)]
        if path and not names:
            raise HubError(404, f"{path} does not exist on {revision}", "EntryNotFound")
        deep = self.query.get("recursive", [""])[0].lower() == "true"
        found: dict[str, dict[str, Any]] = {}
        for one in sorted(names):
            parts = one[len(inside) :].split("/")
            for depth in range(1, len(parts) if deep else min(2, len(parts))):
                folder = inside + "/".join(parts[:depth])
                found.setdefault(folder, {"type": "directory", "oid": "0" * 40, "size": 0, "path": folder})
            if deep or len(parts) == 1:
                found[one] = _file_entry(one, commit.files[one])
        start = int(self.query.get("cursor", ["0"])[0])
        entries = list(found.values())
        headers = {}
        if start + self.hub.page < len(entries):
            more = urlencode({"recursive": deep, "cursor": start + self.hub.page})
            headers["Link"] = f'<{self.hub.endpoint}{self.path.partition("?")[0]}?{more}>; rel="next"'
        return self._json(entries[start : start + self.hub.page], headers)

    def paths_info(self, kind: str, name: str, revision: str) -> Any:
        commit = self.hub.visible(kind, name, self.person).at(revision)
        entries = []
        for path in parse_qs(self.body.decode()).get("paths", []):
            if path in commit.files:
                entries.append(_file_entry(path, commit.files[path]))
            elif any(one.startswith(f"{path}/") for one in commit.files):
                entries.append({"type": "directory", "oid": "0" * 40, "size": 0, "path": path})
        return self._json(entries)

    # -- writing

    def preupload(self, kind: str, name: str, revision: str) -> Any:
        commit = self.hub.writable(kind, name, self.person).at(revision)
        answers = []
        for one in json.loads(self.body)["files"]:
            there = commit.files.get(one["path"])
            mode = self.hub.upload_mode(one["path"], one["size"])
            answer = {"path": one["path"], "uploadMode": mode, "shouldIgnore": False}
            answers.append({**answer, "oid": there.sha256 or there.oid} if there else answer)
        return self._json({"files": answers})

    def commit(self, kind: str, name: str, revision: str) -> Any:
        repo = self.hub.writable(kind, name, self.person)
        made = self.hub.commit(repo, revision, [json.loads(line) for line in self.body.splitlines()])
        return self._json(
            {
                "success": True,
                "commitOid": made.oid,
                "commitUrl": f"{self._page(repo)}/commit/{made.oid}",
                "hookOutput": "",
            }
        )

    def _page(self, repo: Repo) -> str:
        return f"{self.hub.endpoint}/{'datasets/' if repo.kind == 'dataset' else ''}{repo.id}"

    def lfs_batch(self, kind: str, name: str) -> Any:
        repo = self.hub.writable(kind, name, self.person)
        answers: list[dict[str, Any]] = []
        for one in json.loads(self.body)["objects"]:
            answer = {"oid": one["oid"], "size": one["size"]}
            if one["oid"] not in self.hub.objects:
                verify = {"href": f"{self._page(repo)}.git/info/lfs/objects/verify"}
                answer["actions"] = {"upload": {"href": f"{self.hub.endpoint}/storage/{one['oid']}"}, "verify": verify}
            answers.append(answer)
        return self._json({"transfer": "basic", "objects": answers})

    def lfs_put(self, sha256: str) -> Any:
        # The address is signed on the real Hub: whoever holds it may write, and no token is sent.
        if self.person is not None:
            raise HubError(400, "a token was sent to the storage")
        time.sleep(self.hub.pause)
        self.hub.store(sha256, self.body)
        return self._json({})

    def lfs_verify(self, kind: str, name: str) -> Any:
        self.hub.writable(kind, name, self.person)
        asked = json.loads(self.body)
        if len(self.hub.objects.get(asked["oid"], b"")) != asked["size"]:
            raise HubError(404, "Object does not exist")
        return self._json({})

    # -- reading

    def resolve(self, kind: str, name: str, revision: str, path: str) -> Any:
        commit = self.hub.readable(kind, name, self.person).at(revision)
        if path not in commit.files:
            raise HubError(404, "Entry not found", "EntryNotFound")
        file = commit.files[path]
        body = self.hub.content(file)
        headers = _file_headers(commit, file, path)
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if not wanted:
            return 200, headers, body
        first, last = wanted.groups()
        start = int(first) if first else max(0, len(body) - int(last))
        stop = min(int(last) + 1 if first and last else len(body), len(body))
        if start >= len(body):
            raise HubError(416, "Range Not Satisfiable")
        return 206, {**headers, "Content-Range": f"bytes {start}-{stop - 1}/{len(body)}"}, body[start:stop]


def _file_entry(path: str, file: File) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "oid": file.oid, "size": file.size, "path": path}
    if file.sha256:
        entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": 134}
    return entry


def _file_headers(commit: Commit, file: File, path: str) -> dict[str, str]:
    headers = {
        "X-Repo-Commit": commit.oid,
        "ETag": f'"{file.sha256 or file.oid}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(path.rsplit('/', 1)[-1])}",
    }
    if file.sha256:
        headers |= {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(file.size)}
    return headers


@contextmanager
def serving_hub() -> Iterator[Hub]:
    """Serve an empty Hub until the block ends."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def client_env(hub: Hub, home: Path, token: str | None = None) -> dict[str, str]:
    """The environment of a client: this Hub, nobody's settings, and its own caches below ``home``.

    Args:
        hub: the Hub.
        home: a folder for caches, empty for a client that was never there.
        token: whose; by default of the one who may write, and nobody's if empty.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "COSMOS"))}
    token = hub.token if token is None else token
    return {
        **kept,
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **({"HF_TOKEN": token} if token else {}),
    }
