"""Running ``cosmos-eval`` in tests: models that suit it, processes, and where real data may lie."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

#: Options of fast runs.
COMMON = ("--threads", "1", "--grid", "7")
SHARED = Path(__file__).parents[2] / "shared"


def sure(model: Any) -> Any:
    """A random model whose masks are stable and whose scores are high: some of them survive everything mode."""
    with torch.no_grad():
        for mlp in model.mask_decoder.output_hypernetworks_mlps:
            mlp.proj_out.weight *= 100
            mlp.proj_out.bias *= 100
        model.mask_decoder.iou_prediction_head.proj_out.bias += 2.5
    return model


def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    """``cosmos-eval`` in a process of its own."""
    command = [sys.executable, "-m", "cosmos_datasets.evaluation", *map(str, arguments)]
    return subprocess.Popen(
        command,
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[str], status: int = 0) -> tuple[str, str]:
    out, err = process.communicate(timeout=240)
    assert process.returncode == status, err
    assert "Traceback" not in err
    return out, err


def measure(program: str) -> str:
    """What a Python program prints, run in a process of its own."""
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
