"""``cosmos-datasets push``: what arrives, what is refused, what is sent again; through the real client."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hub.store import Hub, Repo, regular_file
from huggingface_hub import DatasetCard

from cosmos_datasets.build.run import build
from cosmos_datasets.cli import main
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.registry import get_source
from cosmos_datasets.share import push as push_module

_REPO = "org/cosmos1050k"


def _push(*arguments: object, command: str = "push") -> Result:
    return CliRunner().invoke(main, [command, *(str(one) for one in arguments), "--workers", "1"])


def _msd(out: Path, *arguments: object) -> Any:
    done = _push(out, _REPO, "--sources", "msd", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def _error(*arguments: object, command: str = "push") -> str:
    done = _push(*arguments, command=command)
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit)
    return done.stderr


def test_everything_arrives_in_one_commit(here: Hub, shared_built: Path) -> None:
    done = _msd(shared_built)
    repo = here.dataset(_REPO)
    names = {path for path in repo.files if path != ".gitattributes"}
    local = {
        path.relative_to(shared_built).as_posix()
        for base in ("data/msd", "index/msd")
        for path in (shared_built / base).rglob("*.parquet")
    }
    assert names == local | {"README.md", "manifest.json", "statistics.json"}
    assert all(here.read(repo, path) == (shared_built / path).read_bytes() for path in local)
    assert repo.private and not repo.gated and len(repo.commits) == 2
    assert (done["sent"], done["there"], done["commit"]) == (len(local), 0, repo.commits[-1].oid)
    manifest = json.loads(here.read(repo, "manifest.json"))
    assert list(manifest["sources"]) == ["msd"] and manifest["revision"] == done["revision"]
    assert json.loads(here.read(repo, "statistics.json"))["total"]["images"] == 110


def test_what_is_there_is_not_sent_again(here: Hub, shared_raw: Path, own: Path) -> None:
    first = _msd(own)
    again = _msd(own)
    assert (again["sent"], again["there"], again["commit"]) == (0, first["sent"], first["commit"])
    # Another window changes the pixels of the CTs and of nothing else; index files name no pixels.
    build(get_source("msd"), shared_raw, own, intensity=Intensity.parse("percentile=1,99"))
    changed = _msd(own)
    shards = len(list((own / "data/msd").rglob("*.parquet")))
    assert changed["sent"] == shards and changed["there"] == first["sent"] - shards
    assert len(here.uploads) == first["sent"] + shards
    assert len(here.dataset(_REPO).commits) == 3


def test_files_that_are_no_more_are_removed_and_others_stay(here: Hub, shared_built: Path) -> None:
    _msd(shared_built)
    repo = here.dataset(_REPO)
    old = "data/msd/ct/train-00000-of-00002.parquet"
    repo.add("by hand", {**repo.files, old: repo.files["README.md"], "LICENSE": regular_file(b"terms")})
    assert _msd(shared_built)["removed"] == [old]
    assert old not in repo.files and here.read(repo, "LICENSE") == b"terms"


def test_another_source_is_not_removed_without_a_word(here: Hub, shared_built: Path) -> None:
    _msd(shared_built)
    repo = here.dataset(_REPO)
    repo.add("acdc", {**repo.files, "data/acdc/cmr/train-00000-of-00001.parquet": regular_file(b"1")})
    said = _error(shared_built, _REPO, "--sources", "msd")
    assert "also holds data/acdc, which this push would remove" in said and "--replace" in said
    assert _msd(shared_built, "--replace")["removed"] == ["data/acdc/cmr/train-00000-of-00001.parquet"]


def test_something_else_is_not_overwritten(here: Hub, shared_built: Path) -> None:
    repo = here.repos["dataset", _REPO] = Repo("dataset", _REPO, private=True)
    repo.add("by hand", {**repo.files, "README.md": regular_file(b"# Mine")})
    assert "has a card but no manifest.json, so it is something else" in _error(
        shared_built, _REPO, "--sources", "msd"
    )
    assert "only with --replace" in _push(shared_built, _REPO, "--sources", "msd", "--dry-run").stdout
    assert here.read(repo, "README.md") == b"# Mine"
    assert _msd(shared_built, "--replace")["sent"] == 14


def test_a_source_that_may_not_be_passed_on_is_refused(here: Hub, shared_built: Path) -> None:
    said = _error(shared_built, _REPO)
    assert 'drive: nobody states that it may be: licence "unknown"' in said and "msd:" not in said
    assert f"cosmos-datasets push {shared_built} ORG/NAME --sources msd" in said
    assert "cosmos-datasets index-only" in said
    assert not here.requests


def test_the_stricter_of_build_and_declaration_counts(here: Hub, own: Path) -> None:
    path = own / "manifest.json"
    body = json.loads(path.read_text())
    body["sources"]["drive"]["redistributable"] = "yes"  # as if the declaration had been corrected since
    path.write_text(json.dumps(body))
    assert "drive: " in _error(own, _REPO)
    body["sources"]["msd"]["redistributable"] = "gated"
    path.write_text(json.dumps(body))
    assert _msd(own)["gated"]
    assert here.dataset(_REPO).gated == "auto"
    here.dataset(_REPO).gated = "manual"  # stricter than what is asked for: it stays
    assert _msd(own)["gated"] and here.dataset(_REPO).gated == "manual"
    head = DatasetCard(here.read(here.dataset(_REPO), "README.md").decode()).data
    assert "terms of their own" in head.extra_gated_prompt and "checkbox" in head.extra_gated_fields.values()


def test_a_damaged_data_set_is_not_sent(here: Hub, own: Path) -> None:
    shard = next((own / "data/msd").rglob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    said = _error(own, _REPO, "--sources", "msd")
    assert shard.name in said and "differs from the manifest" in said and "cosmos-datasets verify" in said
    assert not here.requests


def test_only_what_is_sent_is_checked(here: Hub, own: Path) -> None:
    next((own / "data/drive").rglob("*.parquet")).unlink()
    assert _msd(own)["sent"] == 14
    assert "drive/fundus" in _error(own, "org/index", command="index-only")


def test_a_dry_run_changes_nothing(here: Hub, shared_built: Path, tmp_path: Path) -> None:
    done = _push(shared_built, _REPO, "--sources", "msd", "--dry-run", "--card", tmp_path / "card.md")
    assert "would be made; msd" in done.stdout and "to send: 14 files" in done.stdout
    assert {method for method, _, _ in here.requests} == {"GET"} and not here.repos
    assert (tmp_path / "card.md").read_text().startswith("---\npretty_name")
    _msd(shared_built)
    body = json.loads(_push(shared_built, _REPO, "--sources", "msd", "--dry-run", "--json").stdout)
    assert (body["exists"], body["send"], body["there"], body["write"], body["remove"]) == (True, [], 14, [], [])


def test_visibility_is_never_a_surprise(here: Hub, shared_built: Path) -> None:
    assert not _msd(shared_built, "--public")["private"]
    assert "exists and is public. Say --public" in _error(shared_built, _REPO, "--sources", "msd")
    assert _msd(shared_built, "--private")["private"]
    assert here.dataset(_REPO).private
    assert _msd(shared_built)["private"]


def test_a_large_push_shows_no_half(here: Hub, shared_built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_module, "_COMMIT_FILES", 4)
    here.capacity = 150_000
    said = _error(shared_built, _REPO, "--sources", "msd")
    assert "the Hub has no room for it (Insufficient Storage" in said
    repo = here.dataset(_REPO)
    sent = len(here.uploads)
    assert re.search(r"send (data|index)/msd/\S+; \d+ files are there, the same command goes on", said)
    assert 4 <= sent < 14 and len(repo.commits) > 2
    assert "is not complete yet" in here.read(repo, "README.md").decode() and "manifest.json" not in repo.files
    here.capacity = None
    done = _msd(shared_built)
    assert done["sent"] + done["there"] == 14 and done["there"] >= 4
    assert len(here.uploads) == len(set(here.uploads)) == len(set(push_digests(shared_built)))
    assert "# COSMOS 1050K" in here.read(repo, "README.md").decode() and "manifest.json" in repo.files


def push_digests(out: Path) -> list[str]:
    from cosmos_datasets.share.contents import choose

    return [one.sha256 for one in choose(out, ["msd"]).files]


def test_an_update_in_several_commits_withdraws_the_manifest(
    here: Hub, shared_raw: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _msd(own)
    build(get_source("msd"), shared_raw, own, intensity=Intensity.parse("minmax-slice"))
    monkeypatch.setattr(push_module, "_COMMIT_FILES", 3)
    here.fail("POST", "/commit/", 500, "overloaded", after=2)
    assert "cannot commit; the same command goes on (org/cosmos1050k): the Hub answered 500 (overloaded)" in _error(
        own, _REPO, "--sources", "msd"
    )
    assert "manifest.json" not in here.dataset(_REPO).files
    here.faults.clear()
    _msd(own)
    assert json.loads(here.read(here.dataset(_REPO), "manifest.json"))["sources"]["msd"]["intensity"] == "minmax-slice"
    assert len(here.uploads) == len(set(here.uploads))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (("GET", "whoami", 401, "Invalid"), "does not accept the token (status 401); hf auth login"),
        (("PUT", "/storage/", 403, "private storage limit reached"), "no room for it (private storage limit reached)"),
        (("POST", "/commit/", 412, "A commit has happened since"), "somebody else has changed it meanwhile"),
        (("POST", "/commit/", 429, "slow down"), "too many requests (slow down); wait some minutes"),
        (("POST", "/api/repos/create", 402, "Payment required"), "wants a larger plan of org"),
        (("POST", "/commit/", 0, ""), "the connection failed (RemoteProtocolError); is there a network?"),
    ],
)
def test_what_the_hub_refuses_is_one_clear_message(
    here: Hub, shared_built: Path, fault: tuple[str, str, int, str], message: str
) -> None:
    here.fail(*fault)
    said = _error(shared_built, _REPO, "--sources", "msd")
    assert message in said and said.startswith("error: cannot ") and len(said) < 400


def test_who_may_write_where(here: Hub, shared_built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    msd = ("--sources", "msd")
    assert "has the form organisation/name" in _error(shared_built, "cosmos1050k", *msd)
    assert "not allowed" in _error(shared_built, "nobody/cosmos1050k", *msd)
    monkeypatch.setenv("HF_TOKEN", here.reader)
    said = _error(shared_built, _REPO, *msd)
    assert "May your account write to org, and may your token write at all?" in said
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert "does not accept the token" in _error(shared_built, _REPO, *msd)
    monkeypatch.delenv("HF_TOKEN")
    assert "nobody is logged in; hf auth login" in _error(shared_built, _REPO, *msd)
    assert not here.repos


def test_no_network(here: Hub, shared_built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert "the connection failed (ConnectError); is there a network?" in _error(
        shared_built, _REPO, "--sources", "msd"
    )
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "$HF_HUB_OFFLINE is set; unset it" in _error(shared_built, _REPO, "--sources", "msd")


def test_unknown_sources_and_folders(here: Hub, shared_built: Path, tmp_path: Path) -> None:
    said = _error(shared_built, _REPO, "--sources", "msd,acdc")
    assert "does not hold acdc; it has drive, msd" in said
    assert "is not a built data set" in _error(tmp_path, _REPO)
    assert not here.requests


def test_no_folder_of_this_machine_is_sent(here: Hub, own: Path) -> None:
    path = own / "manifest.json"
    body = json.loads(path.read_text())
    shard, folder = body["sources"]["msd"]["shards"][0], "/home/some'body: /my\nraw/msd/x.nii.gz"
    shard["broken"] = {"x": f"msd/x: {folder}: cannot be read (error at 12/07)", "y": "msd/y: images/y.nii: odd"}
    shard["findings"] = {"warning": {"odd": [f"x: {folder}", "y: images/y.nii"]}}
    path.write_text(json.dumps(body))
    _msd(own)
    sent = json.loads(here.read(here.dataset(_REPO), "manifest.json"))
    found = sent["sources"]["msd"]["shards"][0]
    assert found["broken"] == {"x": "msd/x: ...", "y": "msd/y: images/y.nii: odd"}
    assert found["findings"] == {"warning": {"odd": ["x: ...", "y: images/y.nii"]}}
