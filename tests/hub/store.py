"""What the loopback Hub holds: people, repositories with their commits, and the large files they point to."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock
from typing import Any

import yaml

_ATTRIBUTES = b"".join(
    f"*.{suffix} filter=lfs diff=lfs merge=lfs -text\n".encode()
    for suffix in ("bin", "parquet", "pt", "safetensors", "tar", "zip")
)
#: Above this a file is large whatever its name, as on the Hub.
_REGULAR_BYTES = 10_000_000


class HubError(Exception):
    """An answer other than success: status, message, and the code that clients sort errors by."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


@dataclass(frozen=True)
class Person:
    """Who a token belongs to.

    Attributes:
        name: the account; also a namespace.
        orgs: other namespaces it may write to.
        writes: whether the token may write at all.
    """

    name: str
    orgs: tuple[str, ...] = ()
    writes: bool = True


@dataclass(frozen=True)
class File:
    """A file of a commit; a large one (``sha256``) lies in the store, a small one here."""

    size: int
    oid: str
    data: bytes = b""
    sha256: str = ""


@dataclass(frozen=True)
class Commit:
    oid: str
    title: str
    files: dict[str, File]
    date: str


@dataclass
class Repo:
    """One repository.

    Attributes:
        kind: ``model`` or ``dataset``.
        id: ``namespace/name``.
        private: whether only its namespace sees it.
        gated: ``False``, ``auto`` or ``manual``.
        granted: names that were let in where it is gated.
        commits: oldest first; the last is ``main``.
    """

    kind: str
    id: str
    private: bool = False
    gated: Any = False
    granted: set[str] = field(default_factory=set)
    commits: list[Commit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.add("initial commit", {".gitattributes": regular_file(_ATTRIBUTES)})

    @property
    def files(self) -> dict[str, File]:
        """The files of ``main``."""
        return self.commits[-1].files

    def add(self, title: str, files: dict[str, File]) -> Commit:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")[:-4] + "Z"
        self.commits.append(Commit(secrets.token_hex(20), title, files, now))
        return self.commits[-1]

    def at(self, revision: str) -> Commit:
        if revision in {"main", "refs/heads/main"}:
            return self.commits[-1]
        for commit in self.commits:
            if len(revision) >= 7 and commit.oid.startswith(revision):
                return commit
        raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")


@dataclass
class Fault:
    """A request that goes wrong.

    Attributes:
        method, path: of the request; the path as a regular expression.
        status: the answer; 0 breaks the connection off in the middle of the request.
        message: of the answer.
        after: requests that still go well.
        times: how many go wrong then.
    """

    method: str
    path: str
    status: int
    message: str = ""
    after: int = 0
    times: int = 1_000_000


@dataclass
class Hub:
    """The Hub.

    Attributes:
        endpoint: its address, for ``HF_ENDPOINT``.
        token: of somebody who may write to ``org``.
        reader: of somebody else, who may write nowhere.
        repos: (kind, id) -> repository.
        objects: SHA-256 -> large file, committed or not.
        capacity: bytes of large files after which the store is full.
        page: entries of a listing that are sent at once.
        pause: seconds that taking a large file lasts.
        faults: what goes wrong.
        requests: method, path and account of every request.
        uploads: SHA-256 of every large file that was sent, in order.
    """

    endpoint: str = ""
    token: str = field(default_factory=lambda: f"hf_{secrets.token_hex(17)}")
    reader: str = field(default_factory=lambda: f"hf_{secrets.token_hex(17)}")
    people: dict[str, Person] = field(default_factory=dict)
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    capacity: int | None = None
    page: int = 1000
    pause: float = 0
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)

    def __post_init__(self) -> None:
        self.people = {self.token: Person("alice", ("org",)), self.reader: Person("bob", writes=False)}

    # -- for tests

    def dataset(self, repo_id: str) -> Repo:
        return self.repos["dataset", repo_id]

    def model(self, repo_id: str) -> Repo:
        return self.repos["model", repo_id]

    def read(self, repo: Repo, path: str) -> bytes:
        """The content of a file of ``main``."""
        return self.content(repo.files[path])

    def fail(
        self, method: str, path: str, status: int, message: str = "", *, after: int = 0, times: int = 9999
    ) -> None:
        """Make requests go wrong; see :class:`Fault`."""
        self.faults.append(Fault(method, path, status, message, after, times))

    # -- for the server

    def content(self, file: File) -> bytes:
        return self.objects[file.sha256] if file.sha256 else file.data

    def fault(self, method: str, path: str) -> Fault | None:
        """The fault that hits this request, counted."""
        with self.lock:
            for fault in self.faults:
                if fault.method == method and re.search(fault.path, path) and fault.times > 0:
                    if fault.after:
                        fault.after -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def visible(self, kind: str, repo_id: str, person: Person | None) -> Repo:
        """The repository, if that person may know of it: a private one is as good as absent."""
        repo = self.repos.get((kind, repo_id))
        if repo is None or (repo.private and not self.writes(person, repo_id, checked_token=False)):
            raise HubError(404 if person else 401, "Repository not found", "RepoNotFound")
        return repo

    def readable(self, kind: str, repo_id: str, person: Person | None) -> Repo:
        """The repository, if that person may read its files."""
        repo = self.visible(kind, repo_id, person)
        inside = person is not None and (person.name in repo.granted or self.writes(person, repo_id))
        if repo.gated and not inside:
            said = "Access to this repository is restricted; you must be authenticated and have been granted access."
            raise HubError(403 if person else 401, said, "GatedRepo")
        return repo

    def writable(self, kind: str, repo_id: str, person: Person | None) -> Repo:
        repo = self.visible(kind, repo_id, person)
        if not self.writes(person, repo_id):
            raise HubError(403 if person else 401, f"You don't have the rights to write to {repo_id}")
        return repo

    def writes(self, person: Person | None, repo_id: str, *, checked_token: bool = True) -> bool:
        if person is None or (checked_token and not person.writes):
            return False
        return repo_id.partition("/")[0] in {person.name, *person.orgs}

    def create(self, person: Person | None, asked: dict[str, Any]) -> dict[str, str]:
        kind, name = asked.get("type", "model"), asked["name"]
        if person is None:
            raise HubError(401, "Invalid username or password.")
        repo_id = f"{asked.get('organization') or person.name}/{name}"
        namespace = repo_id.partition("/")[0]
        if not self.writes(person, repo_id):
            raise HubError(403, f'You don\'t have the rights to create a {kind} under the namespace "{namespace}".')
        url = f"{self.endpoint}/{'datasets/' if kind == 'dataset' else ''}{repo_id}"
        if (kind, repo_id) in self.repos:
            raise HubError(409, f"You already created this {kind} repo")
        self.repos[kind, repo_id] = Repo(kind, repo_id, private=asked.get("visibility") == "private")
        return {"url": url, "name": repo_id}

    def store(self, sha256: str, data: bytes) -> None:
        """Keep a large file that was sent."""
        if self.capacity is not None and sum(map(len, self.objects.values())) + len(data) > self.capacity:
            raise HubError(507, "Insufficient Storage: the storage of this account is full")
        if hashlib.sha256(data).hexdigest() != sha256:
            raise HubError(400, "the content does not have the announced sha256")
        self.objects[sha256] = data
        self.uploads.append(sha256)

    def upload_mode(self, path: str, size: int) -> str:
        return "lfs" if f"*.{path.rsplit('.', 1)[-1]} ".encode() in _ATTRIBUTES or size > _REGULAR_BYTES else "regular"

    def commit(self, repo: Repo, revision: str, lines: list[dict[str, Any]]) -> Commit:
        """Apply the lines of a commit, all or none."""
        head = repo.at(revision)
        files = dict(head.files)
        title = ""
        for line in lines:
            key, value = line["key"], line["value"]
            path = value.get("path", "")
            if key == "header":
                title, parent = value["summary"], value.get("parentCommit", "")
                if parent and not head.oid.startswith(parent):
                    raise HubError(412, "A commit has happened since. Please refresh and try again.")
            elif key == "file":
                files[path] = regular_file(base64.b64decode(value["content"]))
            elif key == "lfsFile":
                if value["oid"] not in self.objects:
                    raise HubError(400, f"LFS pointer pointed to a file that does not exist: {path}")
                files[path] = large_file(value["oid"], len(self.objects[value["oid"]]))
            elif key == "deletedFile":
                if files.pop(path, None) is None:
                    raise HubError(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")
            elif key == "deletedFolder":
                files = {name: one for name, one in files.items() if not name.startswith(f"{path.rstrip('/')}/")}
        return repo.add(title, files)


def regular_file(data: bytes) -> File:
    return File(len(data), hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest(), data)


def large_file(sha256: str, size: int) -> File:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
    return File(size, regular_file(pointer).oid, sha256=sha256)


def card_data(text: str) -> dict[str, Any]:
    """The YAML head of a card; raises :class:`ValueError` if there is none that can be read."""
    parts = re.split(r"^---\s*$", text, maxsplit=2, flags=re.MULTILINE)
    try:
        head = yaml.safe_load(parts[1]) if len(parts) == 3 and not parts[0].strip() else {}
    except yaml.YAMLError as error:
        raise ValueError(f"the YAML cannot be read: {error}") from error
    if not isinstance(head, dict):
        raise ValueError("the YAML is no mapping")
    return head
