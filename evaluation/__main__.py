"""``python -m cosmos_datasets.evaluation``: what launchers start."""

from cosmos_datasets.evaluation.cli import main

main()
