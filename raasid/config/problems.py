"""What is wrong with a configuration, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raasid.errors import UsageError

WIDEST_PATH = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: a key or an override, and what was expected of it."""

    path: str
    message: str


class ConfigProblems(UsageError):
    """A configuration that cannot be run; `str` lists every problem, one a line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        longest = max((len(problem.path) for problem in problems), default=0)
        width = min(longest, WIDEST_PATH)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = [f"  {problem.path:<{width}}    {problem.message}".rstrip() for problem in problems]
        super().__init__("\n".join([f"{count} in the configuration", *lines]))
