"""The held-out table: cosmos-sam-tiny, MobileSAM and the blind baselines on real data that no training saw."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import pandas as pd
import torch
from tqdm import tqdm

from cosmos_datasets.evaluation.engine import ChunkReader
from cosmos_datasets.evaluation.models import load_model
from cosmos_datasets.evaluation.models.adapter import Adapter
from cosmos_datasets.evaluation.prompts import STRATEGIES
from cosmos_datasets.evaluation.scoring import Settings, score_sample
from cosmos_datasets.evaluation.selection import select
from cosmos_datasets.load.access import open_dataset
from cosmos_sam_tiny.held_out_trees import TREES, build_tree
from cosmos_sam_tiny.mobile_sam import MobileSamAdapter
from cosmos_sam_tiny.teacher import fetch_weights

#: The numbers that each row of the table keeps.
_COLUMNS = (
    *("tree", "image_id", "object", "instance", "strategy"),
    *("dice_oracle", "dice_predicted", "dice_blind", "jac_predicted", "predicted_iou"),
)


def main() -> None:
    """Read the command line, evaluate what is missing, print the table and the criteria."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, required=True, help="folder of the real trees")
    parser.add_argument("--model", required=True, help="a checkpoint, tiny, or mobilesam")
    parser.add_argument("--decoder", type=Path, help="folder with SAM ViT-H's decoder, for mobilesam")
    parser.add_argument("--work", type=Path, required=True, help="folder for weights and tables")
    parser.add_argument("--images", type=int, default=40, help="images a tree, spread evenly; all if there are fewer")
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), help="S1 is costly: see --everything")
    parser.add_argument("--everything", type=int, default=3, help="of these images so many under S1 too")
    parser.add_argument("--grid", type=int, default=16, help="points a side of S1")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    adapter: Adapter
    if options.model == "mobilesam":
        adapter = MobileSamAdapter(fetch_weights(options.work), options.decoder)
    else:
        adapter = load_model(options.model, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        tables = [
            evaluate_tree(adapter, name, build_tree(name, options.real, Path(folder)), options) for name in TREES
        ]
    table = pd.concat(tables, ignore_index=True)
    table.to_csv(options.work / f"{adapter.name}.csv", index=False)
    print(summary(table).to_string())


def evaluate_tree(adapter: Adapter, name: str, dataset: Path, options: argparse.Namespace) -> pd.DataFrame:
    """Score evenly spread images of a tree under the strategies, S1 on a few of them alone."""
    data = open_dataset(str(dataset))
    selection = select(data)
    ids = selection.table["image_id"].unique()
    chosen = ids[:: -(-len(ids) // options.images)]
    under_s1 = set(chosen[:: -(-len(chosen) // options.everything)])
    reader, rows = ChunkReader(data), []
    for chunk in tqdm(selection.chunks, desc=name, mininterval=20):
        if not set(chosen).intersection(chunk.image_ids):
            continue
        for sample in reader.read(chunk):
            if sample.row["image_id"] not in chosen:
                continue
            left_out = () if sample.row["image_id"] in under_s1 else ("S1",)
            strategies = tuple(name for name in options.strategies if name not in left_out)
            areas = [
                selection.mean_areas[target.object, sample.row["modality"], target.instance > 0]
                for target in sample.targets
            ]
            (embedding,) = adapter.encode([sample.image])
            settings = Settings(strategies, grid=options.grid, distances=False)
            rows += [{"tree": name, **row} for row in score_sample(adapter, embedding, sample, settings, areas)]
    return pd.DataFrame(rows)[list(_COLUMNS)]


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Means a tree and strategy, and Spearman's rho between the model's estimate of IoU and the truth over S2-S6."""
    groups = table.groupby(["tree", "strategy"])
    means = groups[["dice_oracle", "dice_predicted", "dice_blind"]].mean()
    means.insert(0, "masks", groups.size())
    estimates = table[table["strategy"] != "S1"]
    for name, group in estimates.groupby("tree"):
        rho = group["predicted_iou"].astype(float).rank().corr(group["jac_predicted"].astype(float).rank())
        means.loc[(name, "S5"), "spearman"] = rho
    return means.round(3)


if __name__ == "__main__":
    main()
