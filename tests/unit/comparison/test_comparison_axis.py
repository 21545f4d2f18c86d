"""What is varied: paths, ranges with their last value, lists, values of Python; and the columns that come of it."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from fleetsim.comparison.axis import MOST, Axis, read_axis, read_vary
from fleetsim.comparison.columns import column, unit_of
from fleetsim.errors import BadInput

LIMIT = "fleets.meters.data_limit"


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ("1MB:3MB:1MB", ("1MB", "2MB", "3MB")),
        ("1 MB : 2 MB : 500 kB", ("1 MB", "1500 kB", "2 MB")),
        ("0.1:0.3:0.1", ("0.1", "0.2", "0.3")),  # exactly: 0.1 + 0.2 would be 0.30000000000000004
        ("5:5:1", ("5",)),
        ("30 s:2 min:30 s", ("30 s", "1 min", "1 min 30 s", "2 min")),
        ("6 per day:12 per day:3 per day", ("6 per day", "9 per day", "12 per day")),
        ("1 per h:2 per h:12 per day", ("24 per day", "36 per day", "48 per day")),
        ("100 kbit/s:1 Mbit/s:450 kbit/s", ("100 kbit/s", "550 kbit/s", "1 Mbit/s")),
        ("1 month:3 months:1 month", ("1 months", "2 months", "3 months")),
        ("5MB,unlimited", ("5MB", "unlimited")),
        ("1MB, 1MB ,2MB", ("1MB", "2MB")),
        ("2026-01-15T09:00:00Z,2026-01-16T09:00:00Z", ("2026-01-15T09:00:00Z", "2026-01-16T09:00:00Z")),
        ("2026-01-15T09:00:00Z", ("2026-01-15T09:00:00Z",)),
        ("{typical: 5 min, max: 1 h},1 min", ("{typical: 5 min, max: 1 h}", "1 min")),
        ('"a, b",c', ('"a, b"', "c")),
    ],
)
def test_text_gives_these_values(given, values):
    found = read_vary(f"p.q={given}")
    assert found.path == "p.q"
    assert found.values == values


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (LIMIT, f"--vary {LIMIT}: expected PATH=FROM:TO:STEP"),
        (f"{LIMIT}=", "found an empty value"),
        (f"{LIMIT}=1MB,,2MB", "found an empty value"),
        ("a..b=1", "--vary a..b=1: expected PATH="),
        (f"{LIMIT}=1MB:20MB", "found '1MB:20MB'; expected PATH=FROM:TO:STEP"),
        (f"{LIMIT}=1MB:20MB:0MB", "expected a STEP above 0"),
        (f"{LIMIT}=20MB:1MB:1MB", "expected a TO that is not below FROM"),
        (f"{LIMIT}=1MB:20MB:2MB", "expected a TO that steps of 2MB from 1MB reach, such as 19MB or 21MB"),
        (f"{LIMIT}=1MB:20MB:1", "expected FROM, TO and STEP of one kind, each with its unit"),
        (f"{LIMIT}=1MB:20MB:1min", "expected FROM, TO and STEP of one kind, each with its unit"),
        ("a.b=1:1001:1", f"found 1,001 values; expected at most {MOST:,}"),
        ("a.b=0:100000000000000000000:1", f"expected at most {MOST:,}"),
        ("seed=1,2", "seed: expected another path: every point has the same random numbers"),
        ("replications=1,2", "replications: expected another path"),
    ],
)
def test_a_mistake_says_what_was_found_and_what_was_expected(given, said):
    with pytest.raises(BadInput) as error:
        read_vary(given)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_values_of_python_are_written_as_in_a_scenario():
    given = ["5 MB", 3, 0.1, 1e-7, Decimal("0.10"), True, None, np.int64(7), {"typical": "5 min"}, [1, 2]]
    written = ("5 MB", "3", "0.1", "0.0000001", "0.10", "true", "null", "7", '{"typical": "5 min"}', "[1, 2]")
    assert read_axis("a.b", given).values == written
    for wrong in ([float("nan")], [object()], []):
        with pytest.raises(BadInput):
            read_axis("a.b", wrong)


@pytest.mark.parametrize(
    ("values", "kind", "unit", "numbers"),
    [
        (("1 MB", "500 kB"), pa.int64(), "bytes", [1_000_000, 500_000]),
        (("1 MB", "unlimited"), pa.int64(), "bytes", [1_000_000, None]),
        (("6 min", "1 h", "none"), pa.int64(), "ms", [360_000, 3_600_000, None]),
        (("1", "2"), pa.int64(), "", [1, 2]),
        (("0.10", "2"), pa.float64(), "", [0.1, 2.0]),
        (("true", "false"), pa.bool_(), "", [True, False]),
        (("1 per h", "6 per day"), pa.float64(), "per day", [24.0, 6.0]),
        (("280 kB/s",), pa.int64(), "bytes/s", [280_000]),
        (("200 kbit/s",), pa.int64(), "bit/s", [200_000]),
        (("unlimited",), pa.string(), "", ["unlimited"]),
        (("1 month", "30 days"), pa.string(), "", ["1 month", "30 days"]),
        (("public", "none"), pa.string(), "", ["public", "none"]),
        (("1 MB", "unlimited", "none"), pa.string(), "", ["1 MB", "unlimited", "none"]),
        (("99999999999999999999",), pa.float64(), "", [1e20]),
    ],
)
def test_a_column_has_numbers_in_the_units_of_the_tables_or_the_words_given(values, kind, unit, numbers):
    field, found = column(Axis("a.b", values))
    assert (field.name, field.type, unit_of(field), found) == ("a.b", kind, unit, numbers)
