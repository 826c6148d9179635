"""Calls from node to node: words, segments, errors, gates both ways."""

from tests.cluster_calls.conftest import Boot, probe


def test_words_and_segments(boot: Boot) -> None:
    cluster = boot()
    near = probe(cluster, 1)
    assert near.connect(2, 0) == 0
    assert near.far_add(3, 4) == 7
    assert probe(cluster, 2).calls() == 1
    for size in (0, 1, 1288, 1289, 20_000, 65_536):
        assert near.far_reverse(size) == size
    assert near.far_refuse(5, 6) == 5 << 32 | 6
