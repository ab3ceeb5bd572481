"""What a source is: the declaration that every loader module makes once, as the constant ``SOURCE``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cosmos_datasets.errors import LayoutError

if TYPE_CHECKING:
    from cosmos_datasets.case import Case
    from cosmos_datasets.finding import Finding
    from cosmos_datasets.listing import Listing

Redistributable = Literal["yes", "gated", "no"]
Access = Literal["open", "account", "request"]
#: The viewing plane of a volume. ``acquired`` follows the scanner: slices along the last axis of the file, named
#: after the anatomical plane that lies nearest. ``native``: pixels as stored (pictures, electron microscopy).
Plane = Literal["axial", "coronal", "sagittal", "acquired", "native"]


@dataclass(frozen=True)
class Label:
    """One class of a source.

    Attributes:
        name: the source's own class in snake case, sides and levels kept: ``kidney_left``, ``vertebrae_L3``.
        object: the canonical object it counts as (see :mod:`cosmos_datasets.vocabulary`); ``None`` excludes it.
        value: what the label file holds: an integer, an inclusive range ``(low, high)`` of integers, or ``None``
            where a file of its own holds the class and every pixel above zero belongs to it.
        table: where one source has several encodings, the one this belongs to (``Task03_Liver``, ``MR``).
        excluded: why the class is left out; given exactly when ``object`` is ``None``.
        release: the release that has the class, where not all have it (``v1``).
        modalities: those it is labelled in, where the source has others as well; empty for all of the source's.
    """

    name: str
    object: str | None
    value: int | tuple[int, int] | None = None
    table: str = ""
    excluded: str = ""
    release: str = ""
    modalities: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.object is None) != bool(self.excluded):
            raise ValueError(f"label {self.name}: an excluded label needs a reason, and only an excluded one")


@dataclass(frozen=True)
class Download:
    """One file that a publisher offers.

    Attributes:
        url: where it lies.
        sha256: its checksum in lower-case hex, or ``None`` where nobody published one.
        size: its size in bytes, or ``None`` where it is not known.
        name: the file name to give it, where the address does not end in one.
        into: folder of the layout that an archive without a folder of its own is unpacked into.
    """

    url: str
    sha256: str | None = None
    size: int | None = None
    name: str = ""
    into: str = ""


@dataclass(frozen=True)
class Source:
    """A public data set: its facts, and how its files become cases.

    Attributes:
        id: short identifier, ASCII lower case: ``acdc``. First part of every ``image_id``.
        title: the full name.
        homepage: the publisher's page.
        licence: SPDX identifier where there is one, else a short statement; ``unknown`` where nobody says.
        redistributable: ``yes``, ``gated`` (after accepting terms) or ``no`` (unknown, forbidden, no derivatives).
        access: how the files are obtained.
        obtain: the steps to get them, as a person would follow them.
        modalities: canonical names (see :mod:`cosmos_datasets.vocabulary`).
        labels: every class of every encoding, background (zero) left out.
        layout: the expected folder, drawn as a tree; shown when a folder does not fit.
        citation: one or several BibTeX entries.
        expected: counts that the publisher states, e.g. ``{"cases": 300, "subjects": 150}``.
        plane: main viewing plane, unless a case says otherwise.
        downloads: files that can be fetched.
        pitfalls: what to know before trusting the data, a sentence each.
        related: ids of sources that share scans with this one.
        unverified: facts that are stated from general knowledge and were not checked against the release.
        markers: glob patterns, relative to the layout's root, in any case; the folder where one of them matches is the
            root.
        find_cases: given the root, yields its labelled cases without decoding anything, and a :class:`Finding` for
            what a user should know of the folder as a whole.
        extra: a neighbouring data set that is not among the 53 of the paper.
        paper_release: where classes differ by release (``Label.release``), the one of the paper's time.
        only_named: no name of a file tells whose it is: the layout must lie in the folder that is named, or in the one
            folder in it that does or is called as the source.
    """

    id: str
    title: str
    homepage: str
    licence: str
    redistributable: Redistributable
    access: Access
    obtain: str
    modalities: tuple[str, ...]
    labels: tuple[Label, ...]
    layout: str
    citation: str
    expected: Mapping[str, int]
    find_cases: Callable[[Path], Iterable[Case | Finding]]
    markers: tuple[str, ...]
    plane: Plane = "axial"
    downloads: tuple[Download, ...] = ()
    pitfalls: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    extra: bool = False
    paper_release: str = ""
    only_named: bool = False

    def __post_init__(self) -> None:
        if not (self.id.isascii() and self.id.replace("_", "").isalnum() and self.id == self.id.lower()):
            raise ValueError(f"source id {self.id!r}: use ASCII lower case letters, digits and _")

    def table(self, name: str = "") -> tuple[Label, ...]:
        """Return the labels of one encoding, in declaration order.

        Args:
            name: the ``table`` of the labels; empty for a source with one encoding.

        Raises:
            KeyError: if no label belongs to that table.
        """
        labels = tuple(label for label in self.labels if label.table == name)
        if not labels:
            raise KeyError(f"{self.id} declares no labels for {name!r}")
        return labels

    def label(self, name: str) -> Label:
        """Return the first label of that name; raises ``KeyError`` if there is none."""
        for label in self.labels:
            if label.name == name:
                return label
        raise KeyError(f"{self.id} declares no label {name!r}")

    @property
    def objects(self) -> tuple[str, ...]:
        """The canonical objects of this source, sorted."""
        return tuple(sorted({label.object for label in self.labels if label.object is not None}))

    def root(self, raw: Path) -> Path:
        """Find the folder that holds the published layout; raises :class:`LayoutError` if no folder does.

        Args:
            raw: the publisher's folder, or one at most three levels above it.

        Returns:
            The folder; where the layout's parts lie in several, the one around them.
        """
        from cosmos_datasets.layout import common, roots

        return common(roots(self, raw))

    def layout_error(self, raw: Path, reason: str = "") -> LayoutError:
        """Describe a folder that does not fit: what was expected, what is there, where to get the files."""
        names = sorted(child.name + "/" * child.is_dir() for child in raw.iterdir())
        found = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
        return LayoutError(
            f"{raw} does not look like {self.title}{': ' + reason if reason else ''}.\n"
            f"Found: {found or 'an empty folder'}\n"
            f"Expected:\n{_indent(self.layout)}\n"
            f"How to obtain it: {self.obtain}\n"
            f"More: cosmos-datasets info {self.id}"
        )

    def cases(self, raw: Path) -> list[Case]:
        """List the labelled cases of a raw folder; see :meth:`listing`."""
        return self.listing(raw).cases

    def listing(self, raw: Path) -> Listing:
        """List a raw folder; see :func:`cosmos_datasets.listing.list_raw`."""
        from cosmos_datasets.listing import list_raw

        return list_raw(self, raw)


def _indent(text: str) -> str:
    return "\n".join("  " + line for line in text.strip("\n").splitlines())
