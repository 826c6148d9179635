"""Calls to groups: asked of everybody, answered by the first."""

from tests.cluster_calls.conftest import Boot, figures, probe

UNREACHABLE = 2
SECOND = 1_000_000_000


def test_a_group_answers(boot: Boot) -> None:
    cluster = boot(3)
    for number in (2, 3):
        probe(cluster, number).join()
    begun = cluster.time_ns
    assert probe(cluster, 1).ask_group(3, 4) == 7 << 32 | 7
    assert cluster.time_ns - begun < SECOND // 100
    cluster.advance(0.1)
    assert probe(cluster, 2).calls() == probe(cluster, 3).calls() == 1
    assert figures(cluster, 1)["late"] >= 1  # the second answer


def test_a_group_without_members_elsewhere(boot: Boot) -> None:
    cluster = boot(2)
    probe(cluster, 1).join()
    begun = cluster.time_ns
    assert probe(cluster, 1).ask_group(3, 4) == 1000 + UNREACHABLE
    assert SECOND <= cluster.time_ns - begun < 2 * SECOND
    probe(cluster, 2).join()
    assert probe(cluster, 1).ask_group(3, 4) == 7 << 32 | 7


def test_a_question_that_is_lost_is_asked_again(boot: Boot) -> None:
    cluster = boot(2)
    probe(cluster, 2).join()
    probe(cluster, 1).ask_group(0, 0)
    cluster.engine.network.spoil(loss=0.2)
    assert probe(cluster, 1).ask_group(3, 4) == 7 << 32 | 7
