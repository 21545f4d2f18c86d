"""Size distributions as a scenario writes them, each made into its law."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Final, Literal

from pydantic import Field, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from fleetsim import units
from fleetsim.draws import laws
from fleetsim.draws.laws import Law
from fleetsim.scenario.base import Chosen, Listed, Part
from fleetsim.scenario.functions import OwnSizes, function_in_a_file
from fleetsim.scenario.quantities import as_decimal, fraction, number, optional, size, text_of

Sizes = Law | OwnSizes
"""What a transfer's size follows: a law, or a function of the user's."""

SIZE_EXPECTED: Final = "expected bytes such as 800 B or 1.2 MB, or a mapping with a distribution"
_VALUES_EXPECTED: Final = f"expected a list of 1 to {laws.MAX_VALUES:,} sizes in bytes"
_WEIGHTS_EXPECTED: Final = "expected a list of weights, one for each of the values"


class SizePart(Part):
    """A size distribution in a file."""

    def law(self) -> Law:
        """Return the law that it stands for."""
        raise NotImplementedError


class ConstantSize(SizePart):
    """Always the same size. A bare quantity is short for it."""

    distribution: Literal["constant"] = "constant"
    value: Annotated[int, size()] = Field(description="the size, bytes")

    def law(self) -> Law:
        return laws.Constant(self.value)


class UniformSize(SizePart):
    """Uniform on [minimum, maximum]."""

    distribution: Literal["uniform"] = "uniform"
    minimum: Annotated[int, size()] = Field(description="least size, bytes")
    maximum: Annotated[int, size()] = Field(description="greatest size, bytes, at least the minimum")

    def misfits(self) -> Iterator[tuple[str, str]]:
        if self.maximum < self.minimum:
            yield "maximum", "expected at least the minimum"

    def law(self) -> Law:
        return laws.Uniform(self.minimum, self.maximum)


class ExponentialSize(SizePart):
    """Exponential."""

    distribution: Literal["exponential"] = "exponential"
    mean: Annotated[int, size(1)] = Field(description="mean size, bytes")

    def law(self) -> Law:
        return laws.Exponential(self.mean)


class GammaSize(SizePart):
    """Gamma; its coefficient of variation is 1 / sqrt(shape)."""

    distribution: Literal["gamma"] = "gamma"
    mean: Annotated[int, size(1)] = Field(description="mean size, bytes")
    shape: Annotated[float, number(*laws.GAMMA_SHAPE_BOUNDS)] = Field(description="shape parameter")

    def law(self) -> Law:
        return laws.Gamma(self.mean, self.shape)


class LogNormalSize(SizePart):
    """Lognormal, by its median or its mean."""

    distribution: Literal["lognormal"] = "lognormal"
    median: Annotated[int | None, optional(size(1))] = Field(None, description="median size, bytes; or mean")
    mean: Annotated[int | None, optional(size(1))] = Field(None, description="mean size, bytes; or median")
    sigma: Annotated[float, number(*laws.SIGMA_BOUNDS)] = Field(description="standard deviation of the logarithm")

    def misfits(self) -> Iterator[tuple[str, str]]:
        if self.mean is None and self.median is None:
            yield "median", "expected a median or a mean"
        if self.mean is not None and self.median is not None:
            yield "mean", "expected either a median or a mean, and not both"

    def law(self) -> Law:
        return laws.LogNormal(self.median, self.sigma, self.mean)


class ParetoSize(SizePart):
    """Pareto from a minimum on, truncated at a maximum where there is one."""

    distribution: Literal["pareto"] = "pareto"
    minimum: Annotated[int, size(1)] = Field(description="least size, bytes")
    shape: Annotated[float, number(*laws.PARETO_SHAPE_BOUNDS)] = Field(description="tail exponent")
    maximum: Annotated[int | None, optional(size(1))] = Field(None, description="greatest size, bytes; default none")

    def misfits(self) -> Iterator[tuple[str, str]]:
        if self.maximum is not None and self.maximum <= self.minimum:
            yield "maximum", "expected more than the minimum"

    def law(self) -> Law:
        return laws.Pareto(self.minimum, self.shape, self.maximum)


class EmpiricalSize(SizePart):
    """One of a list of sizes, each as likely as its weight says."""

    distribution: Literal["empirical"] = "empirical"
    values: Annotated[tuple[Annotated[int, size()], ...], Listed(_VALUES_EXPECTED, 1, laws.MAX_VALUES)] = Field(
        description="the sizes, in any order"
    )
    weights: Annotated[tuple[Annotated[Fraction, fraction(0, 10**9)], ...], Listed(_WEIGHTS_EXPECTED)] = Field(
        (), description="how likely each is, relative to the others; default all alike"
    )

    def misfits(self) -> Iterator[tuple[str, str]]:
        if "weights" not in self.model_fields_set:
            return
        if len(self.weights) != len(self.values):
            yield "weights", f"expected as many weights as values, {len(self.values):,}"
        elif not any(self.weights):
            yield "weights", "expected at least one weight above 0"

    def law(self) -> Law:
        return laws.Empirical(self.values, self.weights or (Fraction(1),) * len(self.values))


_CHOICE: Final = Chosen(
    "distribution",
    {
        "constant": ConstantSize,
        "uniform": UniformSize,
        "exponential": ExponentialSize,
        "gamma": GammaSize,
        "lognormal": LogNormalSize,
        "pareto": ParetoSize,
        "empirical": EmpiricalSize,
    },
    SIZE_EXPECTED,
    left={"function": lambda raw: OwnSizes(function_in_a_file(raw, "distribution"))},
)
_CONSTANT: Final = size()


class Sized:
    """The annotation of a field that holds a law: a bare quantity is a constant."""

    expected = SIZE_EXPECTED

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # The union is there for the JSON schema; reading goes by the key, so that paths stay the file's.
        written = handler.generate_schema(
            Annotated[int, _CONSTANT]
            | ConstantSize
            | UniformSize
            | ExponentialSize
            | GammaSize
            | LogNormalSize
            | ParetoSize
            | EmpiricalSize
        )
        return core_schema.with_info_wrap_validator_function(self._read, written)

    def _read(self, raw: Any, handler: Any, info: ValidationInfo) -> Sizes:
        if isinstance(raw, Sizes):
            return raw
        if not isinstance(raw, dict):
            text_of(raw, SIZE_EXPECTED)
            return laws.Constant(_CONSTANT.read(raw, info))
        part: SizePart | OwnSizes = _CHOICE.read(raw, info)
        return part if isinstance(part, OwnSizes) else part.law()


def as_written(law: Sizes) -> str | dict[str, Any]:
    """Return a law as a scenario writes it; reading that gives the law again."""
    match law:
        case laws.Constant(value):
            return units.canonical_bytes(value)
        case laws.Uniform(minimum, maximum):
            return {"distribution": "uniform", **_bytes(minimum=minimum, maximum=maximum)}
        case laws.Exponential(mean):
            return {"distribution": "exponential", **_bytes(mean=mean)}
        case laws.Gamma(mean, shape):
            return {"distribution": "gamma", **_bytes(mean=mean), "shape": _decimal(shape)}
        case laws.LogNormal(median, sigma, mean):
            return {
                "distribution": "lognormal",
                **_bytes(median=median, mean=mean),
                "sigma": _decimal(sigma),
            }
        case laws.Pareto(minimum, shape, maximum):
            tail: dict[str, str | Decimal] = {"shape": _decimal(shape), **_bytes(maximum=maximum)}
            return {"distribution": "pareto", **_bytes(minimum=minimum), **tail}
        case laws.Empirical(values, weights):
            alike = all(weight == 1 for weight in weights)
            return {
                "distribution": "empirical",
                "values": [units.canonical_bytes(value) for value in values],
                **({} if alike else {"weights": [as_decimal(weight) for weight in weights]}),
            }
        case OwnSizes(function):
            return {"distribution": "function", **function.as_written()}


def _bytes(**sizes: int | None) -> dict[str, str]:
    return {key: units.canonical_bytes(value) for key, value in sizes.items() if value is not None}


def _decimal(value: float) -> Decimal:
    """Return the shortest decimal number that reads back to a float."""
    return Decimal(repr(float(value)))
