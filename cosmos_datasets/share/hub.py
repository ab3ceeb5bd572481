"""Talking to the Hub: who one is, the repository, and what went wrong in words that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from cosmos_datasets.errors import CosmosError

Visibility = Literal["private", "public"]
RepoKind = Literal["dataset", "model"]

_REPO_ID = re.compile(r"[\w.-]+/[\w.-]+")
_LOG_IN = "hf auth login, or set $HF_TOKEN to a token that may write (https://huggingface.co/settings/tokens)"


def connect(repo_id: str) -> Any:
    """The client of the Hub, with the token that ``hf auth login`` or ``$HF_TOKEN`` gave; it is not looked at here.

    Args:
        repo_id: where one wants to write, ``organisation/name``.

    Raises:
        CosmosError: if that is no name of a repository, nobody is logged in, or the Hub cannot be reached.
    """
    if not _REPO_ID.fullmatch(repo_id):
        raise CosmosError(f"{repo_id!r} is no name of a repository; it has the form organisation/name.")
    from huggingface_hub import HfApi

    api = HfApi(library_name="cosmos-datasets")
    with asking("log in", repo_id):
        api.whoami()
    return api


def describe(api: Any, repo_id: str, kind: RepoKind) -> Any | None:
    """What the Hub says of a repository, or ``None`` if it does not exist for this account."""
    from huggingface_hub.errors import RepositoryNotFoundError

    with asking("look at the repository", repo_id):
        try:
            return api.repo_info(repo_id, repo_type=kind)
        except RepositoryNotFoundError:
            return None


def open_repository(api: Any, repo_id: str, kind: RepoKind, visibility: Visibility | None, *, gated: bool) -> Any:
    """Make sure that a repository exists, as visible as asked for, before anything is sent to it.

    Args:
        api: from :func:`connect`.
        repo_id: ``organisation/name``.
        kind: of the repository.
        visibility: a new repository is private by default; one that exists keeps what it has, unless it is public:
            that has to be asked for.
        gated: let only those in who accept its terms.

    Returns:
        What the Hub says of it.

    Raises:
        CosmosError: if it cannot be made or written to, or would be public without having been asked for.
    """
    info = describe(api, repo_id, kind)
    if info is None:
        with asking("make the repository", repo_id):
            api.create_repo(repo_id, repo_type=kind, private=visibility != "public")
    elif not info.private and visibility is None:
        raise CosmosError(
            f"{repo_id} exists and is public. Say --public to send it there, or --private to make it private first."
        )
    settings: dict[str, Any] = {}
    if info is not None and visibility is not None and info.private != (visibility == "private"):
        settings["private"] = visibility == "private"
    if gated and not (info and info.gated):
        settings["gated"] = "auto"
    if settings:
        with asking("change the settings of the repository", repo_id):
            api.update_repo_settings(repo_id, repo_type=kind, **settings)
    with asking("look at the repository", repo_id):
        return api.repo_info(repo_id, repo_type=kind)


@contextmanager
def asking(what: str, repo_id: str) -> Iterator[None]:
    """Turn whatever the client raises inside the block into one message that says what to do.

    The client's own messages are long, and its HTTP library raises a family of errors of its own; tokens occur in
    neither, and nothing but the status and the server's sentence is passed on.
    """
    try:
        yield
    except CosmosError:
        raise
    except Exception as error:
        raise CosmosError(f"cannot {what} ({repo_id}): {_explain(error, repo_id)}") from error


def _explain(error: BaseException, repo_id: str) -> str:
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled

    # An upload in threads reports a RuntimeError whose cause is what happened.
    chain = [error]
    while (cause := chain[-1].__cause__) is not None:
        chain.append(cause)
    for one in chain:
        if isinstance(one, LocalTokenNotFoundError):
            return f"nobody is logged in; {_LOG_IN}."
        if isinstance(one, OfflineModeIsEnabled):
            return "$HF_HUB_OFFLINE is set; unset it."
        if isinstance(one, HfHubHTTPError):
            return _explain_status(one, repo_id)
        if isinstance(one, (ConnectionError, TimeoutError)) or type(one).__name__ in _CONNECTION_ERRORS:
            return f"the connection failed ({type(one).__name__}); is there a network?"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


#: Of httpx, under whatever name the client brings it along.
_CONNECTION_ERRORS = frozenset(
    {
        *("ConnectError", "ConnectTimeout", "PoolTimeout", "ReadError", "ReadTimeout"),
        *("RemoteProtocolError", "WriteError", "WriteTimeout"),
    }
)


def _explain_status(error: Any, repo_id: str) -> str:
    status = error.response.status_code
    said = " ".join(str(error.server_message or "").split()) or f"status {status}"
    namespace = repo_id.partition("/")[0]
    if "storage" in said.lower():
        status = 507
    meaning = {
        401: f"the Hub does not accept the token ({said}); {_LOG_IN}.",
        402: f"the Hub wants a larger plan of {namespace} for it ({said}).",
        403: f"not allowed ({said}). May your account write to {namespace}, and may your token write at all?",
        404: f"not found ({said}). Is {repo_id} spelt right, and may your account see it?",
        412: f"somebody else has changed it meanwhile ({said}); give the same command again.",
        413: f"too large ({said}).",
        429: f"too many requests ({said}); wait some minutes and give the same command again.",
        507: f"the Hub has no room for it ({said}); free some, or extend the plan of {namespace}.",
    }
    return meaning.get(status, f"the Hub answered {status} ({said}).")
