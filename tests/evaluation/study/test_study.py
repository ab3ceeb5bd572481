"""Studies that are planned and carried out by a runner that records: order, resuming, failing, refusing."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from eval_fixtures import Cli
from studies import SPEED, Recorder, study_of

from cosmos_datasets.build.run import build
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.cli import main
from cosmos_datasets.evaluation.study.conduct import Outcome, summary
from cosmos_datasets.evaluation.study.presets import KINDS, PRESETS
from cosmos_datasets.evaluation.study.question import Question
from cosmos_datasets.evaluation.study.record import Record
from cosmos_datasets.evaluation.study.run import render
from cosmos_datasets.registry import get_source


@pytest.fixture
def question(small: Path, models: dict[str, Path], tmp_path: Path) -> Question:
    return Question(str(small), ("tiny", str(models["sam2"])), tmp_path / "study", subset=3)


def conduct(question: Question, runner: Recorder, **options: Any) -> tuple[Outcome, str]:
    said: list[str] = []
    outcome = study_of(question, runner, **options).conduct(runner, said.append)
    return outcome, "\n".join(said)


def test_every_step_is_carried_out_once_and_after_what_it_needs(question: Question) -> None:
    runner = Recorder()
    study = study_of(question, runner)
    outcome = study.conduct(runner, lambda _: None)
    assert not outcome.failed
    assert not outcome.left_out
    assert outcome.done == outcome.repeated
    assert {step.kind for step in study.steps if step.name in outcome.done} == {*KINDS} - {"finetune", "report"}
    place = {name: n for n, name in enumerate(outcome.done)}
    for step in study.steps:
        if step.name in place:
            assert all(place[other] < place[step.name] for other in step.after)
    assert outcome.done[-1] == "report"
    *_, report = runner.commands
    runs = [question.out / model / kind for model in question.folders
            for kind in ("zero-shot", "randomness", "interactive", "grid", "efficiency")]  # fmt: skip
    assert list(report[1 : 1 + len(runs)]) == list(map(str, runs))
    assert report[-3:] == ("A subset: 3 masks of each target.", "--out", str(question.out / "report"))


def test_commands_are_those_of_cosmos_eval(question: Question) -> None:
    """Every option exists and takes its value; folders that commands read are there by then."""
    runner = Recorder()
    full = replace(
        question, config="acdc", modality="Cine-MRI", masks="union", grid=4, sides="2,4", clicks=2, repeats=1,
        epochs=1, train_cases=2, dtype="float32", batch_size=2, threads=1, subset_seed=4,
        profiles=(("tiny", "percentile"),),
    )  # fmt: skip
    outcome, _ = conduct(full, runner, finetune=True, processes=2)
    assert outcome.failed == {}
    assert set(runner.names) == {"run", "drop", "factors", "interactive", "annotation", "grid", "efficiency",
                                 "finetune", "compare", "report"}  # fmt: skip
    for name, *arguments in runner.commands:
        command = main.commands[name]
        context = command.make_context(name, list(arguments))
        chosen = context.params
        if "subset" in chosen:
            assert (chosen["subset"], chosen["subset_seed"]) == (3, 4)
        for option in ("config", "modality", "masks"):
            assert chosen.get(option, getattr(full, option)) == getattr(full, option)
        assert chosen.get("processes", 2) == chosen.get("workers", 2) == 2
        assert chosen.get("device", "cpu") == "cpu"
        if name not in {"annotation", "compare", "drop", "factors", "report"}:
            assert chosen["preprocess"] == ("percentile" if "--model tiny" in " ".join(arguments) else "sam")
        assert chosen.get("batch_size", 2) == 2  # of fine-tuning it is another one, and 2 by default


def test_without_a_report(question: Question) -> None:
    one = replace(question, models=("tiny",))
    outcome, _ = conduct(one, Recorder(), skip=("report",))
    assert "report" not in outcome.done
    assert study_of(one, Recorder(), skip=("report",)).is_done
    assert not study_of(one, Recorder()).is_done


def test_what_is_done_is_not_done_again(question: Question) -> None:
    conduct(question, Recorder())
    again = Recorder()
    outcome, said = conduct(question, again, processes=2, device="auto")
    assert again.commands == []
    assert said == ""
    assert outcome.repeated == []
    assert "report" in outcome.done

    # What is lost is made again, with all that is made from it.
    (question.out / "tiny" / "zero-shot" / "results.parquet").unlink()
    again = Recorder()
    outcome, _ = conduct(question, again)
    assert outcome.repeated == ["tiny/zero-shot", "tiny/factors", "tiny/annotation", "compare/tiny--sam2", "report"]


def test_a_further_model_is_added(question: Question) -> None:
    one = replace(question, models=question.models[:1])
    conduct(one, Recorder())
    runner = Recorder()
    outcome, _ = conduct(question, runner)
    assert not any(name.startswith("tiny/") for name in outcome.repeated)
    assert "sam2/zero-shot" in outcome.repeated
    assert "compare/tiny--sam2" in outcome.repeated
    assert outcome.repeated[-1] == "report"


def test_a_step_that_fails_stops_only_what_needs_it(question: Question) -> None:
    one = replace(question, models=("tiny",))
    outcome, said = conduct(one, Recorder(fails={"factors": 2, "interactive": -9}))
    assert outcome.failed == {"tiny/factors": 2, "tiny/interactive": -9}
    assert outcome.left_out == {}
    assert {"tiny/annotation", "tiny/grid", "tiny/efficiency", "report"} <= set(outcome.done)
    assert "failed, exit status 2: cosmos-eval factors " in said
    assert "ended by signal 9 (9 is often" in said
    assert "--skip interactive" in said
    assert "failed: tiny/factors\nfailed: tiny/interactive" in summary(outcome)

    again = Recorder()
    outcome, _ = conduct(one, again)
    assert outcome.repeated == ["tiny/factors", "tiny/interactive", "report"]


def test_what_needs_a_failed_step_is_left_out(question: Question) -> None:
    one = replace(question, models=("tiny",))
    outcome, said = conduct(one, Recorder(fails={"run": 1}))
    assert set(outcome.failed) == {"tiny/zero-shot", "tiny/randomness"}
    assert set(outcome.left_out) == {"tiny/drop", "tiny/factors", "tiny/annotation"}
    assert "left out, it needs tiny/randomness" in said
    assert "report" in outcome.done  # over what there is


def test_a_command_that_writes_nothing_has_not_succeeded(question: Question) -> None:
    class Idle(Recorder):
        def __call__(self, arguments: Any, output: Path | None) -> int:
            return 0 if arguments[1] == "grid" else super().__call__(arguments, output)

    outcome, said = conduct(replace(question, models=("tiny",)), Idle())
    assert set(outcome.failed) == {"tiny/grid"}
    assert "grid.json" in said


@pytest.mark.parametrize("command", ["run", "factors", "report"])
def test_an_interrupted_study_goes_on(question: Question, command: str) -> None:
    one = replace(question, models=("tiny",))
    first = Recorder(interrupted=command)
    with pytest.raises(KeyboardInterrupt):
        conduct(one, first)
    second = Recorder()
    outcome, _ = conduct(one, second)
    assert second.commands[0] == first.commands[-1]
    assert len(first.commands) + len(second.commands) == len(set(first.commands) | set(second.commands)) + 1
    assert not outcome.failed


def test_skipping(question: Question) -> None:
    one = replace(question, models=("tiny",))
    skip = ("grid", "randomness", "interactive")
    reasons = {line.step.name: line.estimate.why_not for line in study_of(one, Recorder(), skip=skip).lines}
    assert {name: why for name, why in reasons.items() if why} == {"tiny/drop": "it needs tiny/randomness"}
    outcome, _ = conduct(one, Recorder(), skip=skip)
    assert set(outcome.done) == {"tiny/zero-shot", "tiny/factors", "tiny/annotation", "tiny/efficiency", "report"}


def test_skipping_everything(question: Question) -> None:
    with pytest.raises(CosmosError, match="no step is left"):
        study_of(question, Recorder(), skip=KINDS)


def test_models_that_are_not_named_again_are(question: Question) -> None:
    conduct(question, Recorder())
    fewer = study_of(replace(question, models=question.models[:1]), Recorder())
    assert "leave out what is not named" in render(fewer)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"subset": 4}, "--subset 3 there, 4 here"),
        ({"grid": 8}, "--grid None there, 8 here"),
        ({"config": "acdc"}, "--config all there, acdc here"),
    ],
)
def test_another_question_in_the_same_folder(question: Question, change: dict[str, Any], says: str) -> None:
    conduct(question, Recorder())
    with pytest.raises(CosmosError, match=f"holds another study .*{says}.* --out a new folder"):
        study_of(replace(question, **change), Recorder())


def test_another_model_under_the_same_name(question: Question) -> None:
    conduct(question, Recorder())
    asked = json.loads((question.out / "study.json").read_text())["asked"]
    with pytest.raises(CosmosError, match="the model of the folder tiny tiny there, somebody/tiny here"):
        Record.open(question.out, asked, {"tiny": "somebody/tiny"})


def test_preprocessing_of_a_model(question: Question) -> None:
    plain = replace(question, models=("tiny",), profiles=(("", "percentile"),))
    conduct(plain, Recorder())
    with pytest.raises(
        CosmosError, match="the model of the folder tiny tiny, preprocessing percentile there, tiny here"
    ):
        study_of(replace(plain, profiles=()), Recorder())
    with pytest.raises(CosmosError, match="--preprocess medsam-b=medsam: the models are tiny"):
        study_of(replace(plain, profiles=(("medsam-b", "medsam"),)), Recorder())


def test_a_folder_with_something_else(question: Question) -> None:
    question.out.mkdir()
    (question.out / "thesis.tex").touch()
    with pytest.raises(CosmosError, match="is not the folder of a study"):
        study_of(question, Recorder())


def test_a_damaged_record(question: Question) -> None:
    conduct(question, Recorder())
    (question.out / "study.json").write_text("{")
    with pytest.raises(CosmosError, match=r"study\.json is damaged"):
        study_of(question, Recorder())


def test_planning_writes_nothing(question: Question) -> None:
    study_of(question, Recorder())
    assert not question.out.exists()


def test_folders_of_models() -> None:
    def folders(*models: str) -> list[str]:
        return list(Question("data", models, Path("out")).folders)

    assert folders("facebook/sam-vit-base", "tiny") == ["sam-vit-base", "tiny"]
    assert folders("facebook/sam", "other/sam", "tiny") == ["facebook--sam", "other--sam", "tiny"]
    assert folders("somebody/report") == ["model-report"]


def test_a_model_is_named_once(question: Question) -> None:
    with pytest.raises(CosmosError, match="--model tiny is given twice"):
        study_of(replace(question, models=("tiny", "tiny")), Recorder())


def test_the_plan(question: Question) -> None:
    one = replace(question, models=("tiny",), grid=10, sides="2,4", clicks=5, repeats=2, jitter="0-10,10-20")
    study = study_of(one, Recorder(), finetune=True)
    lines = {line.step.name: line.estimate for line in study.lines}
    zero_shot = lines["tiny/zero-shot"]
    images, masks = zero_shot.images, zero_shot.masks
    assert masks == 3 * 5  # three structures, cells, and their unions
    assert zero_shot.prompts == 100 * images + 5 * masks
    seconds = SPEED.start + images * (SPEED.encode + 100 * SPEED.point) + 5 * masks * SPEED.prompt
    assert zero_shot.seconds == pytest.approx(seconds)
    assert lines["tiny/randomness"].prompts == 5 * masks * (1 + 2 * 2)
    assert lines["tiny/interactive"].prompts == 5 * masks
    assert lines["tiny/grid"].prompts == (4 + 16) * images
    half = {line.step.name: line.estimate for line in study_of(one, Recorder(), processes=2).lines}
    assert half["tiny/zero-shot"].seconds == pytest.approx((seconds - SPEED.start) / 2 + SPEED.start)
    text = render(study)
    assert f"{masks:,} masks of {images:,} images from 2 sources" in text
    assert "A subset: 3 masks of each target" in text
    assert "0.5 s to encode" in text
    conduct(one, Recorder())
    done = study_of(one, Recorder())
    assert done.is_done
    assert "All of it is done" in render(done)
    (one.out / "tiny" / "grid" / "grid.csv").unlink()
    assert render(study_of(one, Recorder())).count(" done") == 7


@pytest.fixture(scope="module")
def fundus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sources of the neighbouring study, a few photographs each."""
    folder = tmp_path_factory.mktemp("fundus")
    for source in ("drishti_gs1", "rim_one_r3"):
        import_module(f"raw_trees.{source}").write(folder / "raw" / source)
        build(get_source(source), folder / "raw" / source, folder / "data")
    return folder / "data"


