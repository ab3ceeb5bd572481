"""The log of a training: ``metrics.jsonl`` for programs, event files for TensorBoard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cosmos_datasets.build.files import atomic

METRICS = "metrics.jsonl"


class Journal:
    """Writes the log; only the first process has one.

    Args:
        folder: for ``metrics.jsonl`` and ``tensorboard/``.
        total: steps that are done; what an interrupted training logged after them is dropped, since it comes again.
        epoch: epochs that are done.
    """

    def __init__(self, folder: Path, total: int, epoch: int) -> None:
        from tensorboardX import SummaryWriter

        self._path = folder / METRICS
        folder.mkdir(parents=True, exist_ok=True)
        if self._path.is_file():
            kept = [line for line in self._path.read_text().splitlines() if _is_before(line, total, epoch)]
            with atomic(self._path) as temporary:
                temporary.write_text("".join(f"{line}\n" for line in kept))
        self._file = self._path.open("a", encoding="utf-8")
        self._events = SummaryWriter(str(folder / "tensorboard"), purge_step=total + 1 if total else None)

    def step(self, total: int, epoch: int, values: dict[str, float]) -> None:
        """What a step reached."""
        self._write({"step": total, "epoch": epoch, **values})
        for name, value in values.items():
            self._events.add_scalar(f"train/{name}", value, total)

    def epoch(self, epoch: int, total: int, dice: float) -> None:
        """Validation after an epoch; 0 for the untouched model."""
        self._write({"validated": epoch, "step": total, "validation_dice": dice})
        self._events.add_scalar("validation/dice", dice, total)
        self._events.flush()

    def close(self) -> None:
        """Write what is left."""
        self._file.close()
        self._events.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def _is_before(text: str, total: int, epoch: int) -> bool:
    try:
        line = json.loads(text)
    except ValueError:
        return False  # cut off when the process was killed
    return bool(line["step"] <= total and line.get("validated", 0) <= epoch)
