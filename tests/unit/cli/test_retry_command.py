"""`raasid retry`: a person lets a model be retrained again."""

from __future__ import annotations

from pathlib import Path

import pytest
from retrainings import DATA, ended

from raasid.cli.arguments import ModelUnknown
from raasid.cli.registry.command import MissingReason
from raasid.cli.retry import main
from raasid.io.atomic import write_atomic
from raasid.registry.record_chain import canonical_json
from raasid.triggers.claims import ClaimStore
from raasid.triggers.futility import judge_futility
from raasid.triggers.futility_marks import FutilityMarks


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the pose model was retrained three times without a gain."""
    for day in (0, 7, 14):
        past = ended(day)
        path = tmp_path / "retrainings" / past.model / f"{past.decision}.json"
        write_atomic(path, canonical_json(past.model_dump(mode="json")))
    return tmp_path


def waits(root: Path) -> bool:
    marks, claims = FutilityMarks(root / "retrainings"), ClaimStore(root / "retrainings")
    return judge_futility(
        "pose_model", "mAP", claims.history(), DATA, acknowledged=marks.acknowledged("pose_model")
    ).wait


def test_a_model_that_waits_is_tried_again_and_the_reason_is_kept(
    root: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAASID_AUTHOR", "anna")
    assert waits(root)

    main(["pose_model", "--reason", "labels were mended", "--root", str(root)])

    assert not waits(root)
    (kept,) = FutilityMarks(root / "retrainings").acknowledgements("pose_model")
    assert (kept.author, kept.reason) == ("anna", "labels were mended")
    assert "3 retrainings without a gain no longer count" in capsys.readouterr().out


def test_a_model_that_does_not_wait_is_left_alone(root: Path, capsys) -> None:
    main(["ball_model", "--reason", "a try", "--root", str(root)])

    assert "nothing was changed" in capsys.readouterr().out
    assert not (root / "retrainings" / "ball_model").exists()


def test_it_needs_a_known_model_and_a_reason(root: Path) -> None:
    with pytest.raises(ModelUnknown, match="did you mean 'pose_model'"):
        main(["pose_modl", "--reason", "a try", "--root", str(root)])
    with pytest.raises(MissingReason):
        main(["pose_model", "--reason", " ", "--root", str(root)])
    assert waits(root)


def test_retrainings_that_end_later_than_this_clock_says_no_longer_count_either(root: Path, capsys) -> None:
    """They were done on a machine whose clock is fast, or as of a later time."""
    past = ended(21, ended="2126-11-30T03:00:00+00:00")
    path = root / "retrainings" / past.model / f"{past.decision}.json"
    write_atomic(path, canonical_json(past.model_dump(mode="json")))

    main(["pose_model", "--reason", "labels were mended", "--root", str(root)])

    assert "4 retrainings without a gain no longer count" in capsys.readouterr().out
    assert not waits(root)
