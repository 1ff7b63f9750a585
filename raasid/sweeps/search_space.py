"""What is searched, read from overrides in Hydra's grammar: `lr=interval(1e-5,1e-2) net=choice(a,b)`.

choice(a,b), a,b, glob(*), shuffle(range(…))    one of some values
interval(a,b)                                   a number between, both ends included
int(interval(a,b))                              a whole number between, both ends included
range(a,b,step)                                 a, a + step, … below b, as in Hydra's own sweeps
tag(log, …)                                     on a logarithmic scale
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep, Transformer
from hydra.errors import HydraException
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from raasid.errors import UsageError

MAX_GRID_CELLS = 100_000


class SearchSpaceError(UsageError):
    """A search space that cannot be read or searched."""


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """What changes from trial to trial, and what does not."""

    distributions: dict[str, BaseDistribution]
    """By key, as it is written before the `=`; `+` and `++` are part of it."""
    fixed: dict[str, str]
    """Overrides that are the same in every trial: key -> value as text."""
    deletions: tuple[str, ...] = ()
    """`~key` and `~key=value`, as typed."""

    def overrides(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the overrides of a trial. params: key -> sampled value."""
        fixed = (f"{key}={value}" for key, value in self.fixed.items())
        return (*fixed, *self.deletions, *(f"{key}={value}" for key, value in params.items()))

    def signature(self) -> dict[str, Any]:
        """Return the distributions as plain values, to compare two spaces by."""
        return {key: json.loads(distribution_to_json(its)) for key, its in sorted(self.distributions.items())}

    def grid(self) -> list[dict[str, Any]]:
        """Return every combination of values, in the order of the keys.

        Raises SearchSpaceError: a key has no steps, or there are too many combinations.
        """
        values = {key: grid_values(key, its) for key, its in self.distributions.items()}
        cells = math.prod(map(len, values.values()))
        if cells > MAX_GRID_CELLS:
            raise SearchSpaceError(f"a grid of {cells} trials; search fewer values, or use another sampler")
        return [dict(zip(values, cell, strict=True)) for cell in itertools.product(*values.values())]


def read_search_space(
    params: Mapping[str, Any] | None, arguments: Sequence[str], parser: OverridesParser | None = None
) -> SearchSpace:
    """Read the space of a sweep; what is typed on the command line wins over the file.

    params: key -> value of `hydra.sweeper.params`. arguments: overrides of the command line.
    Raises SearchSpaceError.
    """
    from_file = [f"{key}={_as_text(value)}" for key, value in (params or {}).items()]
    searched, _, _ = create_params_from_overrides(from_file, parser)
    not_searched = [text for text in from_file if text.partition("=")[0] not in searched]
    fixed_in_file = create_params_from_overrides(not_searched, parser)[1]
    typed, fixed, deletions = create_params_from_overrides(arguments, parser)
    names = {key.lstrip("+") for key in (*typed, *fixed)}
    kept = {key: its for key, its in searched.items() if key.lstrip("+") not in names}
    kept_fixed = {key: value for key, value in fixed_in_file.items() if key.lstrip("+") not in names}
    return SearchSpace({**kept, **typed}, {**kept_fixed, **fixed}, tuple(deletions))


def create_params_from_overrides(
    arguments: Sequence[str], parser: OverridesParser | None = None
) -> tuple[dict[str, BaseDistribution], dict[str, str], list[str]]:
    """Return the distributions, the fixed values as text, and the deletions, of some overrides.

    Raises SearchSpaceError: two overrides of one key, or one that cannot be searched.
    """
    parser = parser or OverridesParser.create()
    distributions: dict[str, BaseDistribution] = {}
    fixed: dict[str, str] = {}
    deletions: list[str] = []
    for text in arguments:
        try:
            override = parser.parse_override(text)
        except HydraException as error:
            raise SearchSpaceError(f"'{text}': {str(error).splitlines()[0]}") from error
        key = override.get_key_element()
        if override.is_delete():
            deletions.append(text)
        elif override.is_sweep_override():
            if key in distributions:
                raise SearchSpaceError(f"{key}: is searched twice, the second time by '{text}'; give one")
            distributions[key] = create_optuna_distribution_from_override(override)
            fixed.pop(key, None)
        else:
            fixed[key] = create_optuna_distribution_from_override(override)
            distributions.pop(key, None)
    return distributions, fixed, deletions


def create_optuna_distribution_from_override(override: Override) -> Any:
    """Return the distribution of an override with several values, and the text of one with a single value.

    Raises SearchSpaceError.
    """
    if not override.is_sweep_override():
        return override.get_value_element_as_str()
    value, key = override.value(), override.get_key_element()
    try:
        if override.is_interval_sweep() and isinstance(value, IntervalSweep):
            log = "log" in value.tags
            start, end = value.start or 0.0, value.end or 0.0
            if type(start) is type(end) is int:
                return IntDistribution(int(start), int(end), log=log)
            return FloatDistribution(float(start), float(end), log=log)
        if isinstance(value, RangeSweep) and not value.shuffle:
            return _range(value)
        choices: list[Any] = list(override.sweep_iterator(transformer=Transformer.encode))
        return CategoricalDistribution(tuple(dict.fromkeys(choices)))
    except (ValueError, HydraException) as error:
        raise SearchSpaceError(f"{key}: {str(error).splitlines()[0]} ('{override.input_line}')") from error


def _range(value: RangeSweep) -> BaseDistribution:
    """Return the values start, start + step, … below stop."""
    start, stop, step = value.start or 0, value.stop or 0, value.step
    count = math.ceil((stop - start) / step - 1e-9) if step else 0
    if count < 1:
        raise ValueError(f"a range from {start} to {stop} by {step} is empty, as its end is excluded")
    last = start + step * (count - 1)
    log = "log" in value.tags
    if all(isinstance(each, int) for each in (start, stop, step)):
        return IntDistribution(int(start), int(last), log=log, step=1 if log else int(step))
    return FloatDistribution(float(start), float(last), log=log, step=None if log else float(step))


def grid_values(key: str, distribution: BaseDistribution) -> list[Any]:
    """Return all values of a distribution. Raises SearchSpaceError if it has no steps."""
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    if isinstance(distribution, IntDistribution):
        return list(range(distribution.low, distribution.high + 1, distribution.step))
    if isinstance(distribution, FloatDistribution) and distribution.step is not None:
        count = round((distribution.high - distribution.low) / distribution.step) + 1
        return [distribution.low + k * distribution.step for k in range(count)]
    raise SearchSpaceError(
        f"{key}: a grid needs single values, and an interval has none; write choice(…) or range(…, step=…)"
    )


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each key that two spaces search differently; arguments: `SearchSpace.signature`."""
    for key in sorted({*one, *other}):
        if one.get(key) != other.get(key):
            yield f"{key}: {_describe(one.get(key))} -> {_describe(other.get(key))}"


def _describe(signature: Mapping[str, Any] | None) -> str:
    if signature is None:
        return "not searched"
    attributes = signature["attributes"]
    if "choices" in attributes:
        return f"choice({', '.join(map(str, attributes['choices']))})"
    text = f"{attributes['low']:g} to {attributes['high']:g}"
    step = attributes.get("step")
    return text + (f" by {step:g}" if step not in (None, 1) else "") + (" (log)" if attributes["log"] else "")


def _as_text(value: Any) -> str:
    """Return a value of `params` as it would be typed: a list there is a choice."""
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable):
        return f"choice({','.join(map(str, value))})"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
