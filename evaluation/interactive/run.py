"""The interactive experiment from beginning to end: its folder, the work of this process, and the tables."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from cosmos_datasets.cli.printing import plural
from cosmos_datasets.evaluation.engine import FLUSH_SECONDS, ChunkReader
from cosmos_datasets.evaluation.facts import facts_of, refuse_other_run, run_key, write_facts
from cosmos_datasets.evaluation.interactive import RULES, Clicking, Score
from cosmos_datasets.evaluation.interactive.store import SCHEMA, STRATEGY, merge
from cosmos_datasets.evaluation.parts import PartWriter, Wanted, missing, stored_chunks
from cosmos_datasets.evaluation.run import Outcome, Request
from cosmos_datasets.evaluation.selection import Chunk, Selection
from cosmos_datasets.evaluation.subset import described

if TYPE_CHECKING:
    from cosmos_datasets.evaluation.models.adapter import Adapter
    from cosmos_datasets.evaluation.processes import Process
    from cosmos_datasets.evaluation.sample import Sample

#: Part of what results depend on: raised whenever a rule of the clicks changes.
PROTOCOL = "clicks-2"


def interact(
    request: Request,
    clicking: Clicking,
    process: Process,
    *,
    noc: Score = "iou",
    progress: bool = True,
    announce: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Click on this process's share of the masks; the first rank then merges the parts and writes the tables.

    Args:
        request: data, model and folder; its strategies and distances are not looked at.
        clicking: the protocol of the user.
        noc: whether the text tables count clicks until an ``iou`` or a ``dice`` is reached; no part of the results.
        process: this process among its ranks.
        progress: show a bar on standard error.
        announce: called once by the first rank, with a text that says what is going to be done.

    Raises:
        CosmosError: for anything the user can put right.
    """
    from cosmos_datasets.evaluation.models import load_model

    data, selection = request.selected
    adapter = load_model(request.model, process.device, request.dtype, request.preprocess)
    facts = facts_of(request, selection, adapter, protocol=PROTOCOL, settings=asdict(clicking))
    facts["noc"] = noc
    refuse_other_run(request.out, facts)
    key = run_key(facts)
    wanted = Wanted(selection.chunks, (STRATEGY,), frozenset())
    todo = [chunk for chunk, _ in missing(stored_chunks(request.out / "parts", key), wanted)]
    process.wait()  # before anything is written, so that all ranks share out the same chunks
    first = process.rank == 0
    if first:
        announce(_plan(facts, todo))
        write_facts(request.out, facts)
    began = time.monotonic()
    share = todo[process.rank :: process.ranks]
    total = sum(len(masks) for chunk in share for masks in chunk.masks)
    writer = PartWriter(request.out / "parts", process.rank, key, SCHEMA)
    flushed, images = began, 0
    try:
        with tqdm(total=total, unit="mask", desc="click", disable=None if progress and first else True) as bar:
            reader = ChunkReader(data)
            for chunk in share:
                samples = reader.read(chunk)
                rows = _rows(adapter, samples, selection, clicking, request.batch_size, bar)
                writer.add(chunk, wanted.strategies, wanted.pictures, rows)
                images += len(samples)
                if time.monotonic() - flushed > FLUSH_SECONDS:
                    writer.flush()
                    flushed = time.monotonic()
    finally:
        # Also after Ctrl-C: finished chunks are whole, and the next run goes on behind them.
        writer.flush()
    seconds = time.monotonic() - began
    process.wait()
    if first:
        from cosmos_datasets.evaluation.interactive.summary import write_summary

        merge(request.out, key, wanted)
        write_summary(request.out, facts)
    return Outcome(images, seconds)


def _rows(
    adapter: Adapter, samples: list[Sample], selection: Selection, clicking: Clicking, batch_size: int, bar: Any
) -> list[dict[str, Any]]:
    """The rows of a chunk; every image is encoded once."""
    from cosmos_datasets.evaluation.interactive.session import click_through

    rows: list[dict[str, Any]] = []
    for start in range(0, len(samples), batch_size):
        batch = samples[start : start + batch_size]
        names = [one.row["image_id"] for one in batch]
        for sample, embedding in zip(batch, adapter.encode([one.image for one in batch], names), strict=True):
            modality = sample.row["modality"]
            areas = [selection.mean_areas[t.object, modality, t.instance > 0] for t in sample.targets]
            for row in click_through(adapter, embedding, sample, clicking, areas):
                rows.append(row)
                bar.update(row["click"] == clicking.clicks)
    return rows


def _plan(facts: dict[str, Any], todo: list[Chunk]) -> str:
    images, to_do = facts["data"]["images"], sum(len(chunk.rows) for chunk in todo)
    done = f", {images - to_do:,} of them done already" if to_do < images else ""
    inference, settings = facts["inference"], facts["settings"]
    return (
        f"{facts['model']['name']} on {inference['device']} ({inference['dtype']}): "
        f"up to {plural(settings['clicks'], 'click')} by {RULES[settings['rule']]} "
        f"on {plural(facts['data']['masks_selected'], 'mask')} of {plural(images, 'image')}"
        f"{done}{described(facts['data'])}"
    )
