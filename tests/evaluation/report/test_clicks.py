"""The report names the protocol by which clicks were made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.evaluation.interactive.store import RESULTS, SCHEMA
from cosmos_datasets.evaluation.report.folders import Folder
from cosmos_datasets.evaluation.report.study_plots import click_plot
from cosmos_datasets.evaluation.report.study_sheets import click_sheet


def folder(path: Path, rule: str, *, previous_mask: bool) -> Folder:
    """A run of two clicks on one mask, of IoU 0.82 and DICE 0.90 after the second one."""
    same: dict[str, Any] = {"object": "liver", "modality": "CT", "image_id": "a", "case_id": "a", "instance": 0}
    same |= {"rule": rule, "previous_mask": previous_mask, "area": 1000, "dice_blind": 0.5}
    rows = []
    for click, hit in ((1, 500), (2, 900)):
        scores = {f"dice_{choice}": hit / 1000 for choice in ("predicted", "oracle")}
        scores |= {f"tp_{choice}": hit for choice in ("predicted", "oracle")}
        scores |= {f"pred_area_{choice}": 1000 for choice in ("predicted", "oracle")}
        rows.append({**dict.fromkeys(SCHEMA.names), **same, **scores, "click": click})
    path.mkdir()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path / RESULTS)
    return Folder(path, "interactive", path.name, {"model": {"name": "tiny"}})


def test_one_protocol_is_named_below_the_table(tmp_path: Path) -> None:
    sheet = click_sheet([folder(tmp_path / "a", "ritm", previous_mask=True)])
    titles = [column.head for column in sheet.columns]
    assert "NoC@85 IoU" in titles and "protocol" not in titles
    assert sheet.frame["noc_iou_80"].tolist() == [2.0, 2.0] == sheet.frame["noc_dice_90"].tolist()
    assert sheet.frame["failed_iou_85"].tolist() == [1.0, 1.0]
    for text in (sheet.text[0], click_plot(sheet.frame).text):
        assert "clicks by RITM's rule, with the previous mask as input" in text


def test_several_protocols_are_told_apart(tmp_path: Path) -> None:
    folders = [
        folder(tmp_path / "a", "ritm", previous_mask=True),
        folder(tmp_path / "b", "largest-region", previous_mask=False),
    ]
    sheet = click_sheet(folders)
    assert "protocol" in [column.head for column in sheet.columns]
    assert sheet.frame["protocol"].nunique() == 2
