"""One registry, measured at several sizes. It needs the standard library and the registry's own package.

Last line of stdout: JSON, size -> figure -> value; a size that was not reached in time is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Protocol

NAME = "ball_model"
CREATED, SET, GOT, LISTED = 50, 50, 500, 5
"""How many of each are timed."""


class Store(Protocol):
    """What is compared."""

    def create(self, number: int) -> str:
        """Register a version that is on the disk when this returns; its name."""
        ...

    def set_alias(self, version: str) -> None:
        """Make it the champion."""
        ...

    def get(self) -> str:
        """Which version is the champion."""
        ...

    def newest(self, count: int) -> list[str]:
        """The newest versions."""
        ...


class Raasid:
    """Ours."""

    def __init__(self, folder: Path) -> None:
        from raasid.registry.names import Version
        from raasid.registry.registry import Registry

        self._registry, self._parse = Registry(folder / "registry"), Version.parse

    def create(self, number: int) -> str:
        files = {"card.json": b'{"format": 1}', "notes.txt": b"%d" % number}
        return str(self._registry.register(NAME, files, reason="benchmark"))

    def set_alias(self, version: str) -> None:
        self._registry.set_alias(NAME, "champion", self._parse(version), "benchmark")

    def get(self) -> str:
        return str(self._registry.resolve(NAME, "champion"))

    def newest(self, count: int) -> list[str]:
        from raasid.registry.registry import Registry

        versions = Registry(self._registry.root).versions(NAME)  # as a new process would see it
        found = [versions.manifest(v) for v, _ in zip(versions.newest_first(), range(count), strict=False)]
        return [manifest.version for manifest in found]


class Mlflow:
    """MLflow's registry, in a SQLite file or, forced, in plain files."""

    def __init__(self, folder: Path, plain: bool) -> None:
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        import mlflow

        uri = str(folder / "plain") if plain else f"sqlite:///{folder / 'mlflow.db'}"
        self._client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
        self._client.create_registered_model(NAME)
        self._source = str(folder / "weights")

    def create(self, number: int) -> str:
        return str(self._client.create_model_version(NAME, self._source, description=str(number)).version)

    def set_alias(self, version: str) -> None:
        self._client.set_registered_model_alias(NAME, "champion", version)

    def get(self) -> str:
        return str(self._client.get_model_version_by_alias(NAME, "champion").version)

    def newest(self, count: int) -> list[str]:
        found = self._client.search_model_versions(
            f"name='{NAME}'", max_results=count, order_by=["creation_timestamp DESC"]
        )
        return [str(version.version) for version in found]


STORES: dict[str, Callable[[Path], Store]] = {
    "raasid": Raasid,
    "mlflow-sqlite": lambda folder: Mlflow(folder, plain=False),
    "mlflow-files": lambda folder: Mlflow(folder, plain=True),
}


def measured(store: Store, sizes: list[int], budget_s: float) -> dict[int, dict[str, float]]:
    """Fill a store and time it at each size, until the time for filling is used up."""
    found, count, latest = {}, 0, ""
    began = time.monotonic()
    for size in sizes:
        while count < size - CREATED and time.monotonic() - began < budget_s:
            latest = store.create(count)
            count += 1
        if count < size - CREATED:
            print(f"{count} versions in {budget_s:.0f} s: {size} are out of reach", file=sys.stderr)
            break
        figures: dict[str, float] = {}
        start = time.perf_counter()
        for _ in range(min(CREATED, size)):
            latest = store.create(count)
            count += 1
        figures["create_per_s"] = min(CREATED, size) / (time.perf_counter() - start)
        figures["set_alias_ms"] = _median_ms(partial(store.set_alias, latest), SET)
        figures["get_ms"] = _median_ms(store.get, GOT)
        figures["list_ms"] = _median_ms(partial(store.newest, 100), LISTED)
        if store.get() != latest or len(store.newest(100)) != min(100, count):
            sys.exit("the store does not say what was put in")
        found[size] = figures
    return found


def _median_ms(call: Callable[[], Any], times: int) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return median(taken) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", choices=sorted(STORES))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", required=True)
    parser.add_argument("--budget", type=float, required=True, help="seconds for filling")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    print(json.dumps(measured(STORES[args.store](args.folder), args.sizes, args.budget)))


if __name__ == "__main__":
    main()
