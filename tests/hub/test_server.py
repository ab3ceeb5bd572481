"""The loopback Hub itself, asked by the real client."""

from pathlib import Path

import pytest
from hub.clients import run_client
from hub.store import Hub

_UPLOAD = """
import os, pathlib
from huggingface_hub import HfApi
api = HfApi()
folder = pathlib.Path("upload")
(folder / "data/deep").mkdir(parents=True)
(folder / "README.md").write_text("---\\nlicense: mit\\n---\\n# Hello\\n")
(folder / "data/deep/big.parquet").write_bytes(bytes(range(256)) * 40)
(folder / "config.json").write_text("{}")
(folder / "empty.txt").write_text("")
print(api.create_repo("org/thing", repo_type=KIND, private=True))
print(api.upload_folder(repo_id="org/thing", repo_type=KIND, folder_path=folder, commit_message="all of it").oid)
"""
_DOWNLOAD = """
import pathlib
from huggingface_hub import HfApi, HfFileSystem, hf_hub_download, snapshot_download
api = HfApi()
info = api.repo_info("org/thing", repo_type=KIND, files_metadata=True)
assert info.private and info.card_data.license == "mit", info
assert {one.rfilename: one.size for one in info.siblings}["data/deep/big.parquet"] == 10240
tree = {one.path: one for one in api.list_repo_tree("org/thing", repo_type=KIND, recursive=True)}
assert {"data", "data/deep", "config.json", "empty.txt", ".gitattributes"} < set(tree), tree
assert tree["data/deep/big.parquet"].lfs.size == 10240 and tree["config.json"].lfs is None
assert [one.path for one in api.list_repo_tree("org/thing", "data", repo_type=KIND)] == ["data/deep"]
folder = pathlib.Path(snapshot_download("org/thing", repo_type=KIND))
assert (folder / "data/deep/big.parquet").read_bytes() == bytes(range(256)) * 40
assert (folder / "empty.txt").read_bytes() == b""
fs = HfFileSystem()
root = "datasets/org/thing" if KIND == "dataset" else "org/thing"
with fs.open(f"{root}/data/deep/big.parquet", "rb", block_size=64) as file:
    file.seek(300)
    assert file.read(3) == bytes([44, 45, 46])
assert fs.glob(f"{root}/data/*/*.parquet") == [f"{root}/data/deep/big.parquet"]
print(info.sha)
"""


@pytest.mark.parametrize("kind", ["model", "dataset"])
@pytest.mark.parametrize("page", [1000, 2])
def test_what_is_pushed_comes_back(hub: Hub, tmp_path: Path, kind: str, page: int) -> None:
    hub.page = page
    set_kind = f"KIND = {kind!r}\n"
    url, oid = run_client(hub, tmp_path, set_kind + _UPLOAD).split()
    repo = hub.repos[kind, "org/thing"]
    assert url == f"{hub.endpoint}/{'datasets/' if kind == 'dataset' else ''}org/thing"
    assert repo.commits[-1].oid == oid and len(hub.uploads) == 1
    assert run_client(hub, tmp_path, set_kind + _DOWNLOAD).split() == [oid]


_ERRORS = """
from huggingface_hub import HfApi
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
def error(call):
    try:
        call()
    except Exception as found:
        return f"{type(found).__name__}:{getattr(getattr(found, 'response', None), 'status_code', '')}"
    return "none"
api = HfApi()
print(error(lambda: api.repo_info("org/secret")))
print(error(lambda: api.repo_info("org/absent")))
print(error(lambda: api.hf_hub_download("org/gated", "config.json")))
print(error(lambda: api.hf_hub_download("org/open", "absent.json")))
print(error(lambda: api.hf_hub_download("org/open", "config.json", revision="other")))
print(error(lambda: api.create_repo("org/new")))
print(error(lambda: api.upload_file(path_or_fileobj=b"1", path_in_repo="1", repo_id="org/open")))
"""


def _some_repos(hub: Hub) -> None:
    from hub.store import Repo, regular_file

    for name, settings in {"secret": {"private": True}, "gated": {"gated": "auto"}, "open": {}}.items():
        repo = hub.repos["model", f"org/{name}"] = Repo("model", f"org/{name}", **settings)
        repo.add("config", {"config.json": regular_file(b"{}")})


def test_who_may_see_and_do_what(hub: Hub, tmp_path: Path) -> None:
    _some_repos(hub)
    missing = "RepositoryNotFoundError"
    anonymous = run_client(hub, tmp_path, _ERRORS, token="").split()
    assert anonymous == [
        *(f"{missing}:401", f"{missing}:401", "GatedRepoError:401", "RemoteEntryNotFoundError:404"),
        *("RevisionNotFoundError:404", "HfHubHTTPError:401", "HfHubHTTPError:401"),
    ]
    stranger = run_client(hub, tmp_path, _ERRORS, token=hub.reader).split()
    assert stranger == [
        *(f"{missing}:404", f"{missing}:404", "GatedRepoError:403", "RemoteEntryNotFoundError:404"),
        *("RevisionNotFoundError:404", "HfHubHTTPError:403", "HfHubHTTPError:403"),
    ]
    hub.model("org/gated").granted.add("bob")
    assert run_client(hub, tmp_path, _ERRORS, token=hub.reader).split()[2] == "none"
    member = run_client(hub, tmp_path, _ERRORS).split()
    assert member[0] == member[5] == member[6] == "none"


def test_storage_gets_no_token_and_faults_hit_as_told(hub: Hub, tmp_path: Path) -> None:
    hub.fail("PUT", "/storage/", 503, "busy", times=1)
    hub.fail("PUT", "/storage/", 0, times=1)
    run_client(hub, tmp_path, "KIND = 'model'\n" + _UPLOAD)
    puts = [request for request in hub.requests if request[0] == "PUT"]
    assert len(puts) == 3 and {account for _, _, account in puts} == {""}
