"""Sending a fine-tuned model to the Hub with a card made from its measured results."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_datasets.cards.model_card import ModelFacts, model_card
from cosmos_datasets.cards.model_results import eval_results_yaml
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.finetuned import FinetunedModel, read_finetuned
from cosmos_datasets.evaluation.models.checkpoint import CONFIG, FINETUNED, PROCESSOR_CONFIGS
from cosmos_datasets.load.location import is_hub_id
from cosmos_datasets.share.hub import Visibility, asking, connect, describe, open_repository

CARD, FIGURE, COMPARISON = "README.md", "comparison.png", "comparison.json"
EVAL_RESULTS = ".eval_results/cosmos1050k.yaml"
_ADAPTER = "adapter"
#: What an earlier push may have left and this one does not have; nothing else of a repository is removed.
_OURS = ("adapter/*", "model*.safetensors", "model.safetensors.index.json", EVAL_RESULTS)


@dataclass(frozen=True)
class Parcel:
    """A model and what is said of it, ready to be sent.

    Attributes:
        folder: what ``cosmos-eval finetune`` made.
        model: what was read of it.
        facts: what the card is filled from.
    """

    folder: Path
    model: FinetunedModel
    facts: ModelFacts

    @property
    def card(self) -> str:
        """The card, Markdown."""
        return model_card(self.facts)

    @property
    def files(self) -> dict[str, Path]:
        """What is sent as it is: path in the repository -> file."""
        names = [CONFIG, *PROCESSOR_CONFIGS, "model.safetensors.index.json", FINETUNED]
        found = {name: self.folder / name for name in names if (self.folder / name).is_file()}
        found |= {path.name: path for path in self.model.checkpoint.weights}
        adapter = self.folder / _ADAPTER
        names_in_adapter = ("adapter_config.json", "adapter_model.safetensors")
        return found | {
            f"{_ADAPTER}/{name}": adapter / name for name in names_in_adapter if (adapter / name).is_file()
        }


@dataclass(frozen=True)
class Pushed:
    """What a push did.

    Attributes:
        repo_id, url: where.
        commit: the newest commit of the repository.
        private: whether only its owners see it.
        files: paths that the repository holds of this model.
        bytes: their size.
        licence: what the card claims.
    """

    repo_id: str
    url: str
    commit: str
    private: bool
    files: list[str]
    bytes: int
    licence: str


def pack(
    folder: Path,
    repo_id: str,
    *,
    licence: str | None = None,
    base_model: str | None = None,
    dataset: str | None = None,
) -> Parcel:
    """Read a fine-tuned model and what is to be said of it; asks the Hub nothing.

    Args:
        folder: what ``cosmos-eval finetune`` made.
        repo_id: where it shall go, ``organisation/name``.
        licence: of the base model, where it is not known here.
        base_model: Hub id of the base model, where the training named a folder.
        dataset: Hub id of the data set, where the training named a folder.

    Raises:
        CosmosError: if the folder is none of a fine-tuning or has no results of its own.
    """
    model = read_finetuned(folder)
    base, location = model.report["base_model"], model.report["dataset"]["location"]
    facts = ModelFacts(
        repo_id=repo_id,
        finetune=model.report,
        predicted=model.predicted.to_json(),
        oracle=model.oracle.to_json(),
        tested=model.tested,
        base_model=base_model or (base if is_hub_id(base) else None),
        licence=licence,
        dataset=dataset or (location if is_hub_id(location) else None),
        figure=FIGURE,
        adapter=(folder / _ADAPTER / "adapter_config.json").is_file(),
    )
    return Parcel(folder, model, facts)


def push(parcel: Parcel, *, visibility: Visibility | None = None, message: str = "") -> Pushed:
    """Send a model; what the repository holds already is not sent again.

    Args:
        parcel: from :func:`pack`.
        visibility: see :func:`cosmos_datasets.share.hub.open_repository`; a new repository is private by default.
        message: of the commit.

    Raises:
        CosmosError: if it fails, or the repository holds something else; the message says what to do.
    """
    repo_id = parcel.facts.repo_id
    api = connect(repo_id)
    _refuse_other_content(describe(api, repo_id, "model"), repo_id)
    with _staged(parcel, f"{api.endpoint}/{repo_id}") as staged:
        paths = sorted(path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file())
        size = sum((staged / path).stat().st_size for path in paths)
        open_repository(api, repo_id, "model", visibility, gated=False)
        with asking("send the model; the same command goes on", repo_id):
            api.upload_folder(
                repo_id=repo_id,
                folder_path=staged,
                commit_message=message or f"{parcel.model.report['base_model']}, fine-tuned",
                delete_patterns=list(_OURS),
            )
    with asking("look at the repository", repo_id):
        info = api.repo_info(repo_id, repo_type="model")
    licence = parcel.facts.follows.id
    return Pushed(repo_id, f"{api.endpoint}/{repo_id}", info.sha, bool(info.private), paths, size, licence)


@contextmanager
def _staged(parcel: Parcel, url: str) -> Iterator[Path]:
    """A folder that looks as the repository shall look; large files are links."""
    from cosmos_datasets.evaluation.compare_figure import draw

    with tempfile.TemporaryDirectory(prefix="cosmos-push-") as name:
        staged = Path(name)
        for path, file in parcel.files.items():
            target = staged / path
            target.parent.mkdir(exist_ok=True)
            try:
                target.symlink_to(file.resolve())
            except OSError:  # a system without links
                shutil.copyfile(file, target)
        texts = {CARD: parcel.card, COMPARISON: json.dumps(parcel.facts.predicted, indent=1) + "\n"}
        if parcel.facts.dataset:
            source = f"{url}/blob/main/{COMPARISON}"
            texts[EVAL_RESULTS] = eval_results_yaml(
                parcel.facts.finetune, parcel.facts.predicted, parcel.facts.dataset, source
            )
        for path, text in texts.items():
            (staged / path).parent.mkdir(exist_ok=True)
            (staged / path).write_text(text, encoding="utf-8")
        draw(parcel.model.predicted, staged / FIGURE)
        yield staged


def _refuse_other_content(info: Any | None, repo_id: str) -> None:
    names = {one.rfilename for one in info.siblings or []} if info is not None else set()
    if names & {CONFIG, "model.safetensors"} and FINETUNED not in names:
        raise CosmosError(
            f"{repo_id} holds a model that was not pushed by this command (it has no {FINETUNED}) and would be "
            "overwritten; choose another name."
        )
