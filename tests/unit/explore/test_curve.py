from __future__ import annotations

import pytest
from small import SMALL, written

import fleetsim
from fleetsim.errors import BadInput
from fleetsim.explore import curve as curve_module
from fleetsim.explore.bench import Bench
from fleetsim.explore.curve import Asked, Curves, NotWanted
from fleetsim.explore.pictures import of_limits

LIMIT = "fleets.meters.data_limit"
ASKED = Asked("meters", "5MB,7MB,8MB,10MB")


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Bench:
    text = SMALL.split("timeline:")[0]
    return Bench(written(tmp_path_factory.mktemp("curve"), text), engine="reference", replications=2)


@pytest.fixture
def curves(bench) -> Curves:
    return Curves(bench.scenario)


def test_a_curve_has_the_figures_of_a_choice_from_the_same_replications(bench, curves):
    study = curves.study(bench.load([]), ASKED, "reference")
    chosen = fleetsim.choose_limit(
        bench.load([]), fleet="meters", limits=ASKED.limits, max_blocked_share="0.5%", engine="reference"
    )
    assert study.limits.equals(chosen.limits)
    assert study.why == chosen.why
    assert study.recommended_limit_bytes == 8_000_000


def test_limit_and_tariff_and_share_are_turned_without_following_sims_again(bench, curves, monkeypatch):
    before = curves.study(bench.load([]), ASKED, "reference")
    monkeypatch.setattr(curve_module, "Follow", None)
    turned = bench.load([f"{LIMIT}=3 MB", "tariff.per_mb=1", "tariff.fee=0"])
    wider = Asked(ASKED.fleet, ASKED.limits, "100%")
    assert curves.knows(turned, wider, "reference")
    after = curves.study(turned, wider, "reference")
    assert after.recommended_limit_bytes == 5_000_000
    fees = 2.00 * 8
    assert after.limits["cost_mean"].to_list() == pytest.approx([10 * (c - fees) for c in before.limits["cost_mean"]])


def test_other_traffic_is_followed_anew(bench, curves):
    curves.study(bench.load([]), ASKED, "reference")
    more = bench.load(["fleets.meters.devices.meter.traffic.readings.upload=20 kB"])
    assert not curves.knows(more, ASKED, "reference")
    assert curves.study(more, ASKED, "reference").recommended_limit_bytes is None


def test_a_curve_that_is_no_longer_wanted_stops(bench, curves):
    other = bench.load(["seed=8"])
    parts = []

    def tell(done: float) -> None:
        parts.append(done)
        curves._wanted = "another one"

    with pytest.raises(NotWanted):
        curves.study(other, ASKED, "reference", tell)
    assert len(parts) == 1
    assert not curves.knows(other, ASKED, "reference")


def test_progress_is_told_up_to_the_end(bench, curves):
    parts: list[float] = []
    curves.study(bench.load(["seed=9"]), ASKED, "reference", parts.append)
    assert parts == sorted(parts)
    assert parts[-1] == 1.0


def test_what_takes_too_much_room_is_not_kept(bench, curves, monkeypatch):
    monkeypatch.setattr(curve_module, "_KEPT_ROWS", 1)
    curves.study(bench.load([]), ASKED, "reference")
    assert not curves.knows(bench.load([]), ASKED, "reference")


@pytest.mark.parametrize(("limits", "finer"), [("4MB,6MB,8MB", True), ("6MB,7MB,8MB", False), ("8MB,10MB", False)])
def test_where_limits_were_left_out_a_finer_step_is_proposed(bench, curves, limits, finer):
    study = curves.study(bench.load([]), Asked("meters", limits), "reference")
    assert study.recommended_limit_bytes == 8_000_000
    caption = of_limits(study, 8_000_000).caption.replace("\xa0", " ")
    assert ("None between 6 MB and 8 MB was judged" in caption) == finer


def test_a_question_that_has_no_answer_is_refused(bench, curves):
    with pytest.raises(BadInput, match="expected whole MB"):
        curves.study(bench.load([]), Asked("meters", "0.5MB"), "reference")
    with pytest.raises(BadInput, match="no complete billing period"):
        curves.study(bench.load(["duration=10 days"]), ASKED, "reference")
