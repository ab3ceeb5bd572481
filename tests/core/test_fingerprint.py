"""A fixed loader, or a fixed core, must never return old rows."""

import ast
import dataclasses
import importlib
from pathlib import Path

import pytest

import cosmos_datasets
from cosmos_datasets import fingerprint
from cosmos_datasets.registry import get_source, source_ids
from cosmos_datasets.source import Label

_CORE = Path(cosmos_datasets.__file__).parent
# What a row's content does not depend on: messages, and names that only checks and searches use.
_NO_CONTENT = {"errors", "__init__"}


def _imports(path: Path) -> set[str]:
    """Modules of the core that a module imports, as paths without ending."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cosmos_datasets"):
            names.add(str(node.module))
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    inside = {"/".join(name.split(".")[1:]) for name in names}
    return {name for name in inside if (_CORE / f"{name}.py").is_file()} | {
        f"{name}/__init__" for name in inside if name and (_CORE / name / "__init__.py").is_file()
    }


def test_every_module_behind_a_row_counts() -> None:
    reached, waiting = set[str](), {"standardise", "schema"}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= _imports(_CORE / f"{name}.py") - reached
    counted = fingerprint._with_imports([_CORE / f"{name}.py" for name in fingerprint._MAKERS])
    assert len(reached) > 10
    assert reached - _NO_CONTENT - {"build/__init__"} <= {
        path.relative_to(_CORE).with_suffix("").as_posix() for path in counted
    }


def test_fingerprints_of_sources_differ_and_repeat() -> None:
    prints = [fingerprint.code_fingerprint(source) for source in map(get_source, source_ids())]
    assert len(set(prints)) == len(prints)
    assert prints == [fingerprint.code_fingerprint(source) for source in map(get_source, source_ids())]
    assert all(len(one) == 64 for one in prints)


def test_label_plane_and_core_change_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    source = get_source("acdc")
    before = fingerprint.code_fingerprint(source)
    changed = dataclasses.replace(source, labels=(*source.labels, Label("scar", "left_ventricular_scar", 4)))
    assert fingerprint.code_fingerprint(changed) != before
    assert fingerprint.code_fingerprint(dataclasses.replace(source, plane="axial")) != before
    assert fingerprint.code_fingerprint(dataclasses.replace(source, pitfalls=())) == before
    monkeypatch.setattr(fingerprint, "core_fingerprint", lambda: "another")
    assert fingerprint.code_fingerprint(source) != before


def test_edited_loader_changes_the_fingerprint(tmp_path: Path) -> None:
    source = get_source("acdc")
    prints = set()
    for number in range(2):
        module = tmp_path / f"loader_{number}.py"
        module.write_text(f"def find_cases(root):\n    return {number}\n")
        names: dict[str, object] = {}
        exec(compile(module.read_text(), str(module), "exec"), names)
        edited = dataclasses.replace(source, find_cases=names["find_cases"])  # type: ignore[arg-type]
        prints.add(fingerprint.code_fingerprint(edited))
    assert len(prints) == 2


def test_a_table_beside_the_loader_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "clinic_sources"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "classes.py").write_text("NAMES = ('a',)\n")
    (package / "loader.py").write_text(
        "from clinic_sources.classes import NAMES\ndef find_cases(root):\n    return NAMES\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    find_cases = importlib.import_module("clinic_sources.loader").find_cases
    source = dataclasses.replace(get_source("acdc"), find_cases=find_cases)
    before = fingerprint.code_fingerprint(source)
    assert fingerprint.code_fingerprint(source) == before
    (package / "classes.py").write_text("NAMES = ('b',)\n")
    assert fingerprint.code_fingerprint(source) != before
