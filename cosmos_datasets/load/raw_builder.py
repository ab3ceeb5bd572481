"""``load_dataset("cosmos1050k", SOURCE, data_dir=RAW)``: rows straight from a raw folder, cached by ``datasets``.

The rows and their order are those of a built tree; what is missing is the index and all else that needs a build.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
from datasets.builder import Key

from cosmos_datasets.build import MANIFEST
from cosmos_datasets.build.plan import plan_shards, raw_fingerprint, source_folder
from cosmos_datasets.case import Case
from cosmos_datasets.errors import CaseError, CosmosError
from cosmos_datasets.fingerprint import code_fingerprint
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.listing import Listing
from cosmos_datasets.registry import get_source, source_ids
from cosmos_datasets.schema import ROW_SCHEMA
from cosmos_datasets.source import Source
from cosmos_datasets.standardise import standardise

_logger = datasets.utils.logging.get_logger(__name__)


@dataclass
class RawConfig(datasets.BuilderConfig):  # type: ignore[misc]
    """Configuration of a raw folder; its name is the id of a source.

    Attributes:
        intensity: how raw values become 8 bit, as on the command line.
        strict: make a case that cannot be read fatal instead of leaving it out with a warning.
    """

    intensity: str = "minmax-volume"
    strict: bool = False

    def open(self) -> tuple[Source, Listing]:
        """List the cases of the folder; raises :class:`CosmosError` if the name is no source."""
        if self.name not in source_ids():
            raise CosmosError(
                f"{self.data_dir} is no built data set (it has no {MANIFEST}). If it holds raw files, the "
                f"configuration must be one of the sources: {', '.join(source_ids())}. For 'all', 'index' or a "
                f"modality build first: cosmos-datasets build SOURCE --raw {self.data_dir} --out cosmos1050k"
            )
        source = get_source(self.name)
        raw = source_folder(source, Path(str(self.data_dir)))
        return source, source.listing(raw)

    def create_config_id(self, config_kwargs: dict[str, Any], custom_features: Any = None) -> str:
        """Key the cache by what decides the rows: code, raw files, intensity. An edited file is read again."""
        source, listing = self.open()
        files = [*listing.tables, *(path for case in listing.cases for path in case.files)]
        state = raw_fingerprint(files, listing.root, with_time=True)
        recipe = datasets.fingerprint.Hasher.hash(
            [
                code_fingerprint(source),
                state,
                str(listing.root),
                str(Intensity.parse(self.intensity)),
                self.strict,
                custom_features,
            ]
        )
        return f"{self.name}-{recipe}"


class RawCosmos1050k(datasets.ArrowBasedBuilder):  # type: ignore[misc]
    """Standardises the cases of one source on the fly; ``num_proc`` divides them."""

    BUILDER_CONFIG_CLASS = RawConfig
    config: RawConfig

    def _info(self) -> datasets.DatasetInfo:
        source = get_source(self.config.name)
        return datasets.DatasetInfo(
            description=source.title,
            homepage=source.homepage,
            license=source.licence,
            citation=source.citation,
            features=datasets.Features.from_arrow_schema(ROW_SCHEMA),
        )

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        source, listing = self.config.open()
        for one in listing.findings:
            if one.level != "note":
                _logger.warning(f"{source.id}: {one.what}: {one.where}")
        by_split: dict[str, list[Case]] = {"train": [], "validation": [], "test": []}
        for shard in sorted(plan_shards(source.id, listing.cases), key=lambda shard: shard.name):
            by_split[shard.split] += shard.cases
        return [
            datasets.SplitGenerator(name=split, gen_kwargs={"cases": members})
            for split, members in by_split.items()
            if members
        ]

    def _generate_shards(self, cases: list[Case]) -> Iterator[str]:
        for case in cases:
            yield case.case_id

    def _generate_tables(self, cases: list[Case]) -> Iterator[tuple[Key, pa.Table]]:
        source, intensity = get_source(self.config.name), Intensity.parse(self.config.intensity)
        for number, case in enumerate(cases):
            try:
                rows = standardise(source, case, intensity).rows
            except CaseError as error:
                if self.config.strict:
                    raise
                _logger.warning(f"left out: {error}")
                continue
            yield Key(number, 0), pa.Table.from_pylist(rows, schema=ROW_SCHEMA)
