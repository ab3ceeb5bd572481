"""Train cosmos-sam-tiny from nothing: the one command of README.md."""

from __future__ import annotations

import argparse
import platform
import shutil
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch
import transformers

from cosmos_sam_tiny.data import IMAGE_SIZE, TEACHER_PICTURES, reserve, teacher_embeddings
from cosmos_sam_tiny.distil import distil
from cosmos_sam_tiny.finetune import finetune
from cosmos_sam_tiny.optimise import Stage, log
from cosmos_sam_tiny.parallel import run
from cosmos_sam_tiny.student import build_student, grown, load_decoder, sharpened, start_like
from cosmos_sam_tiny.teacher import fetch_weights
from cosmos_sam_tiny.validation import validate

SEED = 20
#: Half of the final size first: a step costs a fifth there.
STAGES = (
    Stage("distil-256", size=256, steps=600, batch=8, rate=1.5e-3, pictures=TEACHER_PICTURES, until=300),
    Stage("masks-256", size=256, steps=900, batch=4, rate=5e-4, pictures=TEACHER_PICTURES, last=0.3, teacher=0.5),
    Stage("masks-512", size=IMAGE_SIZE, steps=1000, batch=2, rate=3e-4, pictures=TEACHER_PICTURES, teacher=0.2),
    Stage("masks-512-long", size=IMAGE_SIZE, steps=2600, batch=2, rate=3e-4, pictures=6000, own=0.7, until=1200),
    Stage("masks-512-end", size=IMAGE_SIZE, steps=300, batch=2, rate=2e-4, pictures=6000, own=0.85),
)
#: By this the logits are multiplied at the end; chosen on held-out pictures.
SHARPNESS = 8.0
_VALIDATED = 60
_PACKAGES = ("torch", "transformers", "numpy", "scipy", "pillow", "nilearn", "scikit-image")


def main() -> None:
    """Read the command line and run what is missing in the work folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decoder", type=Path, required=True, help="folder with SAM ViT-H's decoder")
    parser.add_argument("--work", type=Path, required=True, help="folder for weights, embeddings and the log")
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--processes", type=int, default=2, help="one a core; the result depends on it")
    options = parser.parse_args()
    (options.work / "pictures").mkdir(parents=True, exist_ok=True)
    weights = fetch_weights(options.work)
    versions = {name: version(name) for name in _PACKAGES}
    log(options.work, python=platform.python_version(), seed=SEED, processes=options.processes, **versions)
    embeddings = options.work / "teacher.npy"
    reserve(TEACHER_PICTURES, embeddings)
    run(_teach, options.processes, options.work, weights, embeddings)
    before: Path | None = None
    for stage in STAGES:
        after = options.work / f"{stage.name}.pt"
        if not after.is_file():
            log(options.work, **asdict(stage))
            run(_train, options.processes, options.work, stage, before, options.decoder, weights, options.work)
            student = sharpened(_student(stage, after, None, None), SHARPNESS)
            log(options.work, stage=stage.name, validation=validate(student, _VALIDATED))
        before = after
    assert before is not None
    save(sharpened(_student(STAGES[-1], before, None, None), SHARPNESS), options.out)


def _teach(rank: int, ranks: int, weights: Path, embeddings: Path) -> None:
    teacher_embeddings(weights, TEACHER_PICTURES, embeddings, rank, ranks)


def _train(rank: int, ranks: int, stage: Stage, before: Path | None, decoder: Path, weights: Path, work: Path) -> None:
    student = _student(stage, before, decoder, weights)
    if stage.name.startswith("distil"):
        distil(student, stage, work, rank, ranks)
    else:
        finetune(student, stage, work, rank, ranks)


def _student(stage: Stage, before: Path | None, decoder: Path | None, teacher: Path | None) -> transformers.SamModel:
    """The student at a stage's size: from the weights of the stage before, or new."""
    if before is None:
        assert decoder is not None
        assert teacher is not None
        torch.manual_seed(SEED)
        student = build_student(stage.size)
        load_decoder(student, decoder)
        start_like(student, teacher)
        return student
    state = torch.load(before, weights_only=True)
    student = build_student(16 * state["vision_encoder.pos_embed"].shape[1])
    student.load_state_dict(state)
    return grown(student, stage.size)


def save(student: transformers.SamModel, out: Path) -> None:
    """Write the checkpoint: weights in half precision, and what `transformers.SamProcessor` needs to know."""
    card = out / "README.md"
    kept = card.read_text(encoding="utf-8") if card.is_file() else None
    shutil.rmtree(out, ignore_errors=True)
    student.half().save_pretrained(out)
    size = student.config.prompt_encoder_config.image_size
    processor = transformers.SamProcessor(
        transformers.SamImageProcessor(
            size={"longest_edge": size},
            pad_size={"height": size, "width": size},
            mask_size={"longest_edge": size // 4},
            mask_pad_size={"height": size // 4, "width": size // 4},
        )
    )
    processor.save_pretrained(out)
    if kept is not None:
        card.write_text(kept, encoding="utf-8")


if __name__ == "__main__":
    main()
