"""Draws docs/demo.png from the demo's run: a row a strategy with the image, the prompt, the mask and its DICE.

python examples/mni152/demo.py --model MODEL
python examples/mni152/picture.py demo-output/runs/MODEL demo-output/cosmos1050k docs/demo.png
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from cosmos_datasets import full_mask, open_dataset
from cosmos_datasets.evaluation.gallery_rows import read_masks, read_scores
from cosmos_datasets.evaluation.prompts import Prompt
from cosmos_datasets.load.rows import as_array

#: What the rows show: an object and a strategy, with the strategy's name for people.
ROWS = (
    ("brain", "S2", "one point"),
    ("white_matter", "S3", "five points"),
    ("gray_matter", "S6", "box and one point"),
)
SLICE = "a002"
#: Everything is drawn this much larger and reduced at the end, which smooths edges.
FINE = 3
ZOOM, GAP, TEXT, HEAD = 1.12, 14, 240, 44
INK, SOFT, PAGE, BAR = (22, 25, 29), (98, 106, 117), (255, 255, 255), (223, 227, 232)
PREDICTED, REFERENCE, POSITIVE, NEGATIVE = (56, 164, 255), (255, 176, 0), (24, 201, 100), (255, 59, 92)

Colour = tuple[int, int, int]


def draw(run: Path, dataset: str, slice_name: str = SLICE) -> Image.Image:
    """Draw the picture of a run whose masks of that slice were kept."""
    data = open_dataset(dataset)
    index = data.find(source="mni152")
    found = index[index["image_id"].str.endswith(f"/{slice_name}")]
    (row,) = data.rows(found)
    results = run / "results.parquet"
    scores = read_scores(results)
    scores = scores[scores["image_id"] == row["image_id"]]
    grey = Image.fromarray(as_array(row["image"])).convert("RGB")
    size = round(row["width"] * ZOOM), round(row["height"] * ZOOM)
    image = grey.resize((size[0] * FINE, size[1] * FINE), Image.Resampling.BICUBIC)

    columns = [GAP + k * (size[0] + GAP) for k in range(4)]
    canvas = Image.new("RGB", ((columns[3] + TEXT) * FINE, (HEAD + len(ROWS) * (size[1] + GAP)) * FINE), PAGE)
    pen = ImageDraw.Draw(canvas)
    for x, title in zip(columns, ("image", "prompt", "mask and reference", "DICE, and blind (tick)"), strict=True):
        _text(pen, (x, 14), title, 17, SOFT)
    for number, (name, strategy, words) in enumerate(ROWS):
        (place,) = scores.index[(scores["object"] == name) & (scores["strategy"] == strategy)]
        result, masks = scores.loc[place], read_masks(results, {int(place)})[int(place)]
        if not result["drawable"]:
            raise SystemExit(f"{run} kept no mask of {row['image_id']}; run cosmos-eval with --save-masks.")
        k = next(k for k, one in enumerate(row["objects"]) if one["object"] == name)
        prompted, masked = image.copy(), image.copy()
        _draw_prompt(prompted, Prompt.from_json(result["prompt"]), ZOOM * FINE)
        if (crop := masks["oracle"]) is not None:
            _fill(masked, _on_canvas(*crop, row), PREDICTED)
        _outline(masked, full_mask(row, k), REFERENCE)
        y = HEAD + number * (size[1] + GAP)
        for x, picture in zip(columns, (image, prompted, masked), strict=False):
            canvas.paste(picture, (x * FINE, y * FINE), _rounded(picture.size))
        _describe(pen, (columns[3], y), name.replace("_", " "), strategy, words, result)
    return canvas.resize((canvas.width // FINE, canvas.height // FINE), Image.Resampling.LANCZOS)


def _describe(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], name: str, strategy: str, words: str, result: Any
) -> None:
    x, y = at
    _text(pen, (x, y + 8), name, 25, INK)
    _text(pen, (x, y + 44), f"{strategy}  {words}", 17, SOFT)
    oracle, blind = float(result["dice_oracle"]), float(result["dice_blind"])
    _text(pen, (x, y + 110), f"{oracle:.3f}", 50, INK)
    left, top, width = x * FINE, (y + 178) * FINE, (TEXT - 2 * GAP) * FINE
    pen.rounded_rectangle((left, top, left + width, top + 8 * FINE), 4 * FINE, BAR)
    pen.rounded_rectangle((left, top, left + width * oracle, top + 8 * FINE), 4 * FINE, PREDICTED)
    tick = left + width * blind
    pen.rectangle((tick - FINE, top - 5 * FINE, tick + FINE, top + 13 * FINE), INK)
    _text(pen, (x, y + 202), f"predicted {float(result['dice_predicted']):.3f}   blind {blind:.3f}", 15, SOFT)


def _text(pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, colour: Colour) -> None:
    pen.text((at[0] * FINE, at[1] * FINE), text, colour, ImageFont.load_default(size * FINE), spacing=6 * FINE)


def _on_canvas(mask: NDArray[np.bool_], bbox: tuple[int, int, int, int], row: dict[str, Any]) -> NDArray[np.bool_]:
    canvas = np.zeros((row["height"], row["width"]), dtype=np.bool_)
    canvas[bbox[1] : bbox[3] + 1, bbox[0] : bbox[2] + 1] = mask
    return canvas


def _enlarged(mask: NDArray[np.bool_], size: tuple[int, int]) -> Image.Image:
    """A mask at the picture's size with smooth edges, mode L, 0 or 255."""
    grey = Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BICUBIC)
    return grey.point([0] * 128 + [255] * 128)


