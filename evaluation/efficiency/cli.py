"""``efficiency``: what models cost in seconds and memory."""

from __future__ import annotations

import functools
import signal
from pathlib import Path
from typing import Any

import click
from cosmos_datasets.cli.printing import say

from cosmos_datasets.cli.printing import print_json
from cosmos_datasets.evaluation.shared_options import format_option, inference_options, selection_options


@click.command(short_help="Seconds and memory of models on your device.")
@click.argument("dataset")
@click.option("--model", "models", required=True, multiple=True,
              help="As for cosmos-eval run; given several times, a column each.")  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path),
              help="Folder of the tables; models that it holds measured the same way stay.")  # fmt: skip
@click.option("--images", type=click.IntRange(1), default=5, show_default=True,
              help="How many images, spread evenly over those chosen.")  # fmt: skip
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True,
              help="How often everything is timed on each image, after a warm-up.")  # fmt: skip
@click.option("--grid", type=click.IntRange(1, 256), default=32, show_default=True, help="Points a side of S1.")
@selection_options
@inference_options
@format_option
def efficiency(
    dataset: str,
    models: tuple[str, ...],
    object_: str | None,
    images: int,
    repeats: int,
    threads: int,
    style: str,
    **options: Any,
) -> None:
    """Measure what models cost on images of DATASET: the paper's Table 4 on your device.

    \b
    loading               weights from the disk's cache into memory, their checksum included
    encoding              seconds an image: preprocessing and image encoder
    decoding, S2 to S6    seconds a prompt: prompt encoder and mask decoder, one prompt at a time and
                          in batches as large as those of cosmos-eval run
    masks at image size   seconds a prompt to bring its three masks to the size of the image
    everything, S1        seconds an image for a grid of points, encoding apart
    memory, parameters    of which the first is the highest that was in use above what was before

    The device is warmed up first and waited for each time; figures are the median and the quartiles. On a CPU they
    depend on what else runs, so let nothing else run.

    \b
    cosmos-eval efficiency cosmos1050k --model facebook/sam-vit-base --model facebook/sam-vit-huge --out cost
    cosmos-eval efficiency cosmos1050k --model tiny --device cpu --threads 8 --images 3 --out cost-cpu

    Output: OUT/efficiency.json (everything, with device and versions), efficiency.csv, efficiency.md.
    """
    from cosmos_datasets.errors import CosmosError
    from cosmos_datasets.evaluation.efficiency.run import measure_models
    from cosmos_datasets.evaluation.efficiency.tables import frame, render
    from cosmos_datasets.evaluation.processes import is_launched, join
    from cosmos_datasets.evaluation.run import Request
    from cosmos_datasets.evaluation.statistics.formats import to_text

    # A batch system that ends a job gets what Ctrl-C gets: the models so far are written.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if is_launched():
        raise CosmosError("efficiency measures one process; start it without torchrun or accelerate launch.")
    request = Request(dataset, models[0], threads=threads, object=object_, **options)
    with join(request.device, threads):
        announce = functools.partial(say, err=True)
        report = measure_models(request, models, images=images, repeats=repeats, announce=announce)
    if style == "json":
        print_json(report)
    else:
        say(to_text(frame(report), "csv") if style == "csv" else render(report, style), nl=False)  # type: ignore[arg-type]
    say(f"\nIn {request.out}: efficiency.json, efficiency.csv, efficiency.md", err=True)
