"""Asks naming and the directory of a machine without a network: mounts, circles of mounts, deaths."""

from atoll.abi.startup import NAMING, SUPERVISOR
from atoll.abi.types import Array, Text, u8
from atoll.servers.naming.interface import (
    RECORD_SIZE,
    Elsewhere,
    NameTaken,
    Naming,
    NoSuchName,
    NotAllowed,
    find,
    follow,
    service_of,
)
from atoll.servers.supervisor.interface import Supervisor
from atoll.userland.runtime.messages import Gate, Port, create_port
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import given

HERE = "/nodes/node1"
SEVEN = "/nodes/node1/nodes/node1/nodes/node1/nodes/node1/nodes/node1/nodes/node1/nodes/node1"
PATIENT = "/services/naming"
FINISHED = 7

naming: Naming = Naming(0)
cluster: Naming = Naming(0)
supervisor: Supervisor = Supervisor(0)
port: Port = Port(0)


def gate() -> Gate:
    """Any."""
    return port.mint(1)


def answer_of(names: Naming, name: Text) -> Text:
    """What a look-up says."""
    try:
        names.lookup(name).close()
        return "there"
    except NoSuchName:
        return "no such name"
    except Elsewhere as error:
        return "elsewhere" if error.covered == 8 else "somewhere"


def is_found(name: Text) -> bool:
    """Whether the name is found, wherever."""
    try:
        find(naming, name).close()
        return True
    except NoSuchName:
        return False


def ask_mounts() -> None:
    """Who knows what."""
    print("below a mount:", answer_of(naming, "/cluster/x"), answer_of(cluster, "/x"))
    print("registered:", cluster.register("/x", gate()) > 0, answer_of(cluster, "/x"), answer_of(naming, "/cluster/x"))
    print("found:", is_found("/cluster/x"), is_found("/nodes/node1/cluster/x"), is_found("/cluster/y"))
    try:
        cluster.register("/x", gate())
    except NameTaken:
        print("taken")
    try:
        naming.register("/cluster/z", gate())
    except Elsewhere as error:
        print("not here:", error.covered)
    covered, there = service_of(naming, "/nodes/node1/cluster/x")
    close(there)
    print("known after", covered)
    answer: Array[u8, 8 * RECORD_SIZE] = Array()
    print("listed:", cluster.list("/", 0, answer[:]) // RECORD_SIZE, cluster.list("/", 1, answer[:]))


def ask_circles() -> None:
    """A mount of oneself leads in a circle."""
    print("seven:", is_found(f"{SEVEN}{PATIENT}"))
    covered, there = follow(naming, f"{SEVEN}{SEVEN}{HERE}{HERE}{PATIENT}")
    close(there)
    print("sixteen:", covered)
    try:
        covered, there = follow(naming, f"{SEVEN}{SEVEN}{HERE}{HERE}{HERE}{PATIENT}")
        print("endless", covered)
        close(there)
    except NoSuchName as error:
        print("circle:", f"{error}")


def ask_part() -> None:
    """A gate that sees only what is below a directory."""
    part = Naming(naming.open("/nodes", False).handle)
    covered, is_mount, there = part.resolve("/node1/services/naming")
    close(there)
    print("part:", covered, is_mount)
    try:
        part.mount("/node9", gate())
    except NotAllowed:
        print("may not mount")


def ask_after_deaths() -> None:
    """Naming dies, then the directory."""
    supervisor.kill("naming")
    naming.wait_for("/cluster").close()
    naming.wait_for(HERE).close()
    print("after naming:", is_found("/cluster/x"), is_found("/nodes/node1/cluster/x"))
    supervisor.kill("directory")
    print("after the directory:", is_found("/cluster/x"), is_found("/nodes/node1/cluster/x"))
    cluster.remove("/x")
    print("removed:", answer_of(cluster, "/x"))
    supervisor.kill("directory")
    print("for good:", answer_of(cluster, "/x"))
    try:
        cluster.remove("/x")
    except NoSuchName:
        print("removed once")


def register_again(names: Naming) -> None:
    """A name whose port is gone is nobody's."""
    deserted = create_port()
    names.register("/deserted", deserted.mint(1))
    deserted.close()
    answer = answer_of(names, "/deserted") if names.handle == cluster.handle else "left over"
    print("deserted:", answer, names.register("/deserted", gate()) > 0)
    try:
        names.register("/deserted", gate())
    except NameTaken:
        print("no more")


def main() -> None:
    """All of it."""
    naming.handle, supervisor.handle = given(NAMING), given(SUPERVISOR)
    port.handle = create_port().handle
    cluster.handle = naming.wait_for("/cluster").handle
    naming.wait_for(HERE).close()
    ask_mounts()
    ask_circles()
    ask_part()
    ask_after_deaths()
    register_again(cluster)
    register_again(naming)
    supervisor.switch_off(FINISHED)
