"""How figures of cost are shown."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cosmos_datasets.evaluation.efficiency.tables import frame, render, seconds_text
from cosmos_datasets.evaluation.statistics.formats import to_text


def row(quantity: str, median: float, **fields: Any) -> dict[str, Any]:
    plain = {"strategy": "", "prompts_at_once": 0, "per": "image", "unit": "s"}
    spread = {"median": median, "q1": median / 2, "q3": median * 2, "measurements": 6}
    return {"quantity": quantity, **plain, **spread, **fields}


def report(device: str = "cpu") -> dict[str, Any]:
    first = [
        row("encoding", 0.1234),
        row("decoding", 0.01, strategy="S5", prompts_at_once=1, per="prompt"),
        row("parameters", 91_000_000, unit="", per="model"),
    ]
    second = [row("encoding", 1234.5), row("memory: everything", 2_500_000_000, unit="B", per="model")]
    models = [
        {"name": "model", "family": "SamAdapter", "digest": digest * 8, "load_average": load, "rows": rows}
        for digest, load, rows in (("a1b2", [0.5, 1.4], first), ("c3d4", [None, None], second))
    ]
    settings = {
        "device": {"type": device, "name": "A chip", "threads": 2, "cores": 8},
        "dtype": "float32",
        "versions": {"torch": "2.9"},
        "images": [{"width": width, "height": 300} for width in (512, 400)],
        "repeats": 3,
        "grid": 32,
        "memory": "some count",
    }
    return {"settings": settings, "models": models}


def test_a_row_a_quantity_and_a_column_a_model() -> None:
    lines = render(report()).splitlines()
    assert re.split("  +", lines[0].strip()) == ["model (a1b2a1b2)", "model (c3d4c3d4)"]
    assert [re.split("  +", line) for line in lines[2:6]] == [
        ["encoding, s per image", "0.123 (0.0617–0.247)", "1,234 (617–2,469)"],
        ["decoding, S5 (one at a time), s per prompt", "0.0100 (0.00500–0.0200)", "–"],
        ["parameters", "91,000,000", "–"],
        ["memory: everything", "–", "2.5 GB"],
    ]


def test_what_figures_depend_on_is_said() -> None:
    text = render(report())
    assert "A chip, 2 threads of 8 cores (cpu), float32, torch 2.9." in text
    assert "3 repeats on each of 2 images (400 x 300 to 512 x 300 pixels)" in text
    assert "(load average 0.5 to 1.4 here)" in text
    assert "32 x 32 points" in text and "some count" in text
    assert "what else runs" not in render(report("cuda"))


def test_csv_has_every_figure() -> None:
    table = frame(report())
    assert len(table) == 5 and table["model"].unique().tolist() == ["model (a1b2a1b2)", "model (c3d4c3d4)"]
    lines = to_text(frame(report()), "csv").splitlines()
    assert len(lines) == 6
    assert lines[2].endswith(",decoding,S5,1,prompt,s,0.01,0.005,0.02,6")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.012345, "0.0123"), (1.0, "1.00"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346")]
)
def test_seconds_have_three_digits(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text
