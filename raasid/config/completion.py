"""Tab completion of `raasid <verb> …`: take the verb out of the line, so that Hydra completes the rest."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, MutableMapping


def verb_to_complete(verbs: Collection[str], environ: MutableMapping[str, str] | None = None) -> str:
    """Return the verb whose keys are completed, and rewrite COMP_LINE to the form that Hydra reads.

    While the verb itself is being typed, prints the verbs that fit and leaves by SystemExit.
    Without COMP_LINE, when the completion is installed, it returns the first verb: any will do.
    """
    environ = os.environ if environ is None else environ
    line = environ.get("COMP_LINE", "")
    words = line.split(maxsplit=2)
    typing_verb = len(words) == 1 or (len(words) == 2 and not line[-1].isspace())
    if words and typing_verb:
        prefix = words[1] if len(words) == 2 else ""
        print(" ".join(sorted(verb for verb in verbs if verb.startswith(prefix))))
        sys.exit(0)
    if len(words) < 2:
        return next(iter(verbs))
    if words[1] not in verbs:
        sys.exit(0)
    rest = line.split(words[1], 1)[1].lstrip()
    environ["COMP_LINE"] = f"{words[0]} {rest}"
    return words[1]
