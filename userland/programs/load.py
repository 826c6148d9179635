"""load: how busy the nodes are, and how load is shared.

usage: load [-plo] [NAME=VALUE ...]
  -p this node's programs, -l the log, -o the cost; settings: index=programs|
  active|cpu busy= idle= (hundredths of a program) probes= announces=0..3
  moves=0|1 policy=home random local global probing shortest receiver announced
  registrar talking memory
"""

from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.servers.load.interface import Index, Load, NodeFigures, Policy, ProgramLoad
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count, option
from atoll.userland.library.calendar import duration
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.load import NodeList, ProgramLoads, change
from atoll.userland.library.services import expect_service
from atoll.userland.library.sizes import human

ANY = 0xFFFF_FFFF_FFFF_FFFF
PAGE_SIZE = 4096
SERIAL = 1 << 32
LOG_SIZE = 4096

nodes: NodeList = NodeList()
programs: ProgramLoads = ProgramLoads()
buffer: Array[u8, LOG_SIZE] = Array()


def mood_of(item: NodeFigures) -> Text:
    """In a word."""
    return "idle" if item.idle == 1 else "busy"


def show_nodes(load: Load) -> None:
    """A line for each."""
    nodes.read(load)
    print("node  load programs active  cpu% mean% gates ports msg/s  free out/s queue state")
    for item in nodes.items:
        show_node(item)


def show_node(item: NodeFigures) -> None:
    """One line."""
    print(f"{item.node:>4} {item.load // 100:>2}.{item.load % 100:02} {item.programs:>8} {item.active:>6}", end=" ")
    print(f"{item.busy:>5} {item.mean_busy:>5} {item.links:>5} {item.ports:>5} {item.messages:>5}", end=" ")
    print(f"{human(item.free_pages * PAGE_SIZE).text:>5} {item.page_outs:>5}", end=" ")
    print(f"{item.waiting_frames // 100:>2}.{item.waiting_frames % 100:02} {mood_of(item)}")


def show_programs(load: Load) -> None:
    """A line for each."""
    programs.read(load)
    print("  pid       age  cpu time mean% recent% msg/s   sent received state   name")
    for item in programs.items:
        show_program(item)


def show_program(item: ProgramLoad) -> None:
    """One line."""
    name = str(item.name[0 : item.name_length], "utf-8")
    print(f"{item.pid % SERIAL:>5} {duration(item.age).text:>9} {duration(item.cpu_time).text:>9}", end=" ")
    print(f"{item.mean_cpu:>5} {item.recent_cpu:>7} {item.messages:>5}", end=" ")
    print(f"{item.sent:>6} {item.received:>8} {state_of(item):<7} {name}")


def state_of(item: ProgramLoad) -> Text:
    """Whether it wants the CPU."""
    return "active" if item.active == 1 else "waits"


def show_log(load: Load) -> None:
    """All lines, or the latest."""
    first: u64 = 0
    while True:
        size, following = load.log(first, buffer[:])
        if size == 0:
            return
        print(str(buffer[0:size], "utf-8"), end="")
        first = following


def show_overhead(load: Load) -> None:
    """What the load server costs."""
    seen = load.overhead()
    share = seen.sampling_time * 100_000 // max(seen.since, 1)
    print(f"{seen.samples} samples, and {seen.skipped} that an idle node did not need", end=", ")
    print(f"{duration(seen.sampling_time).text} for them, {share // 1000}.{share % 1000:03}% of the time")
    print(f"{duration(seen.own_time).text} of CPU time in {duration(seen.since).text}")
    print(f"{seen.decisions} decisions, {seen.sent_away} for other nodes; ", end="")
    print(f"{seen.asked} messages to other nodes, {seen.told} from them")


def set_all(load: Load) -> None:
    """Change what the operands say, and show the settings."""
    settings = load.settings()
    for place in range(operand_count()):
        change(settings, operand(place))
    load.configure(settings)
    print(f"index={Index(settings.index).name} policy={Policy(settings.policy).name}", end=" ")
    print(f"busy={settings.busy_above} idle={settings.idle_below} probes={settings.probes}", end=" ")
    print(f"announces={settings.announces} moves={settings.moves}")


def main() -> i64:
    """What is asked for."""
    begin("load [-plo] [NAME=VALUE ...]", "plo")
    expect_operands(0, ANY)
    load = Load(expect_service("load"))
    try:
        if operand_count() > 0:
            set_all(load)
        elif option("p"):
            show_programs(load)
        elif option("l"):
            show_log(load)
        elif option("o"):
            show_overhead(load)
        else:
            show_nodes(load)
    except Exception as error:
        complain("", f"{error}")
    return exit_status()
