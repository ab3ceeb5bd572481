"""``push``: a fine-tuned model onto the Hub."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cosmos_datasets.cli.printing import bytes_text, print_json, say

if TYPE_CHECKING:
    from cosmos_datasets.cards.model_card import ModelFacts
    from cosmos_datasets.evaluation.push import Pushed
    from cosmos_datasets.share.hub import Visibility


@click.command(short_help="Upload a fine-tuned model with a card made from its measured results.")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("repo", metavar="ORG/NAME")
@click.option("--private/--public", "private", default=None,
              help="Who sees it; a new repository is private unless --public is given.")  # fmt: skip
@click.option("--licence", "--license", "licence", metavar="ID",
              help="Of the base model, where it is not known here: apache-2.0.")  # fmt: skip
@click.option("--base-model", metavar="ORG/NAME", help="Hub id of the base model, where a folder was trained from.")
@click.option("--dataset", metavar="ORG/NAME",
              help="Hub id of the data set, where it was a folder; .eval_results ties the results to it.")  # fmt: skip
@click.option("--message", default="", help="Of the commit.")
@click.option("--dry-run", is_flag=True, help="Print the card and send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def push(
    folder: Path,
    repo: str,
    private: bool | None,
    licence: str | None,
    base_model: str | None,
    dataset: str | None,
    message: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Upload the model in DIR, as cosmos-eval finetune left it, to ORG/NAME on the Hugging Face Hub.

    The card is filled from what was measured: base model, data and the licence that follows from both, method and
    hyper-parameters, DICE before and after on the held-out subjects beside the blind baseline, limits, a usage
    snippet, citations. The results are in its head as model-index too, and in .eval_results/ where the data set is
    on the Hub. Sent are the checkpoint with its processor config, adapter/, finetune.json, comparison.json and a
    picture of it; no image, no mask, no run folder. Without results nothing is sent.

    \b
    cosmos-eval push tuned my-org/sam-hippocampus --dry-run
    cosmos-eval push tuned my-org/sam-hippocampus
    cosmos-eval push tuned my-org/sam-hippocampus --public --dataset my-org/cosmos1050k

    Log in first: hf auth login, or set HF_TOKEN. An upload that was interrupted goes on when the same command is
    given again.
    """
    from cosmos_datasets.evaluation.push import pack
    from cosmos_datasets.evaluation.push import push as push_model

    parcel = pack(folder, repo, licence=licence, base_model=base_model, dataset=dataset)
    if dry_run:
        say(parcel.card, nl=False)
    else:
        visibility: Visibility | None = None if private is None else "private" if private else "public"
        _report(push_model(parcel, visibility=visibility, message=message), as_json)
    for hint in _hints(parcel.facts):
        say(hint, err=True)


def _report(done: Pushed, as_json: bool) -> None:
    if as_json:
        print_json(asdict(done))
    else:
        who = "private" if done.private else "public"
        say(f"{done.url} ({who}, {len(done.files)} files, {bytes_text(done.bytes)}, licence: {done.licence})")


def _hints(facts: ModelFacts) -> list[str]:
    """What the card could say and does not, for want of knowing it, and what its owner has to find out."""
    found = []
    if facts.follows.parts[0].licence == "unknown":
        found.append("The licence of the base model is not known here; --licence states it.")
    if facts.base_model is None:
        found.append("The base model is named by its folder; --base-model ORG/NAME links it on the Hub.")
    if facts.dataset is None:
        found.append("No .eval_results/: they need a data set on the Hub; --dataset ORG/NAME names it.")
    sources = facts.finetune["dataset"]["sources"].values()
    if kept := [one["title"] for one in sources if one["redistributable"] == "no"]:
        found.append(f"Trained on what may not be passed on ({', '.join(kept)}): may a model of it? See its terms.")
    return found
