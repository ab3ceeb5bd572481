"""The command ``cosmos-datasets``: find out about sources, build them, check and count what was built.

Modules here only read arguments and print; what they need is imported when a command runs, so that every command
starts at once.
"""

import click

from cosmos_datasets.cli.building import build
from cosmos_datasets.cli.catalog import info, list_sources, targets
from cosmos_datasets.cli.checking import verify
from cosmos_datasets.cli.counting import stats
from cosmos_datasets.cli.downloading import download
from cosmos_datasets.cli.guard import GuardedGroup
from cosmos_datasets.cli.inspecting import check
from cosmos_datasets.cli.sharing import index_only, push


@click.group(cls=GuardedGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="cosmos-datasets")
def main() -> None:
    """Make the COSMOS 1050K data set from the raw downloads of its sources.

    \b
    From nothing to a loaded data set:
      cosmos-datasets list                              which sources there are
      cosmos-datasets info msd                          how to get one, and what is in it
      cosmos-datasets download msd --raw downloads      fetch it, or be told the steps
      cosmos-datasets check msd --raw downloads         complete and sound?
      cosmos-datasets build msd --raw downloads --out cosmos1050k
      cosmos-datasets verify cosmos1050k                every file as it was written?
      cosmos-datasets stats cosmos1050k                 how many images and masks of what
      cosmos-datasets push cosmos1050k ORG/NAME         share it on the Hub
      python -c 'from datasets import load_dataset; print(load_dataset("cosmos1050k", "msd"))'

    Every command explains itself with --help. Results go to standard output, progress and errors to standard error;
    the exit code is 0 if all is well, 1 for an error, 2 for a wrong command line, 130 after Ctrl-C.
    """


for command in (list_sources, info, targets, download, check, build, verify, stats, push, index_only):
    main.add_command(command)
