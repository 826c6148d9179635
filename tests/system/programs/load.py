"""load: a bit of everything, step by step; what fails is told, and it goes on. What it prints as synced is on the disk.

usage: load STEPS LOG
"""

from collections.abc import Callable

from atoll.abi.startup import NAMING
from atoll.abi.types import Array, Text, i64, u64
from atoll.servers.files.interface import File
from atoll.servers.naming.interface import Naming
from atoll.servers.time.interface import Time
from atoll.userland.library.arguments import begin, expect_operands, number, operand
from atoll.userland.library.files import APPENDING, WRITING, open_file
from atoll.userland.library.processes import ENVIRONMENT_SIZE, Streams, pack_environment, spawn
from atoll.userland.library.services import service
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.messages import Gate, create_port
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import given

OWN_NAME = "/load"
PIPELINE = b"-c\0seq 20 | sort -r | wc -l > /count\0"
PAGES = 24


class Load:
    """What it works with."""

    held: File  # open all the time
    own: StringBuilder[ENVIRONMENT_SIZE]
    streams: Streams
    pages: Array[u64, PAGES * 512]


load: Load = Load()


def write_step(step: u64) -> None:
    """A line at the end of the log, safe when this returns."""
    log = open_file(operand(1), APPENDING)
    try:
        log.write_at(log.info().size, f"{step}\n".encode())
        log.sync()
        print(f"synced {step}")
    finally:
        close(log.handle)


def use_held(step: u64) -> None:
    """A file that stays open: after the death of the file service it has to be opened again."""
    try:
        load.held.write_at(0, f"{step:08}".encode())
    except Exception as error:
        print(f"step {step}: held: {error}")
        if load.held.handle != 0:
            close(load.held.handle)
            load.held.handle = 0
        load.held = open_file("/held", WRITING)


def use_names(_: u64) -> None:
    """Find services, and ourselves."""
    naming = Naming(given(NAMING))
    close(naming.lookup("/services/pipe").handle)
    close(naming.lookup(OWN_NAME).handle)
    Time(service("time")).now()


def use_programs(step: u64) -> None:
    """A pipeline in a shell of its own."""
    child = spawn("/bin/shell", PIPELINE, load.own.text.encode(), load.streams)
    status = child.join()
    close(child.handle)
    if status != 0:
        print(f"step {step}: the pipeline failed: {status}")


def use_memory(step: u64) -> None:
    """Pages that keep what was written."""
    for page in range(PAGES):
        assert step == 0 or load.pages[page * 512] == step - 1, "a page has lost what was written to it"
        load.pages[page * 512] = step


def attempt(what: Text, action: Callable[[u64], None], step: u64) -> None:
    """Do it, or say why not."""
    try:
        action(step)
    except Exception as error:
        print(f"step {step}: {what}: {error}")


def main() -> i64:
    """All steps."""
    begin("load STEPS LOG", "")
    expect_operands(2, 2)
    load.streams.inherit()
    pack_environment(load.own)
    load.held = open_file("/held", WRITING)
    port = create_port()
    Naming(given(NAMING)).replace(OWN_NAME, Gate(port.mint(0).handle))
    for step in range(number(operand(0))):
        use_memory(step)
        attempt("names", use_names, step)
        attempt("held", use_held, step)
        attempt("log", write_step, step)
        attempt("programs", use_programs, step)
    attempt("names", use_names, 99)
    Naming(given(NAMING)).remove(OWN_NAME)
    return 0
