"""`raasid registry key`: a key of one's own, to sign what one registers."""

from __future__ import annotations

import argparse

from raasid.pipeline.registry_command.tables import print_line, say_beside
from raasid.registry.package.own_key import SIGNING_KEY
from raasid.registry.package.signing import make_key
from raasid.registry.package.trusted import TRUSTED_KEYS
from raasid.registry.registry import Registry


def make(given: argparse.Namespace, registry: Registry) -> None:
    """Write a private key and print the public one. Raises KeyUnusable: nothing is written over."""
    public = make_key(given.output)
    print_line((public, "bold"), "")
    say_beside(f"the private key is in {given.output}; to sign with it: export {SIGNING_KEY}={given.output}")
    say_beside(f"for others to trust it: a line with the public key in the file that {TRUSTED_KEYS} names")
