"""Sources are found through entry points."""

import json
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner

from cosmos_datasets import registry
from cosmos_datasets.cli import main
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.source import Source


def _forget() -> None:
    registry._offers.cache_clear()
    registry.get_source.cache_clear()


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    entries: list[EntryPoint] = []
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry for entry in entries if entry.group == group])
    _forget()
    yield entries
    _forget()


def test_every_registered_source_loads_under_its_own_id() -> None:
    assert [registry.get_source(one).id for one in registry.source_ids()] == list(registry.source_ids())
    assert "acdc" in registry.source_ids()
    assert list(registry.source_ids()) == sorted(registry.source_ids())


def test_misspelt_source_gets_a_proposal() -> None:
    with pytest.raises(CosmosError, match="Did you mean promise12"):
        registry.get_source("promise_12")
    with pytest.raises(CosmosError, match="cosmos-datasets list"):
        registry.get_source("zzz")


def test_source_of_another_package_is_found(offered: list[EntryPoint]) -> None:
    offered.append(EntryPoint("drive", "cosmos_datasets.loaders.drive:SOURCE", registry.GROUP))
    offered.append(EntryPoint("other", "cosmos_datasets.loaders.drive:SOURCE", "another.group"))
    assert registry.source_ids() == ("drive",)
    assert isinstance(registry.get_source("drive"), Source)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no_such_package_here:SOURCE", "it needs the Python package no_such_package_here|it cannot be imported"),
        ("cosmos_datasets.loaders.drive:SOURCE", "is not a Source of that id"),
        ("cosmos_datasets.loaders.drive:find_cases", "is not a Source of that id"),
        ("cosmos_datasets.loaders.drive:NOTHING", "cannot be imported: AttributeError"),
        ("no entry point", "cannot be imported: "),
    ],
)
def test_broken_entry_point_is_one_clear_error(offered: list[EntryPoint], value: str, message: str) -> None:
    offered.append(EntryPoint("mine", value, registry.GROUP))
    with pytest.raises(CosmosError, match=message) as error:
        registry.get_source("mine")
    assert value in str(error.value)


