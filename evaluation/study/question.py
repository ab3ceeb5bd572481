"""What a study asks: data, models and numbers. Another question is another study, in a folder of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.models.checkpoint import find_checkpoint
from cosmos_datasets.evaluation.run import Request, check_out
from cosmos_datasets.evaluation.selection import Masks, Selection
from cosmos_datasets.evaluation.study.presets import PRESETS, Preset
from cosmos_datasets.load.access import CosmosDataset, open_dataset

#: Folders of a study that are not a model's.
_RESERVED = ("compare", "report")


@dataclass(frozen=True)
class Question:
    """What a study asks. ``None`` leaves a number to the command that it is for.

    Attributes:
        dataset: folder or Hub id of a built data set.
        models: as ``cosmos-eval run`` takes them.
        out: folder of the study.
        preset: name of one of :data:`~cosmos_datasets.evaluation.study.presets.PRESETS`.
        config, split, modality, object, masks, fold, subset, subset_seed: which masks, as for ``cosmos-eval run``;
            ``config`` is empty for what the preset says.
        grid: points a side of S1.
        sides: of the study of grids, comma separated.
        clicks: of the interactive study.
        jitter: ranges of pixels, as ``cosmos-eval run --jitter`` takes them.
        repeats: of each range.
        train_cases: few-shot; 0 for all cases.
        epochs: of fine-tuning.
        profiles: (model, preprocessing profile of ``cosmos-eval run``); an empty name stands for all other models.
        dtype, batch_size, threads: as for ``cosmos-eval run``.
    """

    dataset: str
    models: tuple[str, ...]
    out: Path
    preset: str = "paper"
    config: str = ""
    split: str | None = None
    modality: str | None = None
    object: str | None = None
    masks: Masks = "all"
    fold: int | None = None
    subset: int | None = None
    subset_seed: int = 0
    grid: int | None = None
    sides: str | None = None
    clicks: int | None = None
    jitter: str = "0-10,10-20,20-30"
    repeats: int | None = None
    train_cases: int | None = None
    epochs: int | None = None
    profiles: tuple[tuple[str, str], ...] = ()
    dtype: str | None = None
    batch_size: int | None = None
    threads: int | None = None

    @property
    def study(self) -> Preset:
        """The preset itself."""
        return PRESETS[self.preset]

    @property
    def cases(self) -> int:
        """Cases to train on; 0 for all."""
        return self.study.train_cases if self.train_cases is None else self.train_cases

    @property
    def folders(self) -> dict[str, str]:
        """Folder of a model in the study -> the model."""
        return dict(zip(_names(self.models), self.models, strict=True))

    @property
    def described(self) -> dict[str, str]:
        """Folder of a model in the study -> the model, and how it is given its images."""
        return {
            folder: f"{model}, preprocessing {profile}" if (profile := self.profile(model)) else model
            for folder, model in self.folders.items()
        }

    def profile(self, model: str) -> str | None:
        """The preprocessing profile of a model; ``None`` leaves it to the commands."""
        profiles = dict(self.profiles)
        return profiles.get(model, profiles.get(""))

    def request(self, model: str) -> Request:
        """A run of this study, for what is chosen and for checks."""
        given = {name: getattr(self, name) for name in ("grid", "dtype", "batch_size", "threads")}
        given["preprocess"] = self.profile(model)
        chosen = ("config", "split", "modality", "object", "masks", "fold", "subset", "subset_seed")
        return Request(
            self.dataset,
            model,
            self.out / _names(self.models)[self.models.index(model)] / "zero-shot",
            **{name: getattr(self, name) for name in chosen},
            **{name: value for name, value in given.items() if value is not None},
        )

    def resolved(self) -> Question:
        """The same question with the sources that the data set holds.

        Raises:
            CosmosError: the data set holds none of the preset's sources, a model is named twice, or a profile is of
                another one.
        """
        for model, profile in self.profiles:
            if model and model not in self.models:
                raise CosmosError(f"--preprocess {model}={profile}: the models are {', '.join(self.models)}.")
        for model in self.models:
            if self.models.count(model) > 1:
                raise CosmosError(f"--model {model} is given twice; name each model once.")
        if self.config or not self.study.sources:
            return replace(self, config=self.config or "all")
        data = open_dataset(self.dataset)
        present = [source for source in self.study.sources if source in data.manifest.sources]
        if not present:
            raise CosmosError(
                f"{data.location} holds none of the sources of the preset {self.preset}: "
                f"{', '.join(self.study.sources)}. Build one of them (cosmos-datasets info "
                f"{self.study.sources[0]} says how to obtain it), or name others with --config."
            )
        return replace(self, config=",".join(present))

    def asked(self, revision: str) -> dict[str, Any]:
        """What every result of the study depends on; the models are not among it, so that further ones can come."""
        left_out = {"models", "profiles", "out", "dataset"}
        asked = {name: value for name, value in vars(self).items() if name not in left_out}
        return {"dataset": Path(self.dataset).name, "revision": revision, **asked}

    def check(self) -> tuple[CosmosDataset, Selection]:
        """Find out quickly, without torch, whether data set, choice and models will do.

        Returns:
            The data set, and the masks that are chosen.

        Raises:
            CosmosError: if one of them will not.
        """
        first, *others = (self.request(model) for model in self.models)
        first.check()
        for request in others:  # the choice is the same
            check_out(request.out)
            find_checkpoint(request.model)
        return first.selected


def _names(models: Sequence[str]) -> list[str]:
    """A folder name for every model: the last parts of its name or path, so many that no two are alike."""
    parts = [Path(model).expanduser().parts for model in models]
    parts = [
        Path(model).resolve().parts if Path(model).is_dir() else one for model, one in zip(models, parts, strict=True)
    ]
    names = []
    for one in parts:
        kept = next(n for n in range(1, len(one) + 1) if n == len(one) or sum(o[-n:] == one[-n:] for o in parts) == 1)
        name = "--".join(one[-kept:]).strip("/")
        names.append(f"model-{name}" if name in _RESERVED else name)
    return names
