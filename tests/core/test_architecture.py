"""Who may import whom, what is imported late, and how long a module may be; by parsing, not by importing."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_FOLDERS = {"core": "cosmos_datasets", "loaders": "loaders", "evaluation": "evaluation", "cards": "cards"}
_ARROWS = {
    "core": {"core"},
    "loaders": {"loaders", "core"},
    "evaluation": {"evaluation", "core", "cards"},
    "cards": {"cards", "core"},
}
_COMMANDS = _ROOT / "cosmos_datasets" / "cli"
# Imported where used, so that every command starts in half a second; the builder is itself imported late.
_HEAVY = {"torch", "transformers", "datasets", "accelerate", "evaluate"}
_MAY_IMPORT_DATASETS = "cosmos_datasets/load/raw_builder.py"
_UNSAFE = {"pickle", "dill", "joblib", "marshal", "shelve", "cloudpickle"}
_LONGEST = 400


def _modules(part: str) -> list[Path]:
    return sorted((_ROOT / _FOLDERS[part]).rglob("*.py"))


_ALL = [(part, path) for part in _FOLDERS for path in _modules(part)]
_IDS = [path.relative_to(_ROOT).as_posix() for _, path in _ALL]
each_module = pytest.mark.parametrize(("part", "path"), _ALL, ids=_IDS)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _imports(tree: ast.AST, *, late: bool, types: bool = False) -> Iterator[str]:
    """Names of imported modules and of what is imported from them.

    Args:
        tree: a module.
        late: also the imports inside functions.
        types: also those for the type checker alone.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide what is imported"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not late:
            continue
        elif not _is_type_checking(node) or types:
            yield from _imports(node, late=late, types=types)
        else:
            for other in node.orelse:  # type: ignore[attr-defined]
                yield from _imports(ast.Module([other], []), late=late)


def _part_of(name: str) -> str | None:
    if not re.match(r"cosmos_datasets(\.|$)", name):
        return None
    second = name.split(".")[1] if "." in name else ""
    return second if second in {"loaders", "evaluation", "cards"} else "core"


@each_module
def test_arrows(part: str, path: Path) -> None:
    tree = ast.parse(path.read_text())
    for name in _imports(tree, late=True, types=True):
        assert name.split(".")[0] not in {"loaders", "evaluation", "cards", "tests"}, f"{name}: use the installed name"
        target = _part_of(name)
        allowed = _ARROWS[part] | ({"cards"} if path.is_relative_to(_COMMANDS) else set())
        assert target is None or target in allowed, f"{part} must not import {name}"


def test_commands_import_cards_late() -> None:
    """The command line alone of the core may fill a card, when it runs."""
    for path in _COMMANDS.glob("*.py"):
        early = _imports(ast.parse(path.read_text()), late=False, types=True)
        assert not [name for name in early if _part_of(name) == "cards"], path


@pytest.mark.parametrize("path", _modules("core"), ids=lambda path: path.relative_to(_ROOT).as_posix())
def test_core_names_no_loader(path: Path) -> None:
    """Not by a string either: sources are found through entry points."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not re.search(r"cosmos_datasets\.loaders\.\w", node.value), node.value


@pytest.mark.parametrize(
    ("part", "path"), [pair for pair in _ALL if pair[0] in {"core", "loaders"}], ids=lambda value: str(value)[-30:]
)
def test_core_and_loaders_import_nothing_heavy_first(part: str, path: Path) -> None:
    tree = ast.parse(path.read_text())
    allowed = {"datasets"} if path.as_posix().endswith(_MAY_IMPORT_DATASETS) else set()
    heavy = {name for name in _imports(tree, late=False) if name.split(".")[0] in _HEAVY - allowed}
    assert not heavy
    assert not {name for name in _imports(tree, late=True) if name.split(".")[0] == "torch"}, f"{part} needs no torch"


@each_module
def test_nothing_that_could_run_a_file_is_used(part: str, path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not {name for name in _imports(tree, late=True) if name.split(".")[0] in _UNSAFE}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"eval", "exec", "os.system", "yaml.load"}, f"line {node.lineno}"
            keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert keywords.get("allow_pickle", "False") == "False"
            assert called != "torch.load" or keywords.get("weights_only") == "True", f"line {node.lineno}"
            assert keywords.get("trust_remote_code", "False") == "False"


@each_module
def test_modules_are_short(part: str, path: Path) -> None:
    assert len(path.read_text().splitlines()) <= _LONGEST


def test_loaders_are_declarations() -> None:
    """A loader that grows does what the core should do; tables that several modules share do not count."""
    lines = {
        path.stem: len(path.read_text("utf-8").splitlines())
        for path in _modules("loaders")
        if "SOURCE = Source(" in path.read_text("utf-8")
    }
    assert len(lines) == 57
    assert max(lines.values()) <= 150
    assert statistics.median(lines.values()) <= 80


def test_every_module_is_in_an_installed_package() -> None:
    import tomllib

    packages = set(tomllib.loads((_ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    for part, path in _ALL:
        inner = path.parent.relative_to(_ROOT).parts[1:]
        prefix = ("cosmos_datasets",) if part == "core" else ("cosmos_datasets", part)
        assert ".".join((*prefix, *inner)) in packages, path


def test_parser_sees_late_and_conditional_imports() -> None:
    tree = ast.parse(
        "import a\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n import b\nelse:\n import c\n"
        "def f():\n import d\nclass C:\n import e\ntry:\n import g.h\nexcept ImportError:\n pass\n"
    )
    assert set(_imports(tree, late=False)) == {"a", "typing.TYPE_CHECKING", "c", "e", "g.h"}
    assert set(_imports(tree, late=True)) - set(_imports(tree, late=False)) == {"d"}
    assert set(_imports(tree, late=True, types=True)) >= {"b", "d"}


def test_one_function_writes_to_the_terminal() -> None:
    """Names of files and words of tables hold escape sequences; ``say`` alone lets none through."""
    for _, path in _ALL:
        if path != _COMMANDS / "printing.py":
            called = {
                ast.unparse(one.func) for one in ast.walk(ast.parse(path.read_text())) if isinstance(one, ast.Call)
            }
            assert not called & {"click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write"}, path
