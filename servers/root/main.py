"""Root, the first process: runs the programs of the manifest one after another, then ends the machine.

To its programs it is all the system there is: who loads them, their pager, their console, who tells how they ended.
The machine's exit status is that of the first program that failed, or 0.
"""

from atoll.abi import initrd
from atoll.abi.types import Bytes, Text, u64
from atoll.servers.root import machine, program
from atoll.servers.root.service import serve
from atoll.userland.runtime.errors import ErrorRecord
from atoll.userland.runtime.image.elf import BadImage
from atoll.userland.runtime.image.initrd import end_of_field, end_of_line, find_file
from atoll.userland.runtime.kernel_errors import NoMemory
from atoll.userland.runtime.system import be_first
from atoll.userland.runtime.traceback import own_table, print_error


def main() -> None:
    """Everything that happens after the kernel has started."""
    machine.start()  # the UART, the end of the machine
    be_first(machine.write, fail)  # where print goes
    program.start()  # where programs and the kernel find us
    machine.power_off(run_all(machine.archive()))


def fail(error: ErrorRecord) -> None:
    """A mistake of root's own."""
    print("The root process has failed.")
    print_error(own_table(), error)
    machine.power_off(machine.FAILED)


def run_all(archive: Bytes) -> u64:
    """Run what the manifest says; the first status that is not 0."""
    manifest = find_file(archive, initrd.MANIFEST)
    if len(manifest) == 0:
        print(f"No {initrd.MANIFEST} in the initial RAM disk: nothing to run")
        return machine.NOT_FOUND
    first_failure: u64 = 0
    start: u64 = 0
    while start < len(manifest):
        end = end_of_line(manifest, start)
        if end > start:
            status = run(archive, manifest[start:end])
            first_failure = status if first_failure == 0 else first_failure
        start = end + 1
    return first_failure


def run(archive: Bytes, line: Bytes) -> u64:
    """Run the program that a line of the manifest names, to its end; its status."""
    name = str(line[0 : end_of_field(line, 0)], "utf-8")
    image = find_file(archive, name)
    if len(image) == 0:
        print(f"{name}: not in the initial RAM disk")
        return machine.NOT_FOUND
    slot = program.running.now()
    try:
        program.load(slot, image, line)
    except BadImage as error:
        return cannot_run(name, f"{error}")
    except NoMemory:
        return cannot_run(name, "out of memory")
    slot.program.resume()
    status = serve()
    program.free(program.running.now())
    if machine.boot_info().quiet == 0:
        print(f"{name}: exit status {status}")
    return status


def cannot_run(name: Text, why: Text) -> u64:
    """Say so, and return what was had already."""
    print(f"{name}: cannot run: {why}")
    program.free(program.running.now())
    return machine.CANNOT_RUN
