"""`raasid registry key` creates a key that signs."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.cli.registry.command import main
from raasid.registry.errors import KeyUnusable
from raasid.registry.registry import Registry
from raasid.registry.signing import signer, verify


def test_a_new_key_signs_and_only_its_public_half_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["key", "-o", str(tmp_path / "key.pem"), "--registry", str(tmp_path / "registry")])
    captured = capsys.readouterr()
    public = captured.out.strip()
    registry = Registry(tmp_path / "registry")
    version = registry.register("ball_model", {"card.json": b"{}"}, sign=signer(tmp_path / "key.pem"))
    verify(registry.versions("ball_model").manifest(version), frozenset({public}))
    assert f"export RAASID_SIGNING_KEY={tmp_path / 'key.pem'}" in captured.err.replace("\n", "")
    with pytest.raises(KeyUnusable, match="File exists"):
        main(["key", "-o", str(tmp_path / "key.pem")])
