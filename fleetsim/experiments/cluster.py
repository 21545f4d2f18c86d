"""Run on a Dask cluster: one that is there, or one that is started here for the run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from typing import Any, Final

from fleetsim.errors import BadInput, Mistake
from fleetsim.version import __version__

_PRELOAD: Final = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
"""For workers that are started here: an interrupt from the keyboard reaches them too, and is for the run to heed."""
LOCAL: Final = "local"
CONNECT_S: Final = 10
"""A scheduler has so long to answer."""
JOIN_S: Final = 60
"""A cluster has so long to get its first worker."""


@contextmanager
def dask_executor(address: str | None) -> Iterator[Executor | None]:
    """Yield an executor over a Dask cluster; ``None`` where there is no address.

    Parameters
    ----------
    address
        Of a scheduler, for instance ``"tcp://10.0.0.1:8786"``, or ``"local"``: a scheduler and a process a core are
        started on this machine, and ended with the block.

    Raises
    ------
    BadInput
        Dask is not installed, or this is no address.
    OSError
        No cluster answers there, its workers lack this version of fleetsim, or a task was lost with several workers.
    """
    if address is None:
        yield None
        return
    if find_spec("distributed") is None:
        raise BadInput(Mistake("--dask", None, "", "Dask is not installed; pip install 'fleetsim[dask]'"))
    from dask import config
    from distributed import Client, KilledWorker, LocalCluster

    for logger in ("distributed", "distributed.client"):  # what matters is said by the errors below
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    # A scenario that brings its traces along is large; it is sent on purpose, once to each worker.
    with config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
        try:
            if address == LOCAL:
                with (
                    LocalCluster(  # type: ignore[no-untyped-call]
                        threads_per_worker=1,
                        dashboard_address="127.0.0.1:0",
                        silence_logs=logging.CRITICAL,
                        preload=[_PRELOAD],
                    ) as cluster,
                    Client(cluster) as client,  # type: ignore[no-untyped-call]
                ):
                    yield client.get_executor(pure=False)
            else:
                with _client(address) as client:
                    _check_workers(client)
                    yield client.get_executor(pure=False)
        except KilledWorker as error:
            raise ChildProcessError(
                "several workers were lost at the same task, perhaps for want of memory; give each more of it"
            ) from error


@contextmanager
def _client(address: str) -> Iterator[Any]:
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT_S)  # type: ignore[no-untyped-call]
    except ValueError as error:
        what = f"found {address!r}; expected `local` or a scheduler's address, such as tcp://10.0.0.1:8786"
        raise BadInput(Mistake("--dask", None, "", what)) from error
    except (OSError, TimeoutError) as error:
        raise OSError(f"no Dask scheduler answers at {address}; start it with: dask scheduler") from error
    with client:
        yield client


def _check_workers(client: Any) -> None:
    """See that there are workers, and that they have this version of fleetsim."""
    try:
        client.wait_for_workers(1, timeout=JOIN_S)
    except TimeoutError as error:
        raise OSError("the Dask cluster has no workers; start some with: dask worker ADDRESS") from error
    try:
        versions = client.run(installed_version, "fleetsim")
    except PackageNotFoundError as error:
        raise OSError("a worker of the Dask cluster lacks fleetsim; install it on every machine") from error
    others = {worker: version for worker, version in versions.items() if version != __version__}
    if others:
        worker, version = next(iter(others.items()))
        raise OSError(f"worker {worker} has fleetsim {version}, and {__version__} is wanted; install the same there")
