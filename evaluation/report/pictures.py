"""Pictures of the report: of every target and strategy the best, a median and the worst mask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pandas as pd

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.gallery_drawing import PROMPTS, Context, Drawing, index_of, open_views, target_name
from cosmos_datasets.evaluation.gallery_rows import KEY, read_masks, read_scores
from cosmos_datasets.evaluation.gallery_views import View
from cosmos_datasets.evaluation.report.folders import Folder
from cosmos_datasets.load.access import CosmosDataset, open_dataset

#: Strategies by which one is drawn where there is no room for all.
_PREFERRED = ("S5", "S6", "S3", "S4", "S2", "S1")
_PICKS = 3


@dataclass(frozen=True)
class Pick:
    """A result that is drawn.

    Attributes:
        kind: ``best``, ``median`` or ``worst``.
        number: of the row in the results.
        median: the true median of DICE, where what is drawn is only the nearest to it whose mask was kept.
    """

    kind: str
    number: int
    median: float | None = None


@dataclass
class Pictures:
    """What the template draws.

    Attributes:
        targets: name, masks, and groups of figures.
        views: images, each once.
        notes: what is not drawn, and why.
    """

    targets: list[Context] = field(default_factory=list)
    views: list[Context] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def draw_pictures(runs: Sequence[Folder], datasets: Sequence[str], labels: dict[str, str], most: int) -> Pictures:
    """Draw the best, a median and the worst mask of every target and strategy of every run, by oracle DICE.

    Args:
        runs: folders of runs.
        datasets: folders or Hub ids of data sets; each run is drawn upon the one that it was made from.
        labels: name of a run -> what the page calls it.
        most: pictures; where there would be more, one strategy is drawn, then the targets with the most masks.

    Raises:
        CosmosError: no run was made from one of the data sets.
    """
    made = Pictures()
    opened = [open_dataset(one) for one in datasets]
    found = [(run, *index) for run in runs if (index := _index(run, opened, made.notes))]
    if not found:
        raise CosmosError(
            f"no run was made from {', '.join(datasets)}; name the data set that cosmos-eval run was given."
        )
    scores = {run.name: _unmoved(run) for run, _, _ in found}
    strategies, names = _room(list(scores.values()), most, made.notes)
    chosen = {name: _chosen(frame, strategies, names) for name, frame in scores.items()}
    views: dict[tuple[str, str, int, int], View] = {}
    for run, data, table in found:
        rows = sorted({pick.number for picks in chosen[run.name].values() for pick in picks})
        views |= open_views(data, table, scores[run.name].loc[rows])
    drawing = Drawing(views)
    for name in names:
        groups = [
            group
            for run, _, _ in found
            for group in _groups(run, scores[run.name], chosen[run.name], name, labels[run.name], drawing)
        ]
        masks = max(len(frame.loc[frame["name"] == name, KEY].drop_duplicates()) for frame in scores.values())
        made.targets.append({"name": name, "masks": masks, "groups": groups})
    made.views = drawing.drawn
    return made


def _index(
    run: Folder, opened: Sequence[CosmosDataset], notes: list[str]
) -> tuple[CosmosDataset, pd.DataFrame] | None:
    for data in opened:
        try:
            return data, index_of(data, run.facts["data"], run.path)
        except CosmosError:
            continue  # another data set may be its own
    notes.append(f"{run.name} is not drawn: it was made from other data.")
    return None


def _unmoved(run: Folder) -> pd.DataFrame:
    frame = read_scores(run.path / "results.parquet")
    frame = frame[frame["variant"] == ""]
    names = [
        target_name(object_, modality, instances=instance > 0)
        for object_, modality, instance in zip(frame["object"], frame["modality"], frame["instance"], strict=True)
    ]
    return frame.assign(name=names)


def _room(frames: Sequence[pd.DataFrame], most: int, notes: list[str]) -> tuple[list[str], list[str]]:
    """The strategies and targets that are drawn."""
    strategies = sorted({one for frame in frames for one in frame["strategy"]})
    masks = pd.concat([frame.drop_duplicates(KEY)["name"].value_counts() for frame in frames]).groupby(level=0).max()
    names = sorted(map(str, masks.index))
    if _PICKS * len(frames) * len(strategies) * len(names) > most:
        strategies = [next(one for one in _PREFERRED if one in strategies)]
        notes.append(f"Of the strategies {strategies[0]} is drawn.")
    room = max(1, most // (_PICKS * len(frames) * len(strategies)))
    if len(names) > room:
        notes.append(f"Of {len(names)} targets, the {room} with the most masks are drawn.")
        names = sorted(map(str, masks.sort_values(ascending=False, kind="stable").index[:room]))
    return strategies, names


def _chosen(frame: pd.DataFrame, strategies: Sequence[str], names: Sequence[str]) -> dict[tuple[str, str], list[Pick]]:
    wanted = frame[frame["strategy"].isin(strategies) & frame["name"].isin(names)]
    groups = wanted.groupby(["name", "strategy"], sort=True)
    return {(str(name), str(strategy)): list(choose(members)) for (name, strategy), members in groups}


def choose(members: pd.DataFrame) -> Iterator[Pick]:
    """The best, the median and the worst of the results of a target and strategy, by oracle DICE.

    Which mask is the median is known only at the end of a run, when most masks are gone; so the one nearest to it of
    those that were kept is drawn, and the median stands beside it.

    Args:
        members: rows of :func:`cosmos_datasets.evaluation.gallery_rows.read_scores`.
    """
    drawable = members.loc[members["drawable"], "dice_oracle"]
    if drawable.empty:
        return
    best, worst = int(drawable.idxmax()), int(drawable.idxmin())
    yield Pick("best", best)
    between = drawable.drop([best, worst], errors="ignore")
    if not between.empty:
        median = float(members["dice_oracle"].median())
        away = (between - median).abs()
        nearest = int(away.idxmin())
        exact = members["drawable"].all() and away[nearest] == (members["dice_oracle"] - median).abs().min()
        yield Pick("median", nearest, None if exact else median)
    if worst != best:
        yield Pick("worst", worst)


def _groups(
    run: Folder,
    frame: pd.DataFrame,
    chosen: dict[tuple[str, str], list[Pick]],
    name: str,
    label: str,
    drawing: Drawing,
) -> Iterator[Context]:
    picks = {strategy: some for (target, strategy), some in chosen.items() if target == name and some}
    masks = read_masks(run.path / "results.parquet", {pick.number for some in picks.values() for pick in some})
    for strategy, some in picks.items():
        figures = [
            {**drawing.figure(frame, pick.number, masks[pick.number]), "kind": pick.kind, "median": pick.median}
            for pick in some
        ]
        yield {"run": label, "strategy": strategy, "prompt": PROMPTS.get(strategy, ""), "figures": figures}