def test_listing_ids_imports_nothing(offered: list[EntryPoint]) -> None:
    offered.append(EntryPoint("mine", "no_such_package_here:SOURCE", registry.GROUP))
    assert registry.source_ids() == ("mine",)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Installs a package ``cosmos-mine`` with the given text as its module; each call adds another source."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(source_id: str, text: str) -> None:
        module = f"mine_{source_id}"
        (tmp_path / f"{module}.py").write_text(text)
        facts = tmp_path / f"cosmos_{source_id}-1.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: cosmos-{source_id}\nVersion: 1\n")
        (facts / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{source_id} = {module}:SOURCE\n")
        _forget()

    yield install
    _forget()
    for name in [one for one in sys.modules if one.startswith("mine_")]:
        del sys.modules[name]


_GOOD = """
from dataclasses import replace
from cosmos_datasets.loaders.drive import SOURCE
from cosmos_datasets.source import Download, Label
SOURCE = replace(SOURCE, id="mine", extra=True{changes})
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise RuntimeError('no\\nluck')", "it cannot be imported: RuntimeError: no luck"),
        ("import sys; sys.exit(0)", "it cannot be imported: SystemExit: 0"),
        ("raise BaseException", "it cannot be imported: BaseException: BaseException"),
        ("class E(BaseException): pass\nraise E('\x1b[2J')", "it cannot be imported: E: \\x1b[2J"),
        ("syntax error", "it cannot be imported: SyntaxError: invalid syntax"),
        ("import absent_package.part", "it needs the Python package absent_package: pip install absent_package"),
        ("import mine_mine.part", "it cannot be imported: ModuleNotFoundError"),
        ("SOURCE = 1 / 0", "it cannot be imported: ZeroDivisionError"),
        ("SOURCE = 7", "it is not a Source of that id"),
        (_GOOD.format(changes=", modalities='CT'"), "modalities is no list"),
        (_GOOD.format(changes=", expected={'cases': 'many'}"), "an entry of expected is no whole number"),
        (_GOOD.format(changes=", find_cases=None"), "find_cases is no"),
        (_GOOD.format(changes=", access='never'"), "access is none of open, account, request"),
        (_GOOD.format(changes=", modalities=('CT', 'T2w mri')"), "modality 'T2w mri' is written 'T2W MRI' here"),
        (_GOOD.format(changes=", modalities=('Fundus', 'PET CT', 'pet-ct')"), "two modalities have the short name"),
        (_GOOD.format(changes=", modalities=('Fundus', '../x')"), "modality '../x' is not written in"),
        (_GOOD.format(changes=", modalities=('Mine',)"), "'mine' is the name of another configuration"),
        (_GOOD.format(changes=", labels=(Label('a\x1b', 'liver', 1),)"), "label 'a\\x1b' is not written in"),
        (_GOOD.format(changes=", labels=(Label('a', 'Liver/x', 1),)"), "object 'Liver/x' is not written in"),
        (_GOOD.format(changes=", labels=(Label('a', 'liver', 1, modalities=('CT',)),)"), "label a names the modality"),
        (_GOOD.format(changes=", labels=()"), "it declares no labels"),
        (_GOOD.format(changes=", downloads=(Download('file:///etc/passwd'),)"), "is no address on the web"),
        (_GOOD.format(changes=", downloads=(Download('https://a/b', into='../c'),)"), "outside of the folder"),
    ],
)
def test_a_broken_package_is_one_warning_and_the_others_are_listed(
    installed: Callable[[str, str], None], text: str, reason: str
) -> None:
    installed("mine", text)
    for command in ("list", "targets"):
        done = CliRunner().invoke(main, [command])
        assert done.exit_code == 0, done.output
        assert "chaos" in done.stdout
        warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
        assert len(warnings) == 1
        assert warnings[0].startswith("warning: source mine of cosmos-mine (mine_mine:SOURCE) cannot be used: ")
        assert reason in warnings[0]
    done = CliRunner().invoke(main, ["info", "mine"])
    assert (done.exit_code, done.stderr) == (1, f"error: {warnings[0].removeprefix('warning: ')}\n")
    assert isinstance(done.exception, SystemExit)


def test_ctrl_c_while_packages_are_imported_ends_the_command(installed: Callable[[str, str], None]) -> None:
    installed("mine", "raise KeyboardInterrupt")
    assert CliRunner().invoke(main, ["list"]).exit_code == 130


def test_what_a_package_prints_stays_out_of_the_output(installed: Callable[[str, str], None]) -> None:
    installed("mine", "print('hello')" + _GOOD.format(changes=""))
    done = CliRunner().invoke(main, ["list", "--json"])
    assert done.stderr == "hello\n"
    assert "mine" in {one["id"] for one in json.loads(done.stdout)}


def test_two_packages_with_one_id_are_told_apart_by_nobody(installed: Callable[[str, str], None]) -> None:
    installed("drive", _GOOD.format(changes="").replace("mine", "drive"))
    with pytest.raises(CosmosError, match=r"offered by several packages: .*cosmos-drive \(mine_drive:SOURCE\)"):
        registry.get_source("drive")


def test_words_of_another_package_are_words(installed: Callable[[str, str], None]) -> None:
    label = "Label('wing_left', 'wing', 1, modalities=('Thermography',))"
    installed("mine", _GOOD.format(changes=f", modalities=('Fundus', 'Thermography'), labels=({label},)"))
    for arguments in (["--object", "Wing"], ["--modality", "thermography"]):
        done = CliRunner().invoke(main, ["targets", *arguments, "--json"])
        assert [one["object"] for one in json.loads(done.stdout)] == ["wing"], done.output
    assert (
        "no object is called 'wings'. Did you mean wing"
        in CliRunner().invoke(main, ["targets", "--object", "wings"]).stderr
    )
