"""A client of all drivers, in a system of nothing else: it uses them, kills them, swaps them, and uses them again.

The disk begins with a table (of each service: first sector, bytes), then come the programs to swap in.
"""

from atoll.abi import startup
from atoll.abi.calls import Message
from atoll.abi.raw import address_of, load64
from atoll.abi.types import Array, Text, u8, u64
from atoll.servers.block.interface import MAX_TRANSFER, SECTOR_SIZE, Block, DeviceError
from atoll.servers.console.interface import INTERRUPT_BIT, Console
from atoll.servers.entropy.interface import Entropy
from atoll.servers.naming.interface import Naming
from atoll.servers.stream.interface import Stream
from atoll.servers.supervisor.interface import Supervisor
from atoll.servers.time.interface import Time
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, create_memory
from atoll.userland.runtime.startup import given
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

SCRATCH_SECTOR = 4000


class Services:
    """Who is asked."""

    block: Block
    entropy: Entropy
    time: Time
    console: Console
    terminal: Stream
    supervisor: Supervisor


services: Services = Services()
buffer: Array[u8, MAX_TRANSFER] = Array()
second: Array[u8, MAX_TRANSFER] = Array()
line: Array[u8, 256] = Array()
reader_stack: Array[u8, 8192] = Array()
done: Port = Port(0)


def main() -> None:
    naming = Naming(given(startup.NAMING))
    services.block = Block(naming.wait_for("/services/block").handle)
    services.entropy = Entropy(naming.wait_for("/services/entropy").handle)
    services.time = Time(naming.wait_for("/services/time").handle)
    gate = naming.wait_for("/services/console")
    services.console = Console(gate.handle)
    services.terminal = Stream(gate.handle)
    services.supervisor = Supervisor(given(startup.SUPERVISOR))
    use_all("at first")
    for name in ("block", "entropy", "time", "console"):
        services.supervisor.kill(name)
    use_all("after their deaths")
    kill_at_work()
    terminal()
    swap("block", 0)
    swap("entropy", 1)
    swap("time", 2)
    use_all("after swaps")
    services.supervisor.switch_off(0)


def say(text: Text) -> None:
    """Write to the console."""
    services.terminal.write(text.encode())


def use_all(when: Text) -> None:
    """Disk, random numbers, time."""
    use_disk()
    services.entropy.fill(buffer[0:100])
    services.entropy.fill(second[0:100])
    assert buffer[0:100] != second[0:100]
    before = services.time.now()
    services.time.adjust(-1_000_000_000)
    assert before - 1_000_000_000 < services.time.now() < before
    services.time.set(1_500_000_000_000_000_000)
    assert services.time.now() // 1_000_000_000 == 1_500_000_000
    say(f"all is well {when}\n")


def use_disk() -> None:
    """What was written is read."""
    assert services.block.capacity() == 8192
    for i in range(MAX_TRANSFER):
        buffer[i] = u8(i % 251)
    services.block.write(SCRATCH_SECTOR, buffer[:])
    services.block.flush()
    assert services.block.read(SCRATCH_SECTOR, second[:]) == MAX_TRANSFER
    assert buffer == second
    try:
        services.block.read(8192, second[0:SECTOR_SIZE])
        say("not refused\n")
    except DeviceError as error:
        assert f"{error}" == "1 sectors from 8192 on: the disk has 8192"


def kill_at_work() -> None:
    """The disk's driver dies while another thread writes and reads: its calls are repeated with the successor."""
    done.handle = create_port().handle
    start_thread(Process(own_process()), work, done.mint(0).handle, reader_stack[:])
    for pause in range(1, 3):
        services.block.capacity()  # waits until it serves again
        sleep(u64(pause) * 150_000)
        services.supervisor.kill("block")
    done.receive(Letter())
    say("nothing was lost\n")


def work(gate: u64) -> None:
    """Each round writes something else, and reads it."""
    for number in range(40):
        for i in range(0, MAX_TRANSFER, SECTOR_SIZE):
            buffer[i] = u8(number)
        services.block.write(SCRATCH_SECTOR, buffer[:])
        services.block.read(SCRATCH_SECTOR, second[:])
        assert buffer == second
    Gate(gate).notify(1)


# ---- the terminal ----


def terminal() -> None:
    """Lines that the host types; a thread waits for one of them while the console is swapped."""
    read_line("name> ")
    port = create_port()
    services.console.set_foreground(port.mint(0))
    say("interrupt> ")
    letter = Letter()
    port.receive(letter)
    assert letter.kind == Message.NOTIFICATION and letter.words[0] == INTERRUPT_BIT
    say("interrupted\n")
    done.handle = create_port().handle
    start_thread(Process(own_process()), read_while_swapped, done.mint(0).handle, reader_stack[:])
    sleep(1_000_000)
    swap("console", 3)
    services.time.now()
    say("ready\n")
    done.receive(letter)
    port.receive(letter)
    services.console.set_raw(True)
    say("interrupted again\n")
    read_line("")
    services.console.set_raw(False)
    assert services.terminal.read(line[:]) == 0
    say("the end of the file\n")


def read_while_swapped(gate: u64) -> None:
    """In another thread."""
    read_line("swapped> ")
    Gate(gate).notify(1)


def read_line(prompt: Text) -> None:
    """Ask, and say what was answered."""
    say(prompt)
    size = services.terminal.read(line[:])
    say(f"[{size}: {str(line[0:size], 'utf-8')}]\n")


# ---- swaps ----


def swap(name: Text, place: u64) -> None:
    """Replace a server by the program that the disk has for it."""
    services.block.read(0, buffer[0:SECTOR_SIZE])
    sector, size = load64(address_of(buffer) + 16 * place), load64(address_of(buffer) + 16 * place + 8)
    image = create_memory((size + 4095) // 4096)
    read: u64 = 0
    while read < size:
        services.block.read(sector + read // SECTOR_SIZE, buffer[:])
        part = min(size - read, MAX_TRANSFER)
        image.write(read, buffer[0:part])
        read += part
    report = services.supervisor.swap(name, image, size)
    say(f"{name} swapped, {report.pause} ns\n")
