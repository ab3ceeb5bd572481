"""Running the real clients against the loopback Hub: each in a process of its own, as a user would."""

import subprocess
import sys
from pathlib import Path

from hub.server import client_env
from hub.store import Hub


def run_client(hub: Hub, home: Path, code: str, *, token: str | None = None, cwd: Path | None = None) -> str:
    """Run Python code as a client of the Hub and return what it prints; an error of it fails the test."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=client_env(hub, home, token),
        cwd=cwd or home,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_command(
    hub: Hub, home: Path, *arguments: str | Path, token: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of this package, ``run_command(hub, home, "cosmos-datasets", "push", ...)``."""
    name, *rest = map(str, arguments)
    module = {"cosmos-datasets": "cosmos_datasets.cli", "cosmos-eval": "cosmos_datasets.evaluation.cli"}[name]
    return subprocess.run(
        [sys.executable, "-c", f"from {module} import main; main(prog_name={name!r})", *rest],
        env=client_env(hub, home, token),
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