def test_the_neighbouring_study(fundus: Path, tmp_path: Path) -> None:
    question = Question(str(fundus), ("tiny",), tmp_path / "study", preset="shi2023")
    study = study_of(question, Recorder())
    assert study.question.config == "drishti_gs1,rim_one_r3"
    few = {line.step.name: line for line in study.lines}
    assert set(few) == {"tiny/zero-shot", "tiny/finetune-rim_one_r3", "tiny/finetune-drishti_gs1"}
    # So small a data set has no ten cases.
    assert "--train-cases 10: there are" in few["tiny/finetune-drishti_gs1"].estimate.why_not
    assert "tiny/finetune-drishti_gs1 is left out: " in render(study)
    assert "could not be read" in render(study)

    runner = Recorder()
    outcome, _ = conduct(replace(question, train_cases=1, out=tmp_path / "few"), runner)
    tuned = [words for words in runner.commands if words[0] == "finetune"]
    assert [words[words.index("--config") + 1] for words in tuned] == ["drishti_gs1", "rim_one_r3"]
    assert all(words[words.index("--train-cases") + 1] == "1" for words in tuned)
    assert str(tmp_path / "few" / "tiny" / "finetune-rim_one_r3" / "evaluation" / "after") in runner.commands[-1]
    assert "report" in outcome.done
    other = study_of(replace(question, config="drishti_gs1"), Recorder())
    assert other.question.config == "drishti_gs1"


