"""Which licence a card may claim for what comes from several sources."""

from __future__ import annotations

from collections.abc import Iterable

#: Licences that the Hub knows by their SPDX identifier in lower case, of those that data sets use.
_KNOWN = frozenset(
    {
        *("apache-2.0", "mit", "gpl-3.0", "odc-by", "odbl", "pddl", "cc0-1.0", "cdla-permissive-2.0"),
        *("cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"),
        *("cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0"),
        *("cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0"),
    }
)


def hub_licence(licences: Iterable[str]) -> str:
    """The ``license`` of a card: the one that all parts have, else ``other``.

    Licences have no order in which one is the stricter: share-alike and no-derivatives, say, contradict each other.
    So nothing is derived for a mixture; its card says ``other`` and lists the parts.

    Args:
        licences: of the parts, as the sources state them.
    """
    found = {licence.strip().lower() for licence in licences}
    return found.pop() if len(found) == 1 and found <= _KNOWN else "other"
