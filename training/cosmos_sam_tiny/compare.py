"""The table of the model card: both models and the blind baselines on the same masks, and whether the aims are met."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

_KEYS = ["tree", "image_id", "object", "place", "strategy"]
#: The share of MobileSAM's lead over the ellipse that S5 is to reach, and the least rank correlation of IoU.
LEAD, RHO = 0.5, 0.5


def main() -> None:
    """Read the tables that `evaluate.py` left in a folder and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    folder = parser.parse_args().work
    tiny, mobile = (_read(folder / f"{name}.csv") for name in ("cosmos-sam-tiny", "MobileSAM"))
    both = tiny.merge(mobile[[*_KEYS, "dice_oracle"]], on=_KEYS, how="left", suffixes=("", "_mobile"))
    columns = {
        "dice_oracle": "tiny",
        "dice_predicted": "tiny, its own choice",
        "dice_oracle_mobile": "MobileSAM",
        "dice_blind": "blind",
    }
    groups = both.groupby(["tree", "strategy"])
    means = groups[list(columns)].mean().rename(columns=columns)
    means.insert(0, "masks", groups.size())
    print(means.round(3).reset_index().to_markdown(index=False), "\n")
    print(aims(both, means).to_markdown(index=False))


def _read(file: Path) -> pd.DataFrame:
    table = pd.read_csv(file)
    # Several masks of one object in one image are told apart by their order, the same for every model.
    table["place"] = table.groupby(["tree", "image_id", "object", "strategy"]).cumcount()
    return table


def aims(both: pd.DataFrame, means: pd.DataFrame) -> pd.DataFrame:
    """One row a tree: what S5 has to reach, whether S2 beats the disc, the order of strategies, Spearman's rho."""
    rows = []
    mean: dict[Any, Any] = means.to_dict("index")
    for tree, group in both[both["strategy"] != "S1"].groupby("tree"):
        box, point = mean[tree, "S5"], mean[tree, "S2"]
        wanted = box["blind"] + max(0.0, LEAD * (box["MobileSAM"] - box["blind"]))
        order = [mean[tree, name]["tiny"] for name in ("S5", "S3", "S2", "S1")]
        rho = group["predicted_iou"].rank().corr(group["jac_predicted"].rank())
        rows.append(
            {
                "tree": tree,
                "S5": f"{box['tiny']:.3f}",
                "wanted": f"{wanted:.3f}",
                "S5 reaches it": _yes(box["tiny"] >= wanted),
                "S2 beats the disc": _yes(point["tiny"] > point["blind"]),
                "S5 > S3 > S2 > S1": _yes(order == sorted(order, reverse=True)),
                "rho": f"{rho:.2f}",
                f"rho >= {RHO}": _yes(rho >= RHO),
            }
        )
    return pd.DataFrame(rows)


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


if __name__ == "__main__":
    main()
