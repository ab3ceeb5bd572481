"""One process at a time, also on drives that know no file locks."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock

_logger = logging.getLogger(__name__)
#: What ``flock`` answers on network drives without locks: ENOLCK, EOPNOTSUPP, ENOSYS, and 524 (ENOTSUPP) of NFS.
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, 524}


@cache
def _warn_once() -> None:
    _logger.warning(
        "this drive has no file locks, lock files named *.lock.held are used instead; if another machine fails and "
        "its lock file stays, remove it"
    )


@contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold a lock.

    Where the drive has no file locks, a file ``<path>.held`` that names its process stands for it; one whose process
    has died on this machine is taken over.

    Args:
        path: the lock file; its folder exists.
        wait: until another process lets go.

    Raises:
        filelock.Timeout: if another process holds it and ``wait`` is false.
    """
    timeout = -1 if wait else 0
    lock: BaseFileLock = FileLock(path, timeout=timeout, fallback_to_soft=False)
    try:
        lock.acquire()
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        _warn_once()
        lock = SoftFileLock(path.with_name(f"{path.name}.held"), timeout=timeout)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
