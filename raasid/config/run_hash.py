"""Six letters that name a configuration."""

from __future__ import annotations

import hashlib
import json

from raasid.config.schema.section import Section

NOT_IN_HASH = frozenset({"paths", "ckpt_path", "tags"})
"""Where a run lies, where it continues and what it is called do not change what it computes."""


def run_hash(config: Section) -> str:
    """Return the first 6 hex digits of the SHA-256 of the configuration's canonical JSON."""
    plain = config.model_dump(mode="json", by_alias=True, exclude=set(NOT_IN_HASH))
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:6]
