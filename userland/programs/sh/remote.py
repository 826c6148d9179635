"""Programs on other nodes: `program args @node2` brings ours there, `at node2 program args` runs what lives there.

The first is at home here: its names, files, programs and streams are ours. The second has only our streams.
"""

from atoll.abi.types import Text
from atoll.servers.network.interface import Member
from atoll.servers.programs.interface import Child
from atoll.userland.library.nodes import choose, name_of, own_home, own_number, programs_of
from atoll.userland.library.processes import ENVIRONMENT_SIZE, bring, furnish
from atoll.userland.library.text import StringBuilder
from atoll.userland.programs.sh.jobs import Away
from atoll.userland.programs.sh.launch import Launch
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import close

environment: StringBuilder[ENVIRONMENT_SIZE] = StringBuilder()


def prepare_away(launch: Launch, path: Text, away: Away) -> Child:
    """The program of a launch, on the node that it is for. Raises NoNode, ServiceError, KernelError."""
    node = choose(launch.node.text)
    away.set(node, launch.name.text)
    if launch.is_service:
        return prepare_service(launch, path, node)
    child = bring(path, node)
    furnish(child, launch.arguments.packed, launch.environment.text.encode(), launch.streams)
    return Child(child.handle)


def prepare_service(launch: Launch, path: Text, node: Member) -> Child:
    """A program of that node, with its root of names and an environment of its own; only the streams are ours."""
    programs = programs_of(node)
    try:
        child = programs.prepare(path)
    finally:
        close(programs.handle)
    try:
        child.set_home(own_home(), own_number(0))
    except Exception:
        Gate(child.handle).close()
        raise
    environment.set(f"HOME=/home\0PWD=/\0PATH=/bin\0NODE={name_of(node)}\0LIVES_AT={node.number}\0")
    environment.add(launch.settings.text)
    furnish(child, launch.arguments.packed, environment.text.encode(), launch.streams)
    return Child(child.handle)
