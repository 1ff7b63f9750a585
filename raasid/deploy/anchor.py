"""The anchor: the best version so far, with which every challenger is compared besides the champion.

It is an alias of the registry. It moves only to a version that was shown to be better than it, so that
champions which are each no worse than the one before cannot add up to a decay.
"""

from __future__ import annotations

from raasid.deploy.verdict import GateVerdict
from raasid.registry.names import Version
from raasid.registry.registry import Registry

ANCHOR = "anchor"


def find_anchor(registry: Registry, name: str, champion: Version) -> Version | None:
    """Return the best version so far; None if it is the champion itself, or there is none yet.

    Raises RegistryDamaged.
    """
    anchor = registry.alias(name, ANCHOR)
    return None if anchor == champion else anchor


def update_anchor(
    registry: Registry, name: str, champion: Version, challenger: Version, verdict: GateVerdict
) -> Version:
    """Move the anchor after a comparison, and return where it points now.

    To the challenger if that was shown to be better; without an anchor, to the champion that it was compared
    with. champion: the one of the comparison. Idempotent. Raises NotRegistered, RegistryUnwritable.
    """
    anchor = registry.alias(name, ANCHOR)
    if verdict.is_new_anchor:
        target, reason = challenger, verdict.reason
    else:
        target, reason = anchor or champion, "the champion of the first comparison"
    if target != anchor:
        registry.set_alias(name, ANCHOR, target, reason, expect=str(anchor).lower())
    return target
