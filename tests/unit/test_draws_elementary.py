"""The elementary functions against scipy and against values known in closed form."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy import special

from fleetsim.draws import elementary


def test_exp_agrees_with_the_library_to_a_unit_in_the_last_place() -> None:
    x = np.linspace(-700.0, 700.0, 100_001)
    assert np.max(np.abs(elementary.exp(x) / np.exp(x) - 1.0)) < 4e-16
    assert elementary.exp(np.array([0.0, -800.0])).tolist() == [1.0, 0.0]


def test_log_agrees_with_the_library_also_near_one() -> None:
    x = np.exp(np.linspace(-600.0, 600.0, 100_001))
    assert np.max(np.abs(elementary.log(x) - np.log(x)) / np.maximum(np.abs(np.log(x)), 1.0)) < 5e-16
    near = 1.0 + np.linspace(1e-9, 0.3, 10_001)
    assert np.max(np.abs(elementary.log(near) / np.log(near) - 1.0)) < 1e-15
    assert elementary.log(np.array([1.0])).tolist() == [0.0]


def test_one_minus_exp_keeps_its_digits_near_zero() -> None:
    x = np.concatenate([np.exp(np.linspace(-40.0, 3.0, 10_001)), np.linspace(0.1, 1.0, 10_001)])
    assert np.max(np.abs(elementary.one_minus_exp(x) / -np.expm1(-x) - 1.0)) < 1e-15


def test_normal_cdf_agrees_with_scipy_into_both_tails() -> None:
    z = np.linspace(-37.0, 37.0, 100_001)
    assert np.max(np.abs(elementary.normal_cdf(z) - special.ndtr(z))) < 5e-16
    assert np.max(np.abs(elementary.normal_cdf(z[z < 0]) / special.ndtr(z[z < 0]) - 1.0)) < 1e-13
    assert elementary.normal_cdf(np.array([0.0])).tolist() == [0.5]


@pytest.mark.parametrize("shape", [0.01, 0.1, 0.5, 1.0, 2.5, 10.0, 1000.0, 10_000.0])
def test_gamma_cdf_agrees_with_scipy(shape: float) -> None:
    x = np.concatenate([[0.0], np.exp(np.linspace(-20.0, 9.0, 6001)), np.linspace(0.5, 1.5, 6001)])
    assert np.max(np.abs(elementary.gamma_cdf(x, shape) - special.gammainc(shape, shape * x))) < 2e-13


def test_a_gamma_value_does_not_depend_on_its_neighbours() -> None:
    x = np.linspace(0.0, 4.0, 9001)
    alone = np.concatenate([elementary.gamma_cdf(x[i : i + 7], 3.7) for i in range(0, x.size, 7)])
    assert np.array_equal(alone, elementary.gamma_cdf(x, 3.7))


def test_log_gamma_has_the_values_of_factorials_and_of_one_half() -> None:
    with localcontext() as context:
        context.prec = 50
        for n in (1, 2, 5, 20, 170):
            known = elementary.decimal_log(Decimal(math.factorial(n - 1)))
            assert abs(elementary.decimal_log_gamma(Decimal(n)) - known) < Decimal("1e-33")
        log_pi = Decimal("1.14472988584940017414342735135305871164729")
        assert abs(2 * elementary.decimal_log_gamma(Decimal("0.5")) - log_pi) < Decimal("1e-33")