def test_the_neighbouring_study_without_its_sources(question: Question) -> None:
    with pytest.raises(CosmosError, match="holds none of the sources of the preset shi2023: drishti_gs1, rim"):
        study_of(replace(question, preset="shi2023"), Recorder())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--jitter", "10"), "'10' is no range of pixels"),
        (("--jitter", ""), "name at least one range, or leave the step out"),
        (("--sides", "8,x"), "x"),
        (("--skip", "gird"), "gird is no step; choose of zero-shot,"),
        (("--preprocess", "tiny=sham"), "'sham' is no profile"),
        (("--preset", "shi2022"), "is not one of 'paper', 'shi2023'"),
    ],
)
def test_mistakes_are_found_before_anything_runs(small: Path, cli: Cli, options: tuple[str, ...], says: str) -> None:
    result = cli("paper", small, "--model", "tiny", "--out", "study", *options, fails=True)
    assert result.exit_code == 2
    assert says in result.stderr
    assert not Path("study").exists()


@pytest.mark.parametrize("name", list(PRESETS))
def test_presets_name_what_exists(name: str) -> None:
    preset = PRESETS[name]
    assert set(preset.kinds) <= set(KINDS)
    for source in preset.sources:
        assert get_source(source).id == source
    help_text = main.commands["paper"].get_help(click.Context(main.commands["paper"], info_name="paper"))
    assert name in help_text
