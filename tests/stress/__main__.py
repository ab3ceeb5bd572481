"""Damage every raw tree in every way, and see what a build makes of it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from checked import CHECKED
from stress.campaign import campaign, table
from stress.comparison import FAULTS
from stress.kinds import KINDS


def main() -> int:
    """Run the trials; returns 1 if there was a fault."""
    parser = argparse.ArgumentParser(prog="python -m stress", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument("--sites", type=int, default=3, help="places in a tree at which a kind of damage is done")
    parser.add_argument("--share", type=float, default=1, help="of the kinds to try on each source, drawn by lot")
    parser.add_argument("--sources", nargs="*", default=CHECKED)
    parser.add_argument("--kinds", default="", help="only kinds whose name holds this")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, help="write every verdict")
    options = parser.parse_args()
    start = time.monotonic()
    kinds = [name for name in KINDS if options.kinds in name]
    seeds = range(options.seed, options.seed + options.seeds)
    verdicts = []
    for one in campaign(
        options.sources, kinds, seeds, sites=options.sites, share=options.share, workers=options.workers
    ):
        verdicts.append(one)
        if one.outcome in FAULTS:
            print(one, flush=True)
    needless = Counter(one.kind for one in verdicts if one.needless)
    print("harmless, and yet refused, reduced or told:", dict(needless) or "none")
    print(table(verdicts))
    print(f"{len(verdicts):,} trials in {time.monotonic() - start:,.0f} s")
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in verdicts], indent=1))
    return int(any(one.outcome in FAULTS for one in verdicts))


if __name__ == "__main__":
    sys.exit(main())
