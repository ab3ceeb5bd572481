"""Sending a data set to the Hub: only what is not there yet, in commits that never leave a half in sight."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm

from cosmos_datasets.build import MANIFEST
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.share.contents import Contents, SharedFile
from cosmos_datasets.share.hub import Visibility, asking, connect, describe, open_repository

#: Of one commit. The Hub checks every large file of a commit within a minute, and forgets after a day what was sent
#: but not committed.
_COMMIT_FILES, _COMMIT_BYTES = 100, 10_000_000_000
#: Sent before the progress bar moves.
_STEP_BYTES = 500_000_000
#: Folders and files of a repository that are ours to remove.
_OURS = ("data/", "index/", "prompts/", "statistics.json")

_UNFINISHED = """\
---
viewer: false
---

# Being uploaded

This data set is not complete yet. `cosmos-datasets push` was interrupted or is still running; the same command goes on
where it stopped.
"""


@dataclass(frozen=True)
class Difference:
    """What has to change in a repository.

    Attributes:
        send: files that it does not hold, or holds with other content.
        there: files that it holds as they are.
        texts: path -> small file that it does not hold as it is.
        remove: files that the data set does not have any more.
        lost: sources that would be removed with them.
        withdraw: the manifest, if there is one: without it nobody takes a half for the whole.
        foreign: it has a card that is none of ours.
        head: the commit that was compared with; empty if there is no repository.
    """

    send: list[SharedFile]
    there: list[SharedFile]
    texts: dict[str, str]
    remove: list[str]
    lost: list[str]
    withdraw: list[str]
    foreign: bool
    head: str = ""

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.send or self.texts or self.remove)


@dataclass
class Pushed:
    """What a push did.

    Attributes:
        repo_id: where.
        url: its page.
        revision: of the data.
        commit: the last commit.
        private: whether only its owners see it.
        gated: whether its terms have to be accepted.
        sent, sent_bytes: files that were sent. Those that an interrupted push has sent and not committed are among
            them; the Hub takes them from its store.
        there, there_bytes: files that were there already.
        removed: files that the data set does not have any more.
    """

    repo_id: str
    url: str
    revision: str
    commit: str = ""
    private: bool = True
    gated: bool = False
    sent: int = 0
    sent_bytes: int = 0
    there: int = 0
    there_bytes: int = 0
    removed: list[str] = field(default_factory=list)


def compare(contents: Contents, repo_id: str, api: Any, info: Any | None) -> Difference:
    """Compare what is shared with what a repository holds; nothing is changed.

    Args:
        contents: what is shared.
        repo_id: ``organisation/name``.
        api: from :func:`~cosmos_datasets.share.hub.connect`.
        info: what the Hub says of the repository; ``None`` if it does not exist.
    """
    held: dict[str, str] = {}
    if info is not None:
        with asking("list the repository", repo_id):
            for one in api.list_repo_tree(repo_id, repo_type="dataset", recursive=True, revision=info.sha):
                if hasattr(one, "blob_id"):
                    held[one.path] = one.lfs.sha256 if one.lfs else one.blob_id
    files = contents.files
    send = [one for one in files if held.get(one.path) != one.sha256]
    wanted = {*(one.path for one in files), *contents.texts}
    remove = [path for path in sorted(held) if path.startswith(_OURS) and path not in wanted]
    parts = {_part(path) for path in wanted}
    return Difference(
        send,
        [one for one in files if held.get(one.path) == one.sha256],
        {path: text for path, text in contents.texts.items() if held.get(path) not in _digests(text)},
        remove,
        sorted({_part(path) for path in remove} - parts - {""}),
        [path for path in held if path == MANIFEST],
        "README.md" in held and MANIFEST not in held and held["README.md"] not in _digests(_UNFINISHED),
        info.sha if info is not None else "",
    )


def preview(contents: Contents, repo_id: str) -> tuple[Difference, Any | None]:
    """What a push would change, and what the Hub says of the repository; nothing is changed."""
    api = connect(repo_id)
    info = describe(api, repo_id, "dataset")
    return compare(contents, repo_id, api, info), info


def push(
    contents: Contents,
    repo_id: str,
    *,
    visibility: Visibility | None = None,
    replace_others: bool = False,
    message: str = "",
    progress: bool = False,
) -> Pushed:
    """Send a data set to the Hub; what an interrupted push has sent is not sent again.

    A push that takes several commits first replaces the card by one that says so and offers nothing, and ends with
    card and manifest; a small one is one commit.

    Args:
        contents: what is sent, checked.
        repo_id: ``organisation/name``; made if it does not exist.
        visibility: see :func:`~cosmos_datasets.share.hub.open_repository`.
        replace_others: remove the sources that the repository holds and ``contents`` does not, and replace the card
            of something else.
        message: of the last commit.
        progress: show a bar on standard error.

    Raises:
        CosmosError: if it fails; the message says what to do.
    """
    api = connect(repo_id)
    found = describe(api, repo_id, "dataset")
    change = compare(contents, repo_id, api, found)
    if change.foreign and not replace_others:
        raise CosmosError(
            f"{repo_id} has a card but no {MANIFEST}, so it is something else. Choose another name, or say --replace "
            "to replace its card."
        )
    if change.lost and not replace_others:
        raise CosmosError(
            f"{repo_id} also holds {', '.join(change.lost)}, which this push would remove. Push a data set that has "
            "them too, choose another name, or say --replace."
        )
    info = open_repository(api, repo_id, "dataset", visibility, gated=contents.gated)
    head = change.head or info.sha
    done = Pushed(
        repo_id,
        f"{api.endpoint}/datasets/{repo_id}",
        contents.manifest.revision,
        head,
        bool(info.private),
        bool(info.gated),
        there=len(change.there),
        there_bytes=sum(one.size for one in change.there),
        removed=change.remove,
    )
    if not change.changes:
        return done
    done.sent, done.sent_bytes = len(change.send), sum(one.size for one in change.send)
    with (
        _quiet_client(),
        tqdm(total=done.sent_bytes, unit="B", unit_scale=True, desc="push", disable=None if progress else True) as bar,
    ):
        done.commit = _send_all(
            _Sender(api, repo_id, head, bar),
            contents,
            change,
            message or f"Data revision {contents.manifest.revision[:12]}",
        )
    return done


def _send_all(sender: _Sender, contents: Contents, change: Difference, message: str) -> str:
    batches = list(_split(change.send, _COMMIT_FILES, _COMMIT_BYTES)) or [[]]
    texts = change.texts
    if len(batches) > 1:
        texts = contents.texts  # all of them again: the placeholder takes the card's place, and the manifest goes
        sender.commit("Upload begins", sender.texts({"README.md": _UNFINISHED}) + sender.removals(change.withdraw))
    for number, batch in enumerate(batches[:-1], 1):
        sender.commit(f"Upload, part {number} of {len(batches)}", sender.send(batch))
    return sender.commit(message, [*sender.send(batches[-1]), *sender.texts(texts), *sender.removals(change.remove)])


class _Sender:
    """Uploads and commits to one repository, each commit on top of the one before."""

    def __init__(self, api: Any, repo_id: str, head: str, bar: tqdm[Any]) -> None:
        self._api, self._repo_id, self._head, self._bar = api, repo_id, head, bar
        self._sent = 0

    def send(self, files: list[SharedFile]) -> list[Any]:
        """Upload files without committing them; gives the operations of their commit."""
        from huggingface_hub import CommitOperationAdd

        operations = []
        for step in _split(files, _COMMIT_FILES, _STEP_BYTES):
            several = [CommitOperationAdd(one.path, one.local) for one in step]
            for operation, one in zip(several, step, strict=True):
                operation.upload_info.sha256 = bytes.fromhex(one.sha256)  # just checked: it need not be read twice
            with asking(
                f"send {step[0].path}; {self._sent:,} files are there, the same command goes on", self._repo_id
            ):
                self._api.preupload_lfs_files(self._repo_id, several, repo_type="dataset")
            operations += several
            self._sent += len(step)
            self._bar.update(sum(one.size for one in step))
        return operations

    def texts(self, texts: dict[str, str]) -> list[Any]:
        """Operations that write small files."""
        from huggingface_hub import CommitOperationAdd

        return [CommitOperationAdd(path, text.encode()) for path, text in sorted(texts.items())]

    def removals(self, paths: list[str]) -> list[Any]:
        """Operations that remove files."""
        from huggingface_hub import CommitOperationDelete

        return [CommitOperationDelete(path, is_folder=False) for path in paths]

    def commit(self, message: str, operations: list[Any]) -> str:
        """Commit, unless somebody else has meanwhile; gives the commit."""
        with asking("commit; the same command goes on", self._repo_id):
            info = self._api.create_commit(
                self._repo_id, operations, commit_message=message, repo_type="dataset", parent_commit=self._head
            )
        self._head = info.oid
        return self._head


def _split(files: list[SharedFile], most_files: int, most_bytes: int) -> Iterator[list[SharedFile]]:
    """Divide files into runs below both limits; a larger file makes one of its own."""
    run: list[SharedFile] = []
    size = 0
    for one in files:
        if run and (len(run) >= most_files or size + one.size > most_bytes):
            yield run
            run, size = [], 0
        run.append(one)
        size += one.size
    if run:
        yield run


def _part(path: str) -> str:
    """The source that a file belongs to, and whether with pixels: ``data/msd``."""
    return "/".join(path.split("/")[:2]) if "/" in path else ""


def _digests(text: str) -> set[str]:
    """How the Hub may name a small file: by git, or by SHA-256 if it calls it large all the same."""
    data = text.encode()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    return {blob, hashlib.sha256(data).hexdigest()}


@contextmanager
def _quiet_client() -> Iterator[None]:
    """Keep the client's own bars, one a file, out of ours."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    before = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            enable_progress_bars()
