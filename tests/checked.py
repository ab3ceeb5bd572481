"""The sources that the contract tests go through."""

from importlib.util import find_spec

from cosmos_datasets.registry import source_ids

# A source of another package is checked too where its ``raw_trees/<id>.py`` is on the path.
CHECKED = [source_id for source_id in source_ids() if find_spec(f"raw_trees.{source_id}")]
