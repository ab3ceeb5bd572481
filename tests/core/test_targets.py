"""Targets that sources declare."""

import json
from collections import defaultdict

from click.testing import CliRunner, Result

from cosmos_datasets.cli import main
from cosmos_datasets.registry import get_source, source_ids
from cosmos_datasets.source import Source
from cosmos_datasets.targets import counts, targets
from cosmos_datasets.vocabulary import EXTRA_OBJECTS


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["targets", *map(str, arguments)])


def _sources() -> list[Source]:
    return [get_source(name) for name in source_ids()]


def test_every_declared_object_is_a_target_of_its_source() -> None:
    found = targets(_sources())
    by_source: dict[str, set[str]] = defaultdict(set)
    for target in found:
        for name in target.sources:
            by_source[name].add(target.object)
            assert target.modality in get_source(name).modalities
    assert {source.id: set(source.objects) for source in _sources()} == by_source


def test_a_label_of_some_modalities_is_no_target_in_the_others() -> None:
    found = {(target.object, target.modality): target.sources for target in targets([get_source("msd")])}
    assert ("prostate", "ADC MRI") in found
    assert ("prostate", "CT") not in found
    assert ("liver", "T1W MRI") not in found
    assert len(found) == 24


def test_counts_leave_out_what_is_extra() -> None:
    found = targets(_sources())
    ours = [target for target in found if not target.extra]
    assert not {target.object for target in ours} & EXTRA_OBJECTS
    assert counts(ours) == {"modalities": 18, "objects": 107, "targets": 157}


def test_the_command_filters_and_counts() -> None:
    done = _run("--object", "hepatic", "--modality", "t1w-mri")
    assert done.exit_code == 0
    assert [line.split()[:3] for line in done.stdout.splitlines()[2:]] == [["liver", "T1W", "MRI"]]
    assert "the paper" not in done.stderr
    body = json.loads(_run("--source", "drive", "--json").stdout)
    assert [(one["object"], one["modality"]) for one in body] == [("retinal_vessel", "Fundus")]
    assert "drive" in body[0]["sources"]
    assert "107 objects (the paper: 84)" in _run().stderr


def test_a_word_nobody_knows() -> None:
    done = _run("--object", "kidny")
    assert done.exit_code == 1
    assert "Did you mean kidney" in done.stderr
