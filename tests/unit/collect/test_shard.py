from __future__ import annotations

import pytest

from raasid.collect.options import Shard
from raasid.errors import UsageError


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_item_is_in_one_share(count: int) -> None:
    items = list(range(10))
    shares = [Shard.parse(f"{index}/{count}").of(items) for index in range(count)]
    assert sorted(item for share in shares for item in share) == items


@pytest.mark.parametrize("text", ["1", "2/2", "-1/2", "0/0", "a/b", "0/2x"])
def test_a_share_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="i/n"):
        Shard.parse(text)
