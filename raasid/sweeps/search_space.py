"""What is searched, read from overrides in Hydra's grammar: `lr=interval(1e-5,1e-2) net=choice(a,b)`.

choice(a,b), a,b, glob(*), shuffle(range(…))    one of some values
interval(a,b)                                   a number between, both ends included
int(interval(a,b))                              a whole number between, both ends included
range(a,b,step)                                 a, a + step, … below b, as in Hydra's own sweeps
tag(log, …)                                     on a logarithmic scale

A text among the values is kept as it would be typed: with quotes where it would otherwise be read as a list,
a number or several values.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    Quote,
    QuotedString,
    RangeSweep,
    Transformer,
)
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
        return (*fixed, *self.deletions, *(override_text(key, value) for key, value in params.items()))

    def signature(self) -> dict[str, Any]:
        """Return the distributions as plain values, to compare two spaces by."""
        return {key: json.loads(distribution_to_json(its)) for key, its in sorted(self.distributions.items())}

    def grid(self, seed: int | None = None) -> list[dict[str, Any]]:
        """Return every combination of values, in the order of the keys, or shuffled by a seed.

        Raises SearchSpaceError: a key has no steps, or there are too many combinations.
        """
        values = {key: grid_values(key, its) for key, its in self.distributions.items()}
        cells = math.prod(map(len, values.values()))
        if cells > MAX_GRID_CELLS:
            raise SearchSpaceError(f"a grid of {cells} trials; search fewer values, or use another sampler")
        grid = [dict(zip(values, cell, strict=True)) for cell in itertools.product(*values.values())]
        if seed is not None:
            random.Random(seed).shuffle(grid)
        return grid


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
    names = {bare_key(key) for key in (*typed, *fixed, *(text.partition("=")[0] for text in deletions))}
    kept = {key: its for key, its in searched.items() if bare_key(key) not in names}
    kept_fixed = {key: value for key, value in fixed_in_file.items() if bare_key(key) not in names}
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
    seen: dict[str, Override] = {}
    for text in arguments:
        override = _parse(parser, text)
        override.config_loader = parser.config_loader
        if override.is_delete():
            deletions.append(text)
            continue
        key = override.get_key_element()
        _check_overlap(seen.setdefault(bare_key(key), override), override)
        if override.is_sweep_override():
            distributions[key] = create_optuna_distribution_from_override(override)
        else:
            fixed[key] = create_optuna_distribution_from_override(override)
    return distributions, fixed, deletions


def bare_key(key: str) -> str:
    """Return a key without the `+`, `++` or `~` before it."""
    return key.lstrip("+~")


def _parse(parser: OverridesParser, text: str) -> Override:
    try:
        return parser.parse_override(text)
    except HydraException as error:
        # Hydra's own choice() refuses null, and the same values without it are fine
        values = re.fullmatch(r"([^=]+=)choice\((.*\bnull\b.*)\)", text)
        if values is not None:
            try:
                return parser.parse_override(values[1] + values[2])
            except HydraException:
                pass
        raise SearchSpaceError(f"'{text}': {str(error).splitlines()[0]}") from error


def _check_overlap(first: Override, second: Override) -> None:
    searched = [each.input_line for each in (first, second) if each.is_sweep_override()]
    if first is second or not searched:
        return
    key = bare_key(second.get_key_element())
    if len(searched) == 2:
        raise SearchSpaceError(
            f"{key}: is searched twice, the second time by '{second.input_line}'; give one"
        )
    (fixed,) = {first.input_line, second.input_line} - set(searched)
    raise SearchSpaceError(f"{key}: is searched by '{searched[0]}' and fixed by '{fixed}'; give one")


def create_optuna_distribution_from_override(override: Override) -> Any:
    """Return the distribution of an override with several values, and the text of one with a single value.

    Raises SearchSpaceError.
    """
    if not override.is_sweep_override():
        return override.get_value_element_as_str()
    value, key = override.value(), override.get_key_element()
    try:
        if isinstance(value, IntervalSweep):
            return _interval(value)
        if isinstance(value, RangeSweep) and not value.shuffle:
            return _range(value)
        return CategoricalDistribution(_choices(override))
    except (ValueError, HydraException) as error:
        raise SearchSpaceError(f"{key}: {str(error).splitlines()[0]} ('{override.input_line}')") from error


def _interval(value: IntervalSweep) -> BaseDistribution:
    log, start, end = "log" in value.tags, value.start or 0.0, value.end or 0.0
    if not (math.isfinite(start) and math.isfinite(end)):
        raise ValueError("an interval needs two finite ends")
    if type(start) is type(end) is int:
        return IntDistribution(int(start), int(end), log=log)
    return FloatDistribution(float(start), float(end), log=log)


def _range(value: RangeSweep) -> BaseDistribution:
    """Return the values start, start + step, … before stop; the end is excluded, as in Hydra's own sweeps."""
    whole = all(isinstance(each, int) for each in (value.start, value.stop, value.step))
    start, stop, step = (Decimal(str(each or 0)) for each in (value.start, value.stop, value.step))
    count = math.ceil((stop - start) / step) if step else 0
    if count < 1:
        raise ValueError(f"a range from {start} to {stop} by {step} is empty, as its end is excluded")
    low, high = sorted((start, start + step * (count - 1)))
    if "log" in value.tags:
        if not whole or abs(step) != 1:
            raise ValueError("a logarithmic scale has no steps; write tag(log,interval(…))")
        return IntDistribution(int(low), int(high), log=True)
    if whole:
        return IntDistribution(int(low), int(high), step=int(abs(step)))
    return FloatDistribution(float(low), float(high), step=float(abs(step)))


def _choices(override: Override) -> tuple[Any, ...]:
    """Return different values, as they are kept.

    Values to be shuffled keep their order, for which Optuna does not care: it is the same space each time.
    """
    value = override.value()
    if isinstance(value, ChoiceSweep):
        elements: Iterable[Any] = value.list
    elif isinstance(value, RangeSweep):
        elements = value.range()
    else:
        elements = list(override.sweep_iterator())
        if not elements:
            raise ValueError("glob(…) chooses among the options of a group, and finds none")
    kept = map(_as_choice, elements)
    return tuple({(type(each), each): each for each in kept}.values())


def _as_choice(element: Any) -> Any:
    """Return an element of a choice as Optuna stores it: a number, a truth value, null, or a text."""
    if element is None or isinstance(element, bool | int | float):
        return element
    if not isinstance(element, str | QuotedString):
        return Transformer.str(element)
    text = element.text if isinstance(element, QuotedString) else element
    return text if _is_read_as_text(text) else QuotedString(text, Quote.single).with_quotes()


def _is_read_as_text(text: str) -> bool:
    try:
        return OverridesParser.create().parse_override(f"key={text}").value() == text
    except HydraException:
        return False


def override_text(key: str, value: Any) -> str:
    """Return the override that sets a key to a sampled value."""
    return f"{key}={'null' if value is None else value}"


def grid_values(key: str, distribution: BaseDistribution) -> list[Any]:
    """Return all values of a distribution. Raises SearchSpaceError if it has no steps."""
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    if isinstance(distribution, IntDistribution):
        return list(range(distribution.low, distribution.high + 1, distribution.step))
    if isinstance(distribution, FloatDistribution) and distribution.step is not None:
        low, step = Decimal(str(distribution.low)), Decimal(str(distribution.step))
        count = round((distribution.high - distribution.low) / distribution.step) + 1
        return [float(low + k * step) for k in range(count)]
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
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        return f"choice({','.join(map(_as_text, value))})"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
