"""Pictures of a built data set's counts, drawn from its index alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from cosmos_datasets.statistics import Statistics

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from cosmos_datasets.load.access import CosmosDataset

_IMAGES, _MASKS = "#9db4c0", "#1f6f8b"
_INCH_A_BAR = 0.22
#: Two bins a factor of two.
_BINS_AN_OCTAVE = 2


def draw(data: CosmosDataset, statistics: Statistics, folder: Path) -> list[Path]:
    """Draw counts per source, modality, object and target, image sizes and mask areas.

    Args:
        data: a built data set with at least one image.
        statistics: its counts by ``source``, ``modality``, ``object`` and ``target``.
        folder: made if it is not there; files of the same names are replaced.

    Returns:
        The PNG files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for grouping in ("source", "modality", "object", "target"):
        figure = _counts(grouping, statistics)
        paths.append(_save(figure, folder / f"{grouping}s.png".replace("modalitys", "modalities")))
    sizes, areas = _sizes_and_areas(data)
    paths.append(_save(_image_sizes(sizes), folder / "image_sizes.png"))
    paths.append(_save(_mask_areas(areas), folder / "mask_areas.png"))
    return paths


def _save(figure: Figure, path: Path) -> Path:
    with matplotlib.rc_context({"font.size": 9}):
        figure.savefig(path, dpi=150, bbox_inches="tight", metadata={"Software": ""})
    return path


def _counts(grouping: str, statistics: Statistics) -> Figure:
    """Bars of images and masks, most masks on top, on a logarithmic axis."""
    found = sorted(statistics.by[grouping].items(), key=lambda item: item[1].masks)
    names = [", ".join(values).replace("_", " ") for values, _ in found]
    figure = Figure(figsize=(8, 1.2 + _INCH_A_BAR * len(names)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(names))
    axes.barh(places + 0.2, [one.masks for _, one in found], 0.4, color=_MASKS, label="masks")
    axes.barh(places - 0.2, [one.images for _, one in found], 0.4, color=_IMAGES, label="images")
    for place, (_, one) in zip(places, found, strict=True):
        axes.text(max(one.masks, one.images) * 1.1, float(place), f"{one.masks:,}", va="center", fontsize=7)
    axes.set_xscale("log")
    axes.set_xlim(left=0.8, right=4 * max(max(one.masks, one.images) for _, one in found))
    axes.set_yticks(places, names)
    axes.set_ylim(-0.7, len(names) - 0.3)
    axes.set_title(f"Images and masks per {grouping} ({len(names)})", loc="left")
    axes.legend(loc="lower right", frameon=False)
    _bare(axes)
    return figure


def _sizes_and_areas(data: CosmosDataset) -> tuple[Counter[tuple[int, int]], dict[str, Counter[int]]]:
    """Image sizes (width, height) -> images; modality -> binary order of a mask's area in half octaves -> masks."""
    sizes: Counter[tuple[int, int]] = Counter()
    areas: dict[str, Counter[int]] = {}
    for shard in data.shards():
        table = data.index_of(shard, ["image_id", "modality", "height", "width", "area", "instance"]).to_pandas()
        images = table.drop_duplicates("image_id")
        sizes.update(zip(images["width"].tolist(), images["height"].tolist(), strict=True))
        masks = table[table["instance"] == 0]
        orders = np.floor(_BINS_AN_OCTAVE * np.log2(masks["area"])).astype(int)
        for modality, group in orders.groupby(masks["modality"]):
            areas.setdefault(str(modality), Counter()).update(group.tolist())
    return sizes, dict(sorted(areas.items()))


def _image_sizes(sizes: Mapping[tuple[int, int], int]) -> Figure:
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    width, height = np.array(list(sizes)).T
    number = np.array(list(sizes.values()))
    axes.scatter(width, height, s=12 + 300 * number / number.max(), color=_MASKS, alpha=0.45, linewidths=0)
    limits = 0.8 * min(width.min(), height.min()), 1.25 * max(width.max(), height.max())
    axes.plot(limits, limits, color="#999999", linewidth=0.6, zorder=0)
    _octaves(axes.set_xscale, axes.xaxis)
    _octaves(axes.set_yscale, axes.yaxis)
    axes.set_xlim(limits)
    axes.set_ylim(limits)
    axes.set_aspect("equal")
    axes.set_xlabel("width in pixels")
    axes.set_ylabel("height in pixels")
    axes.set_title(f"Image sizes: {len(sizes):,} in {number.sum():,} images (area: number of images)", loc="left")
    _bare(axes)
    return figure


def _mask_areas(areas: Mapping[str, Counter[int]]) -> Figure:
    figure = Figure(figsize=(8, 1 + 0.9 * len(areas)), layout="constrained")
    rows = figure.subplots(len(areas), sharex=True, squeeze=False)[:, 0]
    for axes, (modality, orders) in zip(rows, areas.items(), strict=True):
        edges = [2.0 ** (order / _BINS_AN_OCTAVE) for order in orders]
        axes.bar(
            edges, orders.values(), np.array(edges) * (2 ** (1 / _BINS_AN_OCTAVE) - 1), align="edge", color=_MASKS
        )
        axes.set_ylabel(modality, rotation=0, ha="right", va="center")
        axes.set_yticks([])
        _octaves(axes.set_xscale, axes.xaxis)
        _bare(axes)
    rows[0].set_title("Mask areas per modality (instances: their union)", loc="left")
    rows[-1].set_xlabel("area in pixels")
    return figure


def _octaves(scale: Callable[..., object], axis: Axis) -> None:
    scale("log", base=2)
    axis.set_major_formatter("{x:g}")


def _bare(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
