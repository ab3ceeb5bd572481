"""``python -m stress``: every mutation on every source, with a table at the end."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from checked import CHECKED
from stress.judge import APPLIED, FAULTS, Verdict, trials
from tqdm import tqdm


def _one(source_id: str, seed: int, kinds: str) -> list[Verdict]:
    warnings.simplefilter("ignore")
    chosen = [one for one in APPLIED if kinds in one.name]
    with tempfile.TemporaryDirectory(prefix="stress-") as work:
        return trials(source_id, chosen, seed, Path(work))


def main() -> int:
    """Run the trials; returns 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sources", nargs="*", default=CHECKED)
    parser.add_argument("--kinds", default="", help="only kinds whose name holds this")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write every verdict")
    options = parser.parse_args()
    verdicts: list[Verdict] = []
    with ProcessPoolExecutor(options.workers) as pool:
        futures = [pool.submit(_one, source, options.seed, options.kinds) for source in options.sources]
        for future in tqdm(as_completed(futures), total=len(futures), unit="source"):
            verdicts += future.result()
    faults = sorted((one for one in verdicts if one.outcome in FAULTS), key=lambda one: (one.mutation, one.source))
    for one in faults:
        print(f"{one.outcome}: {one.mutation} on {one.source} ({one.file}): {one.what}")
    print(f"{len(verdicts):,} trials:", dict(Counter(one.outcome for one in verdicts)))
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in verdicts], indent=1))
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
