"""The worker processes of a build, and how they end: by Ctrl-C quietly, and never later than their parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import resource_tracker


@contextmanager
def worker_pool(workers: int, executor: Executor | None = None) -> Iterator[Executor | None]:
    """Give a pool of spawned processes.

    Args:
        workers: how many; with one or none the caller works in its own process and gets ``None``.
        executor: a pool that exists already; it is given as it is and not closed.
    """
    if executor is not None or workers <= 1:
        yield executor
        return
    with _spawned(workers) as pool:
        yield pool


def lone_worker() -> AbstractContextManager[Executor]:
    """Give a pool of one process: whatever happens in it, the caller lives on."""
    return _spawned(1)


@contextmanager
def _spawned(workers: int) -> Iterator[Executor]:
    # Forked children would inherit the locks of threads that they do not have.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    try:
        _launch(pool, workers)
        yield pool
    except SystemExit as ended:
        # A worker that Ctrl-C reached before it reached us hands over its own end as the result of its case.
        raise KeyboardInterrupt from ended
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _launch(pool: ProcessPoolExecutor, workers: int) -> None:
    """Start the processes, with Ctrl-C held back in them: it would end them with a traceback of their imports.

    A pool starts one process for each job that finds none idle.
    """
    # Started with the first process otherwise, it would let Ctrl-C through again before that process starts.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for _ in range(workers):
            pool.submit(int)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _start_worker() -> None:
    # Ctrl-C reaches every process of the terminal's group: leave through the clean-up code, without a traceback. A
    # job in the background was told to ignore it, and goes on.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
        if signal.SIGINT in signal.sigpending():
            os._exit(130)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End when the parent was killed: an idle worker would wait for it for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
