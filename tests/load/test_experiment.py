"""The load experiment over the model: figures, intervals, and what the literature says of the policies."""

import json
import math
import statistics
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from atoll.benchmarks.experiments.load import Plan, Row, model_runner, relative, run_plan
from atoll.benchmarks.experiments.outcome import Ended, Interval, interval, jain, outcome
from atoll.benchmarks.experiments.workloads import WORKLOADS, jobs_of
from atoll.cluster.cli import app
from atoll.servers.load.interface import Policy

NODES, SECONDS, SEEDS = 8, 3.0, 8


@cache
def row(policy: Policy, load: float) -> Row:
    """What comes of a policy at a load level."""
    plan = Plan("cpu", (policy,), (load,), SEEDS, NODES, SECONDS)
    return run_plan(plan, model_runner, lambda *_: None)[0]


def response(policy: Policy, load: float) -> Interval:
    """Mean response time in milliseconds over the seeds."""
    return row(policy, load).figures["mean_response"]


def share(policy: Policy, other: Policy, load: float) -> Interval:
    """A policy's mean response as a share of another's, seed by seed."""
    found = relative(row(policy, load).outcomes, row(other, load).outcomes)
    assert found is not None
    return found


@pytest.mark.parametrize("load", [0.3, 0.6, 0.9])
@pytest.mark.parametrize(
    "policy", [Policy.PROBING, Policy.SHORTEST, Policy.RECEIVER, Policy.ANNOUNCED, Policy.REGISTRAR]
)
def test_load_sharing_beats_none(policy: Policy, load: float) -> None:
    assert response(policy, load).high < response(Policy.HOME, load).low


def test_even_drawing_a_node_blindly_beats_none_at_moderate_load() -> None:
    assert response(Policy.RANDOM, 0.6).high < response(Policy.HOME, 0.6).low


def test_asking_a_few_beats_drawing_blindly() -> None:
    assert response(Policy.PROBING, 0.6).high < response(Policy.RANDOM, 0.6).low


def test_senders_win_at_light_load() -> None:
    assert response(Policy.PROBING, 0.3).high < response(Policy.RECEIVER, 0.3).low


def test_receivers_win_at_high_load() -> None:
    assert share(Policy.RECEIVER, Policy.PROBING, 0.9).high < 1


def test_a_share_counts_seeds_that_both_have() -> None:
    mine, others = (list(row(policy, 0.6).outcomes) for policy in (Policy.PROBING, Policy.HOME))
    assert relative(mine, mine) == Interval(1.0, 0.0)
    assert relative([*mine[:3], None], [*others[:3], None]) == relative(mine[:3], others[:3])
    assert relative([None], others[:1]) is None


def test_simple_policies_bring_most_of_what_complex_ones_do() -> None:
    gain = response(Policy.HOME, 0.6).mean - response(Policy.GLOBAL, 0.6).mean
    assert response(Policy.HOME, 0.6).mean - response(Policy.PROBING, 0.6).mean > 0.8 * gain


def test_a_run_is_the_same_each_time() -> None:
    jobs = jobs_of("mixed", 4, 0.6, 1.0, 7)
    settings = Plan("mixed", (), (), 1, 4, 1.0).settings(Policy.SHORTEST)
    first, second = (model_runner(jobs, 4, Policy.SHORTEST, settings, 7) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("policy", list(Policy))
def test_every_job_ends_under_every_policy(policy: Policy) -> None:
    settings = Plan("daemons", (), (), 1, 4, 1.0).settings(policy)
    jobs = jobs_of("daemons", 4, 0.6, 1.0, 3)
    assert model_runner(jobs, 4, policy, settings, 3).jobs == sum(not job.is_daemon for job in jobs)


@pytest.mark.parametrize("name", list(WORKLOADS))
def test_a_workload_needs_what_its_load_level_says(name: str) -> None:
    needs = [sum(job.need for job in jobs_of(name, 8, 0.6, 10.0, seed) if not job.is_daemon) for seed in range(10)]
    assert statistics.fmean(needs) / (8 * 10.0 * 1e6) == pytest.approx(0.6, rel=0.08)


def test_the_figures_of_a_run() -> None:
    made = outcome([Ended(1, 1, 0, 1000, 500), Ended(2, 1, 1000, 4000, 1500)], 4)
    assert (made.jobs, made.mean_response, made.tail_response) == (2, 2.0, 3.0)
    assert (made.throughput, made.messages, made.moved, made.fairness) == (500.0, 2.0, 0.5, 1.0)


def test_jains_index() -> None:
    assert jain([5, 5, 5, 5]) == 1.0
    assert jain([1, 0, 0, 0]) == 0.25


def test_an_interval_is_students() -> None:
    made = interval([1.0, 2.0, 3.0])
    assert made.mean == 2.0
    assert made.half == pytest.approx(4.303 / math.sqrt(3), rel=1e-3)
    assert interval([1.0]).half == math.inf


def test_the_command_writes_what_it_shows(tmp_path: Path) -> None:
    arguments = ["experiment", "load", "--model", "--nodes", "3", "--seeds", "2", "--seconds", "0.5", "--level", "0.5"]
    arguments += ["--policy", "home", "--policy", "probing"]
    files = {"--csv": tmp_path / "load.csv", "--json": tmp_path / "load.json"}
    done = CliRunner().invoke(app, [*arguments, *(str(part) for pair in files.items() for part in pair)])
    assert done.exit_code == 0, done.output
    assert "probing" in done.output
    told = json.loads(files["--json"].read_text(encoding="utf-8"))
    assert [row["policy"] for row in told["rows"]] == ["home", "probing"]
    assert len(told["rows"][0]["seeds"]) == 2
    assert len(files["--csv"].read_text(encoding="utf-8").splitlines()) == 3


def test_the_command_refuses_what_there_is_not() -> None:
    done = CliRunner().invoke(app, ["experiment", "load", "--model", "--policy", "best"])
    assert done.exit_code == 2


