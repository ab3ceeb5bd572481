"""Makes ``load_dataset("cosmos1050k", ...)`` work from any folder once this package is imported.

``datasets`` has no public way to register a builder since loading scripts were removed. Two of its internals are
used, both checked by a test: the table of packaged modules, and the factory that resolves one. The factory is replaced
for our name alone because the original globs every file below ``data_dir`` (or the working directory) first, which
takes a minute on a raw tree of a hundred thousand files.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from cosmos_datasets.load.location import NAME, is_built, local_folder

_RAW_BUILDER = "cosmos_datasets.load.raw_builder"


def register() -> None:
    """Register the name now if ``datasets`` is imported already, else as soon as it is.

    Importing ``datasets`` takes a second, which a command that does not need it should not wait for.
    """
    if "datasets" in sys.modules:
        _register_with(sys.modules["datasets"])
    elif not any(isinstance(finder, _DatasetsFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _DatasetsFinder())


class _DatasetsFinder(MetaPathFinder):
    """Finds ``datasets`` as usual and registers when its import is complete.

    Others ask where ``datasets`` is without importing it (``transformers`` does), so it stays in place.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "datasets":
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _RegisteringLoader(spec.loader)
                return spec
        return None


class _RegisteringLoader(Loader):
    """Runs another loader, then registers; everything else is the other's."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        if name == "_loader":  # not there yet while this object is being copied
            raise AttributeError(name)
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _register_with(module)


def _register_with(datasets: ModuleType) -> None:
    try:
        load = sys.modules["datasets.load"]
        modules = sys.modules["datasets.packaged_modules"]._PACKAGED_DATASETS_MODULES
        factory = load.PackagedDatasetModuleFactory
        original = factory.get_module
        local = load.LocalDatasetModuleFactory
        module = load.DatasetModule
    except (KeyError, AttributeError) as error:
        raise ImportError(
            f"cosmos_datasets does not know how to register with datasets {datasets.__version__} ({error}); install "
            "datasets>=5.0,<6. Loading a built folder without importing cosmos_datasets works with any version."
        ) from error
    if NAME in modules:
        return

    def get_module(self: Any) -> Any:
        if self.name != NAME:
            return original(self)
        if self.data_files is not None:
            raise ValueError(f"{NAME} takes data_dir=, not data_files=")
        folder = local_folder(self.data_dir)
        if is_built(folder):
            # Exactly what load_dataset(folder) does without us: the same rows, from the same cache.
            found = local(folder.as_posix()).get_module()
            return module(
                found.module_path,
                found.hash,
                {**found.builder_kwargs, "data_dir": None, "dataset_name": NAME},
                found.builder_configs_parameters,
                found.dataset_infos,
            )
        from datasets.data_files import DataFilesDict

        kwargs = {"data_files": DataFilesDict(), "data_dir": str(folder), "dataset_name": NAME}
        return module(_RAW_BUILDER, "raw", kwargs)

    factory.get_module = get_module
    modules[NAME] = (_RAW_BUILDER, "raw")
