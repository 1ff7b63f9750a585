"""Every reader reads a mutated file or raises a typed error, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fuzzing import SEEDS, Victim, sound
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from soak import rounds

from raasid.footage.formats import IMPORT_FORMATS, reader

IN_ALL = rounds(2_000, 10_000)
PER_EXAMPLE = 5
"""Drawing an example costs as much as reading; this many inputs are made from one draw."""
EXAMPLES = -(-IN_ALL // (PER_EXAMPLE * len(IMPORT_FORMATS)))


@pytest.fixture
def fast_folder() -> Iterator[Path]:
    """Yield a folder in memory where available: each read needs two writes."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.mark.parametrize("name", IMPORT_FORMATS)
def test_every_reader_reads_its_own_seed_without_essential_omissions(name: str) -> None:
    footage = reader(name)(SEEDS / name)
    sound(footage)


@pytest.mark.soak
@pytest.mark.parametrize("name", IMPORT_FORMATS)
def test_mutated_files_are_read_or_rejected_in_bounded_memory(name: str, fast_folder: Path) -> None:
    victim = Victim(name, fast_folder / "root")

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),  # shrinking a seed has no meaning
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**60))
    def check(seed: int) -> None:
        for offset in range(PER_EXAMPLE):
            victim.read(PER_EXAMPLE * seed + offset)

    check()
    print(
        f"{name}: {victim.reads} reads, {victim.rejected} rejected, {victim.partly_rejected} in part, "
        f"{max(victim.worst, 0):.2f} x size"
    )
    assert victim.reads >= PER_EXAMPLE * EXAMPLES >= IN_ALL / len(IMPORT_FORMATS)
    # if nearly everything were rejected, only the first check of a file would be tested
    assert victim.rejected < 0.9 * victim.reads
    assert victim.rejected + victim.partly_rejected > 0.2 * victim.reads
