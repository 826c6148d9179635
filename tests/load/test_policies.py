"""Policies, each by itself: what they say of given figures, and that they ask no more than they may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.servers.load.interface import POLICIES, Policy, Verdict
from tests.load.support import candidate, decide, decide_finally, view

ALL = list(Policy)
LOADS = st.dictionaries(st.integers(2, 9), st.integers(0, 500), max_size=7)


def test_every_policy_has_its_number() -> None:
    assert [int(policy) for policy in ALL] == list(range(POLICIES))


@pytest.mark.parametrize("policy", ALL)
def test_an_idle_node_keeps_its_programs(policy: Policy) -> None:
    choice, asked = decide_finally(view(policy, 0, {2: 0, 3: 0}), candidate())
    assert (choice.node, choice.verdict, asked) == (1, Verdict.RUN, 0), choice.why


@pytest.mark.parametrize("policy", ALL)
def test_alone_a_node_keeps_its_programs(policy: Policy) -> None:
    choice, asked = decide_finally(view(policy, 900, {}), candidate())
    assert (choice.node, choice.verdict, asked) == (1, Verdict.RUN, 0), choice.why


@pytest.mark.parametrize("policy", sorted(set(ALL) - {Policy.HOME, Policy.RECEIVER, Policy.REGISTRAR}))
def test_a_busy_node_finds_the_only_idle_one(policy: Policy) -> None:
    seen = view(policy, 400, {2: 0})
    choice, _ = decide_finally(seen, candidate())
    assert choice.node == 2, choice.why


@pytest.mark.parametrize("policy", [Policy.LOCAL, Policy.GLOBAL, Policy.PROBING, Policy.SHORTEST, Policy.ANNOUNCED])
def test_nobody_gets_a_program_who_has_more(policy: Policy) -> None:
    choice, _ = decide_finally(view(policy, 200, {2: 300, 3: 400}), candidate())
    assert choice.node == 1, choice.why


def test_a_policy_with_a_global_threshold_compares_with_the_mean() -> None:
    assert decide_finally(view(Policy.GLOBAL, 400, {2: 400, 3: 390}, busy_above=150), candidate())[0].node == 1
    assert decide_finally(view(Policy.GLOBAL, 400, {2: 0, 3: 200}, busy_above=150), candidate())[0].node == 2


def test_a_global_threshold_costs_a_question_to_everybody_and_a_local_one_none() -> None:
    others = dict.fromkeys(range(2, 9), 100)
    assert decide_finally(view(Policy.GLOBAL, 400, others), candidate())[1] == 7
    assert decide_finally(view(Policy.LOCAL, 400, others), candidate())[1] == 0


def test_probing_takes_the_first_and_shortest_the_least() -> None:
    others = {2: 50, 3: 20, 4: 90}
    probing, asked = decide_finally(view(Policy.PROBING, 400, others), candidate())
    shortest, _ = decide_finally(view(Policy.SHORTEST, 400, others), candidate())
    assert probing.node in others
    assert asked == 1
    assert shortest.node == 3


def test_who_waits_for_a_receiver_is_not_started() -> None:
    choice = decide(view(Policy.RECEIVER, 100, {2: 0}), candidate())
    assert choice.verdict == Verdict.WAIT


def test_the_registrar_is_asked_where_it_is() -> None:
    seen = view(Policy.REGISTRAR, 100, {2: 0})
    seen.registrar = 7
    choice = decide(seen, candidate())
    assert (choice.verdict, choice.node) == (Verdict.REGISTRAR, 7)


def test_talkers_stay_together_unless_that_costs_more() -> None:
    talker = candidate(peer=1, traffic=30_000)  # 300 hundredths of a CPU from elsewhere
    assert decide(view(Policy.TALKING, 200, {2: 0}), talker).node == 1
    assert decide(view(Policy.TALKING, 500, {2: 0}), talker).node == 2
    assert decide(view(Policy.TALKING, 200, {2: 0}), candidate()).node == 2


def test_a_talker_goes_to_its_partner_even_from_an_idle_node() -> None:
    assert decide(view(Policy.TALKING, 0, {2: 100, 3: 0}), candidate(peer=2, traffic=30_000)).node == 2
    assert decide(view(Policy.TALKING, 0, {2: 100, 3: 0}), candidate(peer=2, traffic=3_000)).node == 1


def test_a_congested_network_keeps_talkers_at_home() -> None:
    seen = view(Policy.TALKING, 300, {2: 0})
    talker = candidate(peer=1, traffic=100)
    assert decide(seen, talker).node == 2
    seen.others[0].waiting_frames = 400
    assert decide(seen, talker).node == 1


def test_memory_counts_before_the_cpu() -> None:
    seen = view(Policy.MEMORY, 0, {2: 100, 3: 0})
    seen.own.free_pages, seen.others[0].free_pages, seen.others[1].free_pages = 300, 5000, 100
    assert decide(seen, candidate(memory=10)).node == 1
    assert decide(seen, candidate(memory=2000)).node == 2
    seen.others[0].page_outs = 5
    assert decide(seen, candidate(memory=2000)).node == 1


def test_a_slow_node_counts_as_more_loaded() -> None:
    seen = view(Policy.LOCAL, 300, {2: 100, 3: 100})
    seen.others[0].speed = 100
    assert decide(seen, candidate()).node == 3


@given(st.sampled_from(ALL), st.integers(0, 500), LOADS, st.integers(0, 8))
def test_a_decision_is_a_node_that_there_is(policy: Policy, own: int, others: dict[int, int], probes: int) -> None:
    choice, asked = decide_finally(view(policy, own, others, probes=probes), candidate())
    assert choice.node in {1, *others}
    assert asked <= (len(others) if policy is Policy.GLOBAL else probes)
    assert choice.why


@given(st.sampled_from(ALL), LOADS.filter(lambda loads: len(loads) > 1))
def test_only_where_it_may_run(policy: Policy, others: dict[int, int]) -> None:
    allowed = min(others)
    choice, _ = decide_finally(view(policy, 400, others), candidate(only=1 << allowed))
    assert choice.node in (1, allowed), choice.why
