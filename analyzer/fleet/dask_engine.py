"""An engine that is there already: workers of a Dask cluster, on any number of machines.

Each worker needs demarc in this version, and the bundles under the same path or address. A worker
that dies is replaced by the scheduler, which gives its bundle to another one. Source:
https://distributed.dask.org/en/stable/resilience.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from analyzer.fleet.errors import FleetError, missing_package
from analyzer.fleet.work import Outcome, Task, analyse_one, failed, program

#: Schemes of ``--engine`` → of Dask. TLS takes its certificates from Dask's own configuration.
SCHEMES = {"dask": "tcp", "dask+tls": "tls"}
_CONNECT_SECONDS = 15


def run_dask(engine: str, tasks: Sequence[Task]) -> Iterator[Outcome]:
    """Yield outcomes as they come.

    Raises:
        FleetError: the package is missing, nobody answers, there is no worker, another version of
            demarc runs there, or the connection was lost.
    """
    try:
        import distributed
    except ImportError:
        raise missing_package("distributed", "dask") from None
    dask: Any = distributed
    with _connected(dask, engine) as client:
        _check_workers(client, engine)
        futures = client.map(analyse_one, tasks, pure=False)
        by_key = dict(zip((future.key for future in futures), tasks, strict=True))
        done = dask.as_completed(futures, loop=client.loop)
        del futures  # the last reference to a result goes when it was taken
        for future in done:
            task = by_key.pop(future.key)
            if future.status == "cancelled":
                raise FleetError(
                    f"the connection to {engine} was lost",
                    "run the same command again: what is done is kept",
                )
            if future.status == "error":
                yield failed(task, _why(dask, future))
            else:
                yield future.result()
            future.release()


def _why(dask: Any, future: Any) -> str:
    error = future.exception()
    if isinstance(error, dask.KilledWorker):
        return "workers ended with it again and again: is there enough memory?"
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _connected(dask: Any, engine: str) -> Any:
    scheme, _, rest = engine.partition("://")
    try:
        return dask.Client(
            f"{SCHEMES[scheme]}://{rest}", timeout=_CONNECT_SECONDS, set_as_default=False
        )
    except (OSError, ValueError, TimeoutError, TypeError) as error:
        line = " ".join(str(error).split())[:200] or type(error).__name__
        raise FleetError(
            f"{engine} does not answer: {line}", "name the scheduler, as in dask://HOST:8786"
        ) from None


def _check_workers(client: Any, engine: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
        versions = client.run(program, on_error="return")
    except TimeoutError:
        raise FleetError(
            f"{engine} has no worker", "start some: dask worker HOST:8786 --nthreads 1"
        ) from None
    for worker, there in sorted(versions.items()):
        if isinstance(there, BaseException) or there is None:
            raise FleetError(f"worker {worker} has no demarc", "install aks-demarc on every worker")
        if tuple(there) != program():
            raise FleetError(
                f"worker {worker} has {', '.join(there)}; here is {', '.join(program())}",
                "install the same version and plugins everywhere",
            )
