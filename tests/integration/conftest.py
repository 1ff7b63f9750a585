"""A league that all integration tests share, rendered once."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def league(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Overrides for a tiny net on a tiny league; the first run that uses them renders it."""
    folder = tmp_path_factory.mktemp("league")
    return ["data=synthetic_tiny", "model.channels=4", "register=false", f"paths.data={folder}"]
