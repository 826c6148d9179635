"""Reads files of node 2 by one thread, while another closes the last gate to each: all reads must succeed."""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, i64, u8, u64
from atoll.servers.files.interface import File, OpenFlag
from atoll.userland.library.files import open_file
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import Process, close
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

TIMES = 40
MOMENT = 10_000  # nanoseconds
PATH = "/nodes/node2/etc/motd"


class Reader:
    """The second thread."""

    file: SharedNumber  # the gate that it is to read through; NO_HANDLE: it waits for the next
    failed: SharedNumber
    stack: Array[u8, 16384]

    def run(self) -> None:
        """For ever."""
        word: Array[u8, 8] = Array()
        while True:
            handle = self.file.read()
            if handle == NO_HANDLE:
                sleep(MOMENT)
                continue
            try:
                if File(handle).read_at(0, word[:]) == 0:
                    self.failed.add(1)
            except (ServiceError, KernelError) as error:
                self.failed.add(1)
                print(f"{error}")
            self.file.write(NO_HANDLE)


reader: Reader = Reader()


def run(_: u64) -> None:
    """The second thread."""
    reader.run()


def main() -> i64:
    """How many reads have failed."""
    start_thread(Process(own_process()), run, 0, reader.stack[:])
    for _ in range(TIMES):
        file = open_file(PATH, OpenFlag.READ)
        reader.file.write(file.handle)
        sleep(10 * MOMENT)
        close(file.handle)
        while reader.file.read() != NO_HANDLE:
            sleep(MOMENT)
    return i64(reader.failed.read())
