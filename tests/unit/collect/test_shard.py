from __future__ import annotations

import pytest

from raasid.collect.options import CollectOptions
from raasid.collect.source_discovery import Source, select_shard


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_source_is_in_exactly_one_shard(count: int) -> None:
    sources = [Source(f"/{number}.mp4", f"{number}.mp4") for number in range(10)]
    shards = [select_shard(sources, f"{index}/{count}") for index in range(count)]
    assert sorted((source for shard in shards for source in shard), key=lambda s: s.name) == sources


@pytest.mark.parametrize("shard", ["1", "2/2", "-1/2", "0/0", "a/b", "0/2x"])
def test_an_invalid_shard_is_rejected(shard: str) -> None:
    ((key, message),) = CollectOptions(shard=shard).cross_field_errors()
    assert (key, "i/n" in message) == ("shard", True)
