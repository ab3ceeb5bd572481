"""What the Hub refuses in the head of a card; the part of its rules that cards of this project could break."""

import re
from typing import Any

from hub.store import card_data

_LICENCES = frozenset(
    """apache-2.0 mit openrail bigscience-openrail-m afl-3.0 agpl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause
    bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0
    cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0
    cc-by-nc-sa-4.0 cdla-permissive-1.0 cdla-permissive-2.0 cdla-sharing-1.0 ecl-2.0 epl-1.0 epl-2.0 etalab-2.0
    eupl-1.1 eupl-1.2 gfdl gpl gpl-2.0 gpl-3.0 isc lgpl lgpl-2.1 lgpl-3.0 mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1
    osl-3.0 pddl postgresql unlicense unknown other wtfpl zlib""".split()  # noqa: SIM905
)
_SIZES = re.compile(r"n<1K|1K<n<10K|10K<n<100K|100K<n<1M|1M<n<10M|10M<n<100M")
_TASKS = {"image-segmentation", "mask-generation", "image-classification", "object-detection", "other"}


def card_errors(text: str, kind: str) -> list[str]:
    """What is wrong with a card, one sentence each."""
    try:
        head = card_data(text)
    except ValueError as error:
        return [str(error)]
    errors = [
        f'"license" must be one of the known licences, not {one!r}'
        for one in _list(head, "license")
        if one not in _LICENCES
    ]
    errors += [f'"tags": {one!r} is no string' for one in _list(head, "tags") if not isinstance(one, str)]
    if kind == "dataset":
        errors += [
            f'"size_categories": {one!r}' for one in _list(head, "size_categories") if not _SIZES.fullmatch(one)
        ]
        errors += [f'"task_categories": {one!r}' for one in _list(head, "task_categories") if one not in _TASKS]
        errors += [f'"configs": {one!r}' for one in _list(head, "configs") if "config_name" not in one]
        names = [one.get("config_name") for one in _list(head, "configs")]
        errors += [f'"configs": {name} occurs twice' for name in {name for name in names if names.count(name) > 1}]
    return errors


def _list(head: dict[str, Any], name: str) -> list[Any]:
    value = head.get(name, [])
    return value if isinstance(value, list) else [value]
