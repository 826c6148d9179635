"""The whole system, booted once: with a workload on its disk, or with other versions of its servers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from atoll.cluster.cluster import Cluster
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from atoll.images.strip import stripped
from tests.system.killing import System
from tests.system.variants import FAILURES, OLD_FAILURES, compiled, other_version

SWAPPED = ("naming", "files", "console", "supervisor", "memory", "programs", "pipe", "block", "time", "entropy",
           "session")


@pytest.fixture(scope="session")
def sources(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[[], bytes]]:
    """What tests can put on the disk, by name: test programs, two versions of each server, versions that fail."""
    folder = tmp_path_factory.mktemp("variants")

    def program(path: Path) -> Callable[[], bytes]:
        return lambda: compile_file(path, "program", cache=Cache())

    found = {path.stem: program(path) for path in (Path(__file__).parent / "programs").glob("*.py")}
    for name in SWAPPED:
        found[f"{name}1"] = program(repository / "servers" / name / "main.py")
        found[f"{name}2"] = lambda name=name: other_version(folder, name)  # type: ignore[misc]
    for failure in (*FAILURES, *OLD_FAILURES):
        found[failure.name] = lambda failure=failure: compiled(folder, failure.name, failure.source())  # type: ignore[misc]
    found["is no program"] = lambda: b"This is no ELF file. " * 1000
    return found


@pytest.fixture(scope="session")
def booted() -> tuple[Cluster, bytes]:
    """The system, and its state after the shell has answered for the first time."""
    cluster = Cluster(seed=7)
    cluster.start()
    cluster.run("mkdir /variants")
    return cluster, cluster.save()


@pytest.fixture
def system(booted: tuple[Cluster, bytes]) -> Cluster:
    """The system as it was then."""
    cluster, state = booted
    cluster.restore(state)
    return cluster


@pytest.fixture
def put(system: Cluster, sources: dict[str, Callable[[], bytes]]) -> Callable[..., None]:
    """Put some of the sources on the disk, in `/variants`; blanks in their names become `_`."""

    def put_all(*names: str) -> None:
        for name in names:
            put_file(system, sources[name](), f"/variants/{name.replace(' ', '_')}")

    return put_all


@pytest.fixture(scope="session")
def loaded(cache: Cache) -> System:
    """The node."""
    cluster = Cluster(seed=5)
    cluster.start()
    cluster.run("true")
    for source in sorted((Path(__file__).parent / "programs").glob("*.py")):
        put_file(cluster, stripped(compile_file(source, "program", cache=cache)), f"/bin/{source.stem}")
    return System(cluster)


@pytest.fixture
def fresh(loaded: System) -> System:
    """The loaded node as if nothing had been."""
    loaded.restore()
    return loaded
