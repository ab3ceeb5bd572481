"""Studies by name, as plain data: which sources, which steps, how many cases to train on."""

from __future__ import annotations

from dataclasses import dataclass

#: Kinds of steps, in the order in which they are carried out.
KINDS = (
    "zero-shot",
    "randomness",
    "drop",
    "factors",
    "interactive",
    "annotation",
    "grid",
    "efficiency",
    "finetune",
    "compare",
    "report",
)


@dataclass(frozen=True)
class Preset:
    """A published study.

    Attributes:
        title: what it is.
        kinds: of :data:`KINDS`, those that belong to it.
        sources: ids; those of them that the data set holds are used. All of the data set if there is none.
        train_cases: fine-tuning is few-shot, on so many cases of each source by itself; 0 for all at once.
        notes: what is not known of the study, and what stands here instead.
    """

    title: str
    kinds: tuple[str, ...]
    sources: tuple[str, ...] = ()
    train_cases: int = 0
    notes: tuple[str, ...] = ()


PRESETS = {
    "paper": Preset(
        "Huang et al., Segment anything model for medical images? (Medical Image Analysis 92:103061)",
        kinds=tuple(kind for kind in KINDS if kind != "finetune"),
        notes=("fine-tuning, which takes longest, comes with --finetune",),
    ),
    "shi2023": Preset(
        "Shi et al., Generalist vision foundation models for medical imaging (Diagnostics 13(11):1947)",
        kinds=("zero-shot", "finetune", "compare", "report"),
        sources=("drishti_gs1", "rim_one_r3", "refuge", "aroi"),
        train_cases=10,
        notes=(
            "it had nine benchmarks, of dermatology, ophthalmology and radiology; their names could not be read",
            "AROI follows from its abstract; Drishti-GS1, RIM-ONE r3 and REFUGE are named second-hand",
            "which sources of COSMOS it used as well is not known: --config names them, instead of these four",
            "its prompts, backbone and recipe are not known: S1 to S6, your models, and the decoder trained on 10 "
            "cases of each source (--train-cases) stand for them",
            "of its DICE two are known, both of OCT: 0.8704 under Bruch's membrane, 0.0688 for the retinal pigment "
            "epithelium",
        ),
    ),
}
