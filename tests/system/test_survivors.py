"""What survives whose death: the rows of the table in docs/servers.md."""

import struct
from typing import Any

import pytest

from atoll.cluster.services import services
from atoll.net.station import EffectUnknown
from atoll.servers.files.interface import Files, OpenFlag, StaleFile
from atoll.servers.memory.interface import MemoryInfo, MemoryManager
from atoll.servers.supervisor.interface import Supervisor
from tests.system.killing import SUPERVISOR, System

MEMORY = "/services/memory"
HOGS = "hog 14 400 & hog 14 400 & hog 14 400 & wait"


def page_ins(fresh: System) -> int:
    """Pages read so far, from program files and the swap area."""
    totals: Any = fresh.cluster.client(MemoryManager, MEMORY).totals()  # the host gets the structure's bytes
    return int(struct.unpack_from("<Q", totals, 8 * list(MemoryInfo.__annotations__).index("page_ins"))[0])


def test_more_memory_than_there_is(fresh: System) -> None:
    """Three programs of 14 MiB where 40 MiB are for all: pages go to the swap area, and come back as they were."""
    assert fresh.cluster.run(HOGS).output.count("read 3584 pages\n") == 3
    last = fresh.cluster.run("free").output.splitlines()[-1]
    assert int(last.split()[5]) > 500, last                # pages out


def test_servers_have_their_memory_after_swaps(fresh: System) -> None:
    """There is little while both of them and their images are there, and what the old one had comes back bit by bit."""
    cluster = fresh.cluster
    wanted = quotas(fresh)
    for name in ("supervisor", *wanted):
        if name != "shell":
            assert "pause" in cluster.run(f"swap {name} /lib/servers/{name}").output
            assert quotas(fresh) == wanted


def quotas(system: System) -> dict[str, int]:
    """Of all servers but the supervisor, which has what they do not have."""
    known = services(system.cluster)
    return {name: figures.quota for name, figures in known.items() if figures.quota > 0 and name != "supervisor"}


def test_programs_outlive_the_program_manager(fresh: System) -> None:
    work, printed = fresh.kill_during("sleep 0.3 && echo woke", "programs", 0.1)
    assert work.result().words[:2] == (0, 0)
    assert "woke\n" in printed


def test_the_shell_hears_of_ends_although_the_program_manager_died(fresh: System) -> None:
    """Also of a job in the background, for which it does not wait."""
    fresh.cluster.run("sleep 0.2 &")
    fresh.cluster.client(Supervisor, SUPERVISOR).kill("programs")
    assert "done" not in fresh.cluster.run("jobs").output
    fresh.cluster.advance(1.5)
    assert "done" in fresh.cluster.run("jobs").output


def test_a_program_goes_on_after_the_file_service(fresh: System) -> None:
    """Code that it has not used yet is read from its file, which has been opened again."""
    before = page_ins(fresh)
    work, printed = fresh.kill_during("sleep 0.3 | sort | hexdump", "files", 0.1)
    assert work.result().words[:2] == (0, 0), printed
    assert page_ins(fresh) > before


def test_what_was_not_synced_before_a_death_is_not_synced_after_it(fresh: System) -> None:
    """It is lost, and the successor must not say anything else."""
    opened = fresh.cluster.client(Files, "/services/files").open("/lost", OpenFlag.WRITE | OpenFlag.CREATE)
    opened.write_at(0, b"not on the disk")
    fresh.cluster.client(Supervisor, SUPERVISOR).kill("files")
    with pytest.raises(StaleFile):
        opened.sync()
    assert fresh.cluster.run("cat /lost").status != 0


def test_programs_outlive_the_memory_manager(fresh: System) -> None:
    work, printed = fresh.kill_during("hog 8 200", "memory", 0.1)
    assert work.result().words[:2] == (0, 0)
    assert "read 2048 pages\n" in printed


def test_pages_in_swap_do_not_outlive_the_memory_manager(fresh: System) -> None:
    _, printed = fresh.kill_during(HOGS.replace("400", "3000"), "memory", 20, b"wrote", 3)
    assert "hog: ended: pages of the program were in the swap area of a memory manager that has died\n" in printed


def test_a_pipe_dies_with_its_server(fresh: System) -> None:
    work, printed = fresh.kill_during("sleep 0.3 | cat", "pipe", 0.1)
    assert work.result().words[1] != 0
    assert "cat: " in printed


def test_the_shell_is_replaced_with_its_session(fresh: System) -> None:
    work, _ = fresh.kill_during("sleep 0.3", "session", 0.1)
    assert isinstance(work.error, EffectUnknown)


def test_the_network_forgets_its_calls(fresh: System) -> None:
    work, printed = fresh.kill_during("sleep 0.3; echo woke", "network", 0.1)
    assert isinstance(work.error, EffectUnknown)
    assert "woke\nalive\n" in printed


def test_the_console_is_written_to_again(fresh: System) -> None:
    work, printed = fresh.kill_during("sleep 0.3; echo woke", "console", 0.1)
    assert work.result().words[:2] == (0, 0)
    assert "woke\n" in printed
