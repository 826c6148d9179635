"""Other versions of servers: the same program compiled once more from another file, so that it is another image, and
programs that fail in every way in which a new version, or an old one, can make a swap fail.
"""

from dataclasses import dataclass
from pathlib import Path

from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file

OTHER = '''"""The {name} server in another version."""

from atoll.servers.{name} import main as first


def main() -> None:
    """As in the first version."""
    first.main()
'''

FAILING = '''"""A time server that {name}."""

from atoll.abi.raw import store64
from atoll.abi.types import Array, i64, u64
from atoll.servers.time.interface import ClockState, Time
from atoll.userland.runtime.kernel_calls import clock, sleep
from atoll.userland.runtime.service import serve
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

BUSY = 3_000_000_000


class Failing(Time):
    """Knows the time, but otherwise fails."""

    power_on: u64

    def now(self) -> u64:
        return self.power_on + clock() + large.pages[self.power_on % u64(len(large.pages))]

    def set(self, now: u64) -> None:
        self.power_on = now - clock()
        large.pages[now % u64(len(large.pages))] = 0

    def adjust(self, nanoseconds: i64) -> None:
        return

    def sample(self) -> tuple[u64, bool]:
        return self.now(), False

    def state(self) -> ClockState:
        return ClockState(0, False, False, 0, 0, 0, 0, 0)

    def follow(self, others: bool) -> None:
        return

    def export_state(self, writer: StateWriter) -> None:
        writer.number(1)
        writer.number(self.power_on)
        {exporting}

    def import_state(self, reader: StateReader) -> None:
        reader.number()
        self.power_on = reader.number()
        {importing}


class Large:
    """Much memory."""

    pages: Array[u64, {words}]


server: Failing = Failing()
large: Large = Large()


def main() -> None:
    """Serve, if it comes to that."""
    {starting}
    serve(server)
'''
NOTHING = "sleep(0)"


@dataclass(frozen=True)
class Failure:
    """How a version fails, and what is said of it."""

    name: str
    said: str
    starting: str = NOTHING
    importing: str = NOTHING
    exporting: str = NOTHING
    words: int = 8

    def source(self) -> str:
        """Its program."""
        return FAILING.format(**vars(self))


HANG = "sleep(1 << 60)"
FAILURES = (
    Failure("crashes in start", "it has ended during ready", starting="assert server.power_on == 1"),
    Failure("makes a fault in start", "it has ended during ready", starting="store64(8, 1)"),
    Failure("leaves at once", "it has ended during ready", starting="return"),
    Failure("hangs in start", "no answer to ready within 1000 ms", starting=HANG),
    Failure("crashes in import", "it has ended during adopt", importing="assert server.power_on == 1"),
    Failure("refuses the state", "adopt refused: not for me", importing='raise StateRefused("not for me")'),
    Failure("hangs in import", "no answer to adopt within 1000 ms", importing=HANG),
    Failure("reads more than there is", "adopt refused: the state is shorter",
            importing="for _ in range(100_000):\n            reader.number()"),
    Failure("wants too much memory", "it cannot be started: ", words=1 << 24),
)  # fmt: skip
OLD_FAILURES = (
    Failure("does not give its state", "park refused: not now", exporting='raise StateRefused("not now")'),
    Failure("makes a mistake while it writes its state", "park refused: ", exporting="assert self.power_on == 1"),
    Failure("writes its state for too long", "no answer to park within 1000 ms", exporting="sleep(BUSY)"),
)


def compiled(folder: Path, name: str, source: str) -> bytes:
    """A program from its text."""
    file = folder / f"{name.replace(' ', '_')}.py"
    file.write_text(source, encoding="utf-8")
    return compile_file(file, "program", cache=Cache())


def other_version(folder: Path, name: str) -> bytes:
    """Another image of a server."""
    return compiled(folder, f"{name}_other", OTHER.format(name=name))
