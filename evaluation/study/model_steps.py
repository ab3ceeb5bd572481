"""The steps of one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmos_datasets.evaluation.prompts import PROMPTED
from cosmos_datasets.evaluation.study.question import Question
from cosmos_datasets.evaluation.study.steps import Command, Step, options

Words = tuple[str, ...]


@dataclass(frozen=True)
class ModelSteps:
    """What a study does with one model.

    Attributes:
        question: resolved.
        folder: of the model, in that of the study.
        model: as the commands take it.
        device: where it runs.
        processes: of every command that shares its work.
        sources: of the chosen masks, for fine-tuning on each by itself.
    """

    question: Question
    folder: str
    model: str
    device: str
    processes: int
    sources: Sequence[str]

    def all(self) -> list[Step]:
        """Every step, in an order in which they can be carried out."""
        asked, home = self.question, self._home
        run, moved = str(home / "zero-shot"), str(home / "randomness")
        jitter = options(strategies=",".join(PROMPTED), jitter=asked.jitter, repeats=asked.repeats)
        batches = options(batch_size=asked.batch_size)
        efforts = home / "zero-shot" / "annotation.json"  # where the report looks for it
        return [
            self._shown("zero-shot", "results.parquet", "summary.json",
                        command=self._with_model("run", "--save-masks", *options(grid=asked.grid), *batches)),
            self._shown("randomness", "results.parquet", "summary.json",
                        command=self._with_model("run", *jitter, *batches)),
            self._tables("drop", self._table("drop", "overall", moved), self._table("drop", "target", moved),
                         after="randomness"),
            self._tables("factors",
                         self._table("factors", "strategy", run, asked.dataset, "--figures", str(home / "factors")),
                         self._table("factors", "target", run, asked.dataset),
                         after="zero-shot"),
            self._shown("interactive", "clicks.parquet", "summary.json",
                        command=self._with_model("interactive", *options(clicks=asked.clicks), *batches)),
            self._tables("annotation",
                         Command(("annotation", run, asked.dataset, "--format", "json"), self._workers, efforts),
                         after="zero-shot"),
            self._shown("grid", "grid.json", "grid.csv",
                        command=self._with_model("grid", *options(sides=asked.sides), *batches)),
            self._shown("efficiency", "efficiency.json", "efficiency.csv",
                        command=self._with_model("efficiency", *options(grid=asked.grid))),
            *self._finetunings(),
        ]  # fmt: skip

    @property
    def _home(self) -> Path:
        return self.question.out / self.folder

    @property
    def _where(self) -> Words:
        return options(device=None if self.device == "auto" else self.device)

    @property
    def _workers(self) -> Words:
        return options(workers=self.processes if self.processes > 1 else None)

    @property
    def _processes(self) -> Words:
        return options(processes=self.processes if self.processes > 1 else None)

    def _with_model(self, name: str, *given: str) -> Command:
        """A command that runs the model on the chosen masks; where its results go is added by :meth:`_shown`."""
        asked = self.question
        profile = asked.profile(self.model)
        inference = options(dtype=asked.dtype, preprocess=profile, threads=asked.threads)
        words = (name, asked.dataset, "--model", self.model, *given, *_selection(asked), *inference)
        # What costs are measured is that of a single process.
        return Command(words, self._where if name == "efficiency" else (*self._where, *self._processes))

    def _shown(self, kind: str, *results: str, command: Command) -> Step:
        """A step whose folder a report takes."""
        home = self._home / kind
        whole = Command((*command.arguments, "--out", str(home)), command.how)
        files = tuple(home / name for name in results)
        return Step(kind, f"{self.folder}/{kind}", self.folder, (whole,), files, shown=(home,))

    def _table(self, name: str, by: str, *given: str) -> Command:
        how = self._workers if name == "factors" else ()
        return Command((name, *given, "--by", by, "--format", "csv"), how, self._home / name / f"{by}.csv")

    def _tables(self, kind: str, *commands: Command, after: str) -> Step:
        """A step that makes tables of another one's results."""
        files = tuple(command.output for command in commands if command.output)
        return Step(kind, f"{self.folder}/{kind}", self.folder, commands, files, (f"{self.folder}/{after}",))

    def _finetunings(self) -> list[Step]:
        """One over everything, or few-shot ones on each source."""
        asked, found = self.question, []
        for source in self.sources if asked.cases else [""]:
            out = self._home / (f"finetune-{source}" if source else "finetune")
            given = options(
                config=source or asked.config,
                objects=asked.object,
                modality=asked.modality,
                masks=None if asked.masks == "all" else asked.masks,
                train_cases=asked.cases or None,
                epochs=asked.epochs,
                preprocess=asked.profile(self.model),
                threads=asked.threads,
            )
            words = ("finetune", asked.dataset, "--model", self.model, *given, "--out", str(out))
            command = Command(words, (*self._where, *self._processes))
            runs = tuple(out / "evaluation" / when for when in ("before", "after"))
            files = (out / "comparison.json", *(run / "results.parquet" for run in runs))
            name = f"{self.folder}/{out.name}"
            found.append(Step("finetune", name, self.folder, (command,), files, shown=runs, config=source))
        return found


def _selection(asked: Question) -> Words:
    return options(
        config=None if asked.config == "all" else asked.config,
        split=asked.split,
        modality=asked.modality,
        object=asked.object,
        masks=None if asked.masks == "all" else asked.masks,
        fold=asked.fold,
        subset=asked.subset,
        subset_seed=asked.subset_seed or None,
    )