def _fill(picture: Image.Image, mask: NDArray[np.bool_], colour: Colour) -> None:
    half = _enlarged(mask, picture.size).point([value // 2 for value in range(256)])
    picture.paste(Image.new("RGB", picture.size, colour), mask=half)


def _outline(picture: Image.Image, mask: NDArray[np.bool_], colour: Colour) -> None:
    whole = _enlarged(mask, picture.size)
    border = ImageChops.subtract(whole.filter(ImageFilter.MaxFilter(5)), whole.filter(ImageFilter.MinFilter(3)))
    picture.paste(Image.new("RGB", picture.size, colour), mask=border)


def _draw_prompt(picture: Image.Image, prompt: Prompt, zoom: float) -> None:
    pen = ImageDraw.Draw(picture)
    if prompt.box is not None:
        x0, y0, x1, y1 = prompt.box.tolist()
        pen.rectangle((x0 * zoom, y0 * zoom, (x1 + 1) * zoom, (y1 + 1) * zoom), outline="white", width=2 * FINE)
    for (x, y), label in sorted(zip(prompt.points.tolist(), prompt.labels.tolist(), strict=True), key=lambda p: p[1]):
        cx, cy = (x + 0.5) * zoom, (y + 0.5) * zoom
        shape = pen.ellipse if label else pen.rectangle
        for radius, colour in ((7, "white"), (5, POSITIVE if label else NEGATIVE)):
            r = radius * FINE * (1 if label else 0.8)
            shape((cx - r, cy - r, cx + r, cy + r), colour)


def _rounded(size: tuple[int, int]) -> Image.Image:
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), 8 * FINE, 255)
    return mask


def main() -> None:
    """Read the command line and write the picture."""
    parser = argparse.ArgumentParser(description="Draw the picture of the demo's run.")
    parser.add_argument("run", type=Path)
    parser.add_argument("dataset")
    parser.add_argument("out", type=Path)
    parser.add_argument("--slice", default=SLICE, help="which one, e.g. a004")
    options = parser.parse_args()
    picture = draw(options.run, options.dataset, options.slice)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    picture.save(options.out, optimize=True)
    print(f"{options.out}: {picture.width} x {picture.height}, {options.out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
