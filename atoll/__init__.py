"""Atoll: a distributed microkernel operating system written wholly in Python."""

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """`atoll.Cluster`, whose imports are heavy, when it is used."""
    if name == "Cluster":
        from atoll.cluster.cluster import Cluster

        return Cluster
    raise AttributeError(f"module 'atoll' has no attribute {name!r}")
