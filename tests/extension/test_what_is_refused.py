"""A function that returns what cannot be used is answered with its name, its item, its SIM and the remedy."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fleetsim
from fleetsim.engines import engine_named
from fleetsim.scenario.load import load_text
from tests.extension.functions import DAY, GROUP, ITEM, own, poisson, scenario, small

ENGINES = ("reference", "compiled")


class Hostile:
    """What says that it is an array, and is none."""

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError("no")


WRONG: dict[str, tuple[Any, str]] = {
    "nothing": (None, "found a NoneType"),
    "a number": (3, "found a int"),
    "a text": ("12", "found a str"),
    "texts": (["1", "2"], "found values of type <U1"),
    "a mapping": ({1: 2}, "found a dict"),
    "an iterator": (itertools.count(), "found a count"),
    "two dimensions": ([[1, 2]], r"found an array of shape \(1, 2\)"),
    "ragged": ([[1], [1, 2]], "found a list that is no array"),
    "an object": (Hostile(), "found a Hostile that is no array"),
    "truths": ([True, False], "found values of type bool"),
    "complex": ([1j], "found values of type complex128"),
    "times of a clock": (np.array([1, 2], "timedelta64[ms]"), "found values of type timedelta64"),
    "huge": ([2**70], "found values of type object"),
    "too large": (np.array([2**63], np.uint64), "found 9223372036854775808 at place 0"),
    "infinite": ([1.0, np.inf], "found inf at place 1"),
    "no number": ([np.nan], "found nan at place 0"),
    "negative": ([4, -1], "found -1 at place 1"),
    "negative floats": ([-1.0], "found -1.0 at place 0"),
    "fractions": ([1.0, 2.5], "found 2.5 at place 1; .*numpy.rint"),
    "masked": (np.ma.array([1, 2], mask=[0, 1]), "found a masked array"),
}


@pytest.mark.parametrize("case", WRONG)
def test_instants_that_are_none(case: str) -> None:
    returned, found = WRONG[case]
    loaded = scenario().with_arrivals(ITEM, lambda random, sim: returned)
    with pytest.raises(
        fleetsim.BadInput, match=rf"lambda>: {ITEM}.arrivals: SIM 0 of the group in replication 0: {found}"
    ):
        fleetsim.run(loaded)


@pytest.mark.parametrize("case", WRONG)
def test_sizes_that_are_none(case: str) -> None:
    returned, found = WRONG[case]
    loaded = scenario().with_sizes(f"{ITEM}.download", lambda random, sim, n: returned)
    with pytest.raises(
        fleetsim.BadInput, match=rf"lambda>: {ITEM}.download: SIM 0 of the group in replication 0: {found}"
    ):
        fleetsim.run(loaded)


def test_instants_have_to_ascend() -> None:
    loaded = scenario().with_arrivals(ITEM, lambda random, sim: [1, 5, 4])
    with pytest.raises(fleetsim.BadInput, match="found 4 at place 2 after 5; expected ascending instants: sort them"):
        fleetsim.run(loaded)


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        (lambda n: np.zeros(n + 1), r"found [\d,]+ sizes; expected [\d,]+, one for each transfer"),
        (lambda n: [0], r"found 1 sizes; expected [\d,]+, one for each transfer"),
        (lambda n: np.full(n, 2**40), "found 1,099,511,627,776 at place 0; expected at most 1,099,511,627,775 bytes"),
        (lambda n: np.full(n, 10**12), r"found sizes of [\d,]+ bytes in all; expected at most 1,000,000,000,000,000"),
    ],
)
def test_sizes_have_their_number_and_their_bounds(sizes: Callable[[int], Any], found: str) -> None:
    loaded = scenario(f"{ITEM}.arrivals.every=30 min").with_sizes(f"{ITEM}.upload", lambda random, sim, n: sizes(n))
    with pytest.raises(fleetsim.BadInput, match=found):
        fleetsim.run(loaded)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_mistake_of_a_later_sim_names_it(engine: str) -> None:
    def late(random: Any, sim: Any) -> Any:
        return [-1] if sim.number == 5 else [1]

    loaded = scenario().with_arrivals(ITEM, late)
    named = rf"late: {ITEM}.arrivals: SIM 5 of the group in replication 1: found -1"
    with pytest.raises(fleetsim.BadInput, match=named):
        engine_named(engine).simulate(loaded, 1, range(loaded.sims))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_of_a_function_comes_with_its_traceback(workers: int) -> None:
    def breaks(random: Any, sim: Any) -> Any:
        return [][sim.number - 1] if sim.number else [1]

    loaded = scenario().with_arrivals(ITEM, breaks)
    with pytest.raises(fleetsim.FunctionFailed) as failed:
        fleetsim.run(loaded, engine="reference", workers=workers)
    assert str(failed.value).startswith(f"{__name__}.test_an_exception")
    assert f"breaks: {ITEM}.arrivals: SIM" in str(failed.value)
    assert "IndexError: list index out of range" in str(failed.value)
    if workers == 1:
        assert isinstance(failed.value.__cause__, IndexError)
    else:
        assert re.search(r"line \d+, in breaks", str(failed.value.__cause__))  # the other process's traceback


def test_an_exception_that_cannot_travel_still_arrives() -> None:
    class Odd(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__("odd")

    def breaks(random: Any, sim: Any) -> Any:
        if sim.number:
            raise Odd(1, 2)
        return [1]

    with pytest.raises(fleetsim.FunctionFailed, match="Odd: odd"):
        fleetsim.run(scenario().with_arrivals(ITEM, breaks), engine="reference", workers=2)


# ---- results depend on scenario, seed and function only --------------------------------------------------------------


def test_chance_from_elsewhere_is_found_out(tmp_path: Path) -> None:
    other = np.random.default_rng(1)
    with pytest.raises(fleetsim.BadInput, match="returns something else when it is called again"):
        fleetsim.run(scenario().with_arrivals(ITEM, lambda random, sim: [np.random.default_rng().integers(10**9)]))
    counter = itertools.count()
    with pytest.raises(fleetsim.BadInput, match=f"{ITEM}: .*nothing kept between calls"):
        fleetsim.run(
            scenario().with_sizes(f"{ITEM}.upload", lambda random, sim, n: [next(counter)] * n), out=tmp_path / "out"
        )
    assert not (tmp_path / "out").exists()
    loaded = scenario().with_arrivals(ITEM, lambda random, sim: [other.integers(10**9)])
    with pytest.raises(fleetsim.BadInput, match="returns something else when it is called again"):
        fleetsim.run(loaded)


def test_an_array_that_a_function_uses_again_is_copied() -> None:
    buffer = np.zeros(3, np.int64)

    def again(random: Any, sim: Any) -> Any:
        buffer[:] = sim.number * 1000 + np.arange(3)
        return buffer

    def afresh(random: Any, sim: Any) -> Any:
        return sim.number * 1000 + np.arange(3)

    one, other = (
        scenario("fleets.f.devices.x.activation.over=0 s").with_arrivals(ITEM, each) for each in (again, afresh)
    )
    rows = [engine_named("reference").simulate(each, 0, range(9)).rows for each in (one, other)]
    assert np.array_equal(*rows)


def test_what_is_due_before_the_activation_or_after_the_end_is_not_offered() -> None:
    def everywhere(random: Any, sim: Any) -> Any:
        return [0, DAY - 1, DAY, 40 * DAY - 1, 40 * DAY, 10**17]

    loaded = scenario("fleets.f.devices.x.activation={at: 1 day}", "fleets.f.data_limit=unlimited")
    loaded = loaded.with_arrivals(ITEM, everywhere).with_sizes(
        f"{GROUP}.traffic.b.upload", lambda random, sim, n: [0] * n
    )
    for engine in ENGINES:
        assert fleetsim.run(loaded, replications=1, engine=engine).sim_periods["offered_bytes"].sum() == 9 * 2 * 120


@pytest.mark.parametrize("returned", [[3.0, 4.0], (3, 4), range(3, 5), pd.Series([3, 4]), np.array([3, 4], np.uint8)])
def test_whole_numbers_come_in_many_forms(returned: Any) -> None:
    loaded = scenario("fleets.f.devices.x.activation.over=0 s").with_arrivals(ITEM, lambda random, sim: returned)
    sent = fleetsim.run(loaded, replications=1, engine="reference").sim_periods["offered_bytes"].sum()
    assert (
        sent
        == fleetsim.run(loaded.with_arrivals(ITEM, lambda random, sim: [3, 4]), replications=1)
        .sim_periods["offered_bytes"]
        .sum()
    )


# ---- where a function can stand --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("fleets.f.devices.x.traffic", "found 'fleets.f.devices.x.traffic'; expected fleets.FLEET.devices.GROUP"),
        ("a", "found 'a'; expected fleets.FLEET"),
        ("fleets.ff.devices.x.traffic.a", "fleets.ff?: found 'ff'; expected one of 'f'"),
        ("fleets.f.devices.y.traffic.a", "fleets.f.devices: found 'y'; expected one of 'x'"),
        ("fleets.f.devices.x.traffic.c", "fleets.f.devices.x.traffic: found 'c'; expected one of 'a', 'b'"),
    ],
)
def test_an_item_has_to_be_there(path: str, said: str) -> None:
    with pytest.raises(fleetsim.BadInput, match=said.replace("fleets.ff?:", "fleets:")):
        scenario().with_arrivals(path, poisson)
    with pytest.raises(fleetsim.BadInput, match=said.split(";")[-1]):
        scenario().with_sizes(f"{path}.upload", small)


def test_sizes_need_a_direction() -> None:
    with pytest.raises(fleetsim.BadInput, match=f"found '{ITEM}'; expected .*ITEM.upload or .download"):
        scenario().with_sizes(ITEM, small)


@pytest.mark.parametrize("arrivals", ["{process: continuous}", "{process: trace, file: t.csv}"])
def test_streams_and_traces_have_no_sizes(arrivals: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("time_ms,upload_bytes,download_bytes,duration_ms\n")
    stream = "continuous" in arrivals
    traffic = f"{{a: {{arrivals: {arrivals}{', upload: 1 B/s' if stream else ''}}}}}"
    loaded = load_text(
        "{start: 2026-01-01, duration: 1 day, seed: 1, fleets: {f: {data_limit: 1 MB, devices: {x: {count: 1, traffic: "
        + traffic
        + "}}}}}",
        file=str(tmp_path / "scenario.yaml"),
    )
    process = "continuous" if stream else "trace"
    with pytest.raises(fleetsim.BadInput, match=f"{ITEM}: found the process {process}, which has no sizes"):
        loaded.with_arrivals(ITEM, poisson)
    with pytest.raises(fleetsim.BadInput, match=f"{ITEM}.upload: found the process {process}, which has no sizes"):
        loaded.with_sizes(f"{ITEM}.upload", small)


def test_a_monthly_use_needs_sizes_of_a_known_mean() -> None:
    loaded = scenario("fleets.f.devices.x.monthly_use={median: 9 kB, p95: 20 kB}")
    with pytest.raises(
        fleetsim.BadInput, match=r"x\.monthly_use: expected sizes that have a mean.*a function has none"
    ):
        loaded.with_sizes(f"{ITEM}.upload", small)
    loaded = loaded.with_arrivals(ITEM, poisson)  # the other item is left
    with pytest.raises(fleetsim.BadInput, match=r"x\.monthly_use: expected a periodic, poisson or on-off item"):
        loaded.with_arrivals(f"{GROUP}.traffic.b", poisson)


def test_only_functions_are_taken() -> None:
    for given in (None, "poisson", 3):
        with pytest.raises(fleetsim.BadInput, match=f"with_arrivals: {ITEM}: found .*; expected a function"):
            scenario().with_arrivals(ITEM, given)  # type: ignore[arg-type]


def test_what_cannot_be_told_apart_is_not_taken() -> None:
    handle = sys.stdout
    with pytest.raises(fleetsim.BadInput, match="of which no digest can be made: it holds a "):
        scenario().with_arrivals(ITEM, lambda random, sim: [print(file=handle)])


def test_files_can_neither_give_nor_smuggle_a_function() -> None:
    for arrivals in (
        "{process: function, name: os.system}",
        "{process: function, name: poisson, sha256: " + 64 * "0" + "}",
    ):
        loaded = scenario(f"{ITEM}.arrivals={arrivals}")
        with pytest.raises(fleetsim.BadInput, match=r"a function of Python, '.*', which a file cannot give"):
            fleetsim.run(loaded)
    for arrivals, said in (
        ("{process: function}", "name: found nothing; expected the name of a function"),
        ("{process: function, name: [a]}", "name: .*expected the name of a function"),
        ("{process: function, name: a, sha256: b}", "sha256: found 'b'; expected the digest that a run has written"),
        ("{process: function, name: a, call: os.system}", "call: found 'call'; expected one of process, name, sha256"),
    ):
        with pytest.raises(fleetsim.BadInput, match=said):
            scenario(f"{ITEM}.arrivals={arrivals}")


def test_a_named_function_is_refused_wherever_it_would_be_needed() -> None:
    named = load_text(fleetsim.scenario.dump(own()))
    for asked in (
        lambda: fleetsim.run(named),
        lambda: fleetsim.choose_limit(named, fleet="f", limits="1MB,2MB", max_blocked_share="1%"),
        lambda: fleetsim.sweep(named, {"fleets.f.data_limit": ["1 MB"]}),
        lambda: fleetsim.compare({"one": own(), "other": named}),
        lambda: engine_named("compiled").simulate(named, 0, range(1)),
    ):
        with pytest.raises(fleetsim.BadInput) as refused:
            asked()
        assert len(refused.value.mistakes) == 3
        assert "fleetsim.load(...).with_arrivals" in str(refused.value)
