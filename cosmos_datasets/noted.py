"""JSON that one command notes for another: read with a bound on its size, and a check of its shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from cosmos_datasets.errors import reading_built

#: Larger than what any command writes: the manifest of all sources with every case noted has some ten million.
_MOST_BYTES = 1 << 28


def read_noted(path: Path, shape: Any, remedy: str) -> Any:
    """Read a file of JSON.

    Args:
        path: the file.
        shape: the type that its content must have, see :func:`misfits`.
        remedy: what to do about a file that is missing or damaged.

    Raises:
        CosmosError: if it is no file, too large, no JSON, or has another shape.
    """
    with reading_built(path, remedy):
        return parse_noted(read_text(path), shape)


def read_text(path: Path) -> str:
    """Read UTF-8; raises OSError or ValueError."""
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
    return data.decode()


def parse_noted(text: str, shape: Any) -> Any:
    """Parse JSON; raises ValueError or RecursionError if it is none, or has another shape."""
    content = json.loads(text)
    for misfit in misfits(content, shape):
        raise ValueError(misfit)
    return content


def misfits(value: Any, shape: Any, where: str = "it") -> Iterator[str]:
    """Compare parsed JSON, or what somebody's package declares, with a type.

    Args:
        value: what was parsed, or an object.
        shape: a type hint of ``str``, ``int``, ``float``, ``bool``, ``None``, literals, lists, tuples, dicts,
            callables, unions, ``Any``, typed dicts and dataclasses; further keys of the latter two are no misfit.
        where: what the value is called.

    Yields:
        What does not fit, in words.
    """
    origin, parts = get_origin(shape), get_args(shape)
    if shape is Any:
        return
    if origin is NotRequired:
        yield from misfits(value, parts[0], where)
    elif origin in (Union, UnionType):
        if all(any(True for _ in misfits(value, one, where)) for one in parts):
            yield f"{where} is no {' or '.join(map(_name, parts))}"
    elif is_typeddict(shape) or is_dataclass(shape):
        yield from _misfits_of_fields(value, shape, where)
    elif origin is Literal:
        if value not in parts:
            yield f"{where} is none of {', '.join(parts)}"
    elif not _is_a(value, origin or shape):
        yield f"{where} is no {_name(shape)}"
    else:
        yield from _misfits_within(value, parts, f"an entry of {where}")


def _misfits_within(value: Any, parts: tuple[Any, ...], where: str) -> Iterator[str]:
    if isinstance(value, tuple):
        kinds = parts[:1] * len(value) if parts[-1] is Ellipsis else parts
        if len(kinds) != len(value):
            yield f"{where} is missing, or one too many"
        for one, kind in zip(value, kinds, strict=False):
            yield from misfits(one, kind, where)
    elif isinstance(value, list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from misfits(one, parts[-1] if parts else Any, where)


def _misfits_of_fields(value: Any, shape: Any, where: str) -> Iterator[str]:
    if isinstance(shape, type) and is_dataclass(shape) and isinstance(value, shape):
        value = vars(value)
    if not isinstance(value, dict):
        yield f"{where} is no object"
        return
    required = shape.__required_keys__ if is_typeddict(shape) else _without_default(shape)
    for name, kind in get_type_hints(shape, include_extras=True).items():
        if name in value:
            yield from misfits(value[name], kind, name)
        elif name in required:
            yield f"{where} lacks {name}"


def _without_default(shape: Any) -> set[str]:
    return {one.name for one in fields(shape) if one.default is MISSING and one.default_factory is MISSING}


def _is_a(value: Any, kind: Any) -> bool:
    if isinstance(value, bool):  # which is an int to Python
        return kind is bool
    return isinstance(value, {float: (int, float), None: NoneType, Mapping: dict}.get(kind, kind))


def _name(kind: Any) -> str:
    words = {str: "text", int: "whole number", float: "number", bool: "true or false", None: "null", NoneType: "null"}
    return words.get(kind) or {list: "list", tuple: "list", dict: "object", Callable: "function"}.get(
        get_origin(kind) or kind, "object"
    )
