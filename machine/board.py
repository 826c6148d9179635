"""The emulated board, QEMU's `virt`: a hart, RAM, firmware, devices, and virtual time that ties them together.

Time is counted in clock periods: an instruction takes one, `wfi` jumps to the next event. The host looks at the board
only between two blocks of code (at most 512 instructions each): events, limits and interrupts take effect at the first
block that begins at or after their time. That is the same instruction in every run.
"""

from dataclasses import dataclass
from enum import Enum
from functools import partial
from hashlib import sha256
from typing import Any, Protocol

from atoll.abi import board as layout
from atoll.machine import slots
from atoll.machine.clint import Clint
from atoll.machine.clock import Clock
from atoll.machine.config import BoardConfig
from atoll.machine.cpu import Cpu, CpuStop
from atoll.machine.devicetree import Initrd, device_tree
from atoll.machine.errors import ConfigError, ImageError, InitrdError, megabytes
from atoll.machine.finisher import Finisher
from atoll.machine.firmware import Firmware
from atoll.machine.loader import Image, check_placement, read_elf
from atoll.machine.memory import Ram
from atoll.machine.plic import MACHINE, SUPERVISOR, Plic
from atoll.machine.protection import protect
from atoll.machine.state import check_same, emulator_version, pack, unpack
from atoll.machine.uart import Uart
from atoll.machine.virtio.block import Block
from atoll.machine.virtio.disk import open_disk
from atoll.machine.virtio.entropy import Entropy
from atoll.machine.virtio.net import RECEIVE, FramePort, Net
from atoll.machine.virtio.transport import EmptySlot, Transport, VirtioDevice

SOFTWARE_LINE, TIMER_LINE, EXTERNAL_LINE = 1 << 3, 1 << 7, 1 << 11  # bits of `mip`, machine level
SUPERVISOR_TIMER_LINE, SUPERVISOR_EXTERNAL_LINE = 1 << 5, 1 << 9

FOREVER = 1 << 63
SLICE = 20_000_000  # clock periods at a stretch: Python sees Ctrl-C only between two of them
TREE_ROOM = 64 << 10  # at the end of RAM
FIRMWARE_END = layout.RAM + (512 << 10)
INITRD_AT_MOST = 128 << 20  # behind the kernel's address, as QEMU places it
BLOCK_SLOT, NET_SLOT, ENTROPY_SLOT = 0, 1, 2


class Stop(Enum):
    """Why a run ended."""

    UNTIL = "the time or the number of instructions given is reached"
    EXIT = "the guest ended the machine"
    RESET = "the guest asks for a reset"
    IDLE = "the guest waits for an interrupt, and nothing can ever cause one"
    STUCK = "the guest's trap handler faults on its first instruction, for ever"


@dataclass(frozen=True)
class StopReason:
    """Why a run ended; `status` is the exit status when the guest ended the machine, `address` where it is stuck."""

    kind: Stop
    status: int = 0
    address: int = 0

    def __str__(self) -> str:
        if self.kind is Stop.EXIT:
            return f"{self.kind.value} with status {self.status}"
        if self.kind is Stop.STUCK:
            return f"{self.kind.value} (at {self.address:#x})"
        return str(self.kind.value)


class Resettable(Protocol):
    """A part of the board that power-on puts into its first state."""

    def reset(self) -> None:
        """As after power-on."""


class Board:
    """One machine. A run is a function of its configuration, images and input, the same every time.

    board = Board(BoardConfig(bootargs="node=node1", disk=Path("disk.img")))
    board.load_kernel(elf)
    board.load_initrd(tar)
    reason = board.run(until_ns=10**9)          # StopReason: kind, exit status
    print(board.uart.sent, board.instructions, board.time_ns)

    For measuring: `board.cpu.engine` is the plain Unicorn CPU, `board.exceptions` counts traps.
    """

    def __init__(self, config: BoardConfig | None = None) -> None:
        self.config = config or BoardConfig()
        self.clock = Clock(self.config.clock_hz, drift=self.config.drift_ppm)
        self.ram = Ram(self.config.ram_bytes)
        self.cpu = Cpu(self.config, self.ram)
        self.plic = Plic(self._lines_changed)
        self.uart = Uart(partial(self.plic.set_level, layout.UART_INTERRUPT))
        self.clint = Clint(self.clock, lambda: self.cpu.cycles, self._timer_changed)
        self.firmware = Firmware(self.cpu, self.ram, self.uart, self.clock, self)
        self.image: Image | None = None
        self.initrd: bytes = b""
        self._ending: StopReason | None = None
        self._idle_cycles = 0
        self._deadline = FOREVER  # of the run that goes on
        self._waiting = False  # in `wfi`
        self._booted = False
        disk = self.config.disk
        self.block = None if disk is None else Block(open_disk(disk, self.config.disk_read_only))
        self.net = Net(self.config.mac) if self.config.network else None
        entropy = Entropy(self.config.seed) if self.config.entropy else None
        self.slots = self._fill_slots({BLOCK_SLOT: self.block, NET_SLOT: self.net, ENTROPY_SLOT: entropy})
        self._transports = [slot for slot in self.slots if isinstance(slot, Transport)]
        self._attach()

    def _fill_slots(self, devices: dict[int, Any]) -> list[Transport | EmptySlot]:
        slots: list[Transport | EmptySlot] = []
        for number in range(layout.VIRTIO_SLOTS):
            device: VirtioDevice | None = devices.get(number)
            if device is None:
                slots.append(EmptySlot())
                continue
            set_line = partial(self.plic.set_level, layout.VIRTIO_INTERRUPT + number)
            slots.append(Transport(device, self.ram, set_line, self.cpu.request_stop))
        return slots

    def _attach(self) -> None:
        finisher = Finisher(self.end, self.reset)
        self.cpu.attach(layout.UART, layout.UART_SIZE, self.uart)
        self.cpu.attach(layout.PLIC, layout.PLIC_SIZE, self.plic)
        self.cpu.attach(layout.CLINT, layout.CLINT_SIZE, self.clint)
        self.cpu.attach(layout.TEST_DEVICE, layout.TEST_DEVICE_SIZE, finisher)
        for number, slot in enumerate(self.slots):
            self.cpu.attach(layout.VIRTIO + number * layout.VIRTIO_SIZE, layout.VIRTIO_SIZE, slot)

    # ---- images ----

    def load_kernel(self, elf: bytes) -> None:
        """Take an ELF image; it is put into RAM when the board first runs."""
        image = read_elf(elf)
        lowest = FIRMWARE_END if self.config.firmware == "host" else layout.RAM
        check_placement(image, self.config.ram_bytes, lowest, TREE_ROOM)
        self.image = image

    def load_initrd(self, data: bytes) -> None:
        """Take an initial RAM disk, which the device tree will announce."""
        start = self._initrd_start()
        room = self.ram.end - TREE_ROOM - start
        if len(data) > room:
            raise InitrdError(
                f"the initial RAM disk does not fit: it has {megabytes(len(data))}, "
                f"and behind the kernel there is room for {megabytes(max(room, 0))} (RAM is {megabytes(self.ram.size)})"
            )
        self.initrd = data

    def _initrd_start(self) -> int:
        start = layout.KERNEL + min(self.config.ram_bytes // 2, INITRD_AT_MOST)
        if self.image is not None:
            start = max(start, self.image.end)
        return -(-start // 4096) * 4096

    def boot(self) -> None:
        """Power on: images and device tree into RAM, the CPU at the kernel's entry; time goes on where it was.

        `run` does it when it was not done. After a run that ended with RESET, it is what starts the board again.
        """
        if self.image is None:
            raise ImageError("the board has no kernel: load one first")
        self._ending, self._waiting = None, False
        self.ram.clear()
        self.cpu.power_on()
        parts: list[Resettable] = [self.uart, self.plic, self.clint, self.firmware, *self._transports]
        for part in parts:
            part.reset()
        for segment in self.image.segments:
            self.ram.write(segment.address, segment.data)
        initrd = None
        if self.initrd:
            start = self._initrd_start()
            self.ram.write(start, self.initrd)
            initrd = Initrd(start, start + len(self.initrd))
        tree = device_tree(self.config, initrd, sha256(b"rng-seed %d" % self.config.seed).digest())
        tree_address = self.ram.end - TREE_ROOM
        self.ram.write(tree_address, tree)
        if self.config.firmware == "host":
            protect(self.cpu, self.ram)
        self.cpu.start(self.image.entry, hart=0, device_tree=tree_address)
        self._booted = True

    # ---- what a run came to ----

    @property
    def instructions(self) -> int:
        """Instructions executed since power-on; one that traps counts, and so does a fetch that fails."""
        return self.cpu.cycles - self._idle_cycles

    @property
    def time_ns(self) -> int:
        """Virtual time since power-on, in nanoseconds."""
        return self.clock.nanoseconds(self.cpu.cycles)

    @property
    def idle_ns(self) -> int:
        """How much of it was spent in `wfi`."""
        return self.clock.nanoseconds(self._idle_cycles)

    @property
    def exceptions(self) -> int:
        """Traps entered other than interrupts and calls of the firmware."""
        return self.cpu[slots.EXCEPTIONS]

    @property
    def idle(self) -> bool:
        """Whether the CPU waits in `wfi`."""
        return self._waiting

    @property
    def next_event_ns(self) -> int | None:
        """When the next event that is already known comes; None if there is none."""
        event = self._next_event()
        return None if event is None else self.clock.nanoseconds(event)

    @property
    def wakes_ns(self) -> int | None:
        """When it does something next if nothing arrives: now, unless it is idle; None: never."""
        if not self._waiting or self._ending is not None or self.cpu.interrupt_pending():
            return self.time_ns
        return self.next_event_ns

    # ---- input ----

    def feed(self, data: bytes, at_ns: int | None = None) -> None:
        """Input for the serial line, at a virtual time (now if None)."""
        self.uart.feed(data, self._cycles_at(at_ns))

    def deliver(self, frame: bytes, at_ns: int | None = None) -> None:
        """An Ethernet frame for the network card, at a virtual time (now if None)."""
        self.port.deliver(frame, self._cycles_at(at_ns))

    @property
    def port(self) -> FramePort:
        """The network card's socket."""
        if self.net is None:
            raise ConfigError("the board has no network card: set network=True")
        return self.net.port

    def _cycles_at(self, at_ns: int | None) -> int:
        return self.cpu.cycles if at_ns is None else self.clock.cycles_at(at_ns)

    # ---- running ----

    def run(self, until_ns: int | None = None, max_instructions: int | None = None) -> StopReason:
        """Run to a virtual time, for some instructions, or until the guest ends. Limits are met at block ends.

        An exception of the host's own callbacks (`uart.output`, `port.transmit`) ends the run, and with it the board.
        """
        if not self._booted:
            self.boot()
        self._deadline = FOREVER if until_ns is None else self.clock.cycles_at(until_ns)
        last = FOREVER if max_instructions is None else self.instructions + max_instructions
        while True:
            self._settle()
            if self._ending is not None:
                return self._ending
            limit = min(self._deadline, last + self._idle_cycles)
            if self.cpu.cycles >= limit:
                return StopReason(Stop.UNTIL)
            event = self._next_event()
            if self._waiting and not self.cpu.interrupt_pending():
                if event is None and self._deadline == FOREVER:
                    return StopReason(Stop.IDLE)
                self._jump(min(self._deadline, FOREVER if event is None else event))
                continue
            self._waiting = False
            self._step(min(limit, self.cpu.cycles + SLICE, FOREVER if event is None else event))

    def stop_by(self, time_ns: int) -> None:
        """For callbacks such as `port.transmit`: the run that goes on now ends at that time at the latest."""
        self._deadline = min(self._deadline, self.clock.cycles_at(time_ns))

    def pass_time(self, until_ns: int) -> None:
        """Time that goes by while the board is switched off; it counts as idle."""
        self._jump(max(self.cpu.cycles, self.clock.cycles_at(until_ns)))

    def _step(self, limit: int) -> None:
        stop = self.cpu.run(limit)
        if stop is CpuStop.FIRMWARE:
            self.firmware.call()
        elif stop is CpuStop.WAIT:
            self._waiting = True
        elif stop is CpuStop.STUCK:
            self._ending = StopReason(Stop.STUCK, address=self.cpu[slots.FAULT])

    def _jump(self, cycles: int) -> None:
        """Idle time passes at no cost."""
        self._idle_cycles += cycles - self.cpu.cycles
        self.cpu.cycles = cycles

    def _settle(self) -> None:
        """What has come due takes effect: input arrives, interrupt lines follow."""
        now = self.cpu.cycles
        self.uart.advance(now)
        if self.net is not None and self.net.advance(now):
            self._network_slot().notify(RECEIVE)
        for transport in self._transports:
            if transport.notified:
                transport.serve()
        self.cpu.drive(self._lines())

    def _next_event(self) -> int | None:
        frames = self.net.port.incoming.next() if self.net is not None else None
        events = (self.uart.next_event(), self.clint.next_event(), self.firmware.next_event(), frames)
        known = [event for event in events if event is not None]
        return min(known) if known else None

    def _lines(self) -> int:
        """Levels of the interrupt lines into the hart."""
        lines = SOFTWARE_LINE if self.clint.software else 0
        lines |= TIMER_LINE if self.clint.timer else 0
        lines |= EXTERNAL_LINE if self.plic.line(MACHINE) else 0
        lines |= SUPERVISOR_TIMER_LINE if self.firmware.timer else 0
        return lines | (SUPERVISOR_EXTERNAL_LINE if self.plic.line(SUPERVISOR) else 0)

    def _network_slot(self) -> Transport:
        slot = self.slots[NET_SLOT]
        assert isinstance(slot, Transport)
        return slot

    def _timer_changed(self) -> None:
        """The machine timer or its time was set, perhaps while a block runs: the next event is another one."""
        self.cpu[slots.TIME_OFFSET] = self.clock.offset & (1 << 64) - 1
        self.firmware.time_changed()
        self.cpu.lower(self._lines())
        self.cpu.request_stop()

    def _lines_changed(self) -> None:
        """Perhaps while a block runs: lines that fell do so at once, those that rose before the next block."""
        lines = self._lines()
        self.cpu.lower(lines)
        if lines != self.cpu.lines:
            self.cpu.request_stop()

    # ---- saving ----

    def save(self) -> bytes:
        """The whole machine, disk included, between two runs."""
        return pack(
            {
                "emulator": emulator_version(), "kind": self._kind(), "ram": self.ram.save(), "cpu": self.cpu.save(),
                "offset": self.clock.offset, "uart": self.uart.save(), "plic": self.plic.save(),
                "clint": self.clint.save(), "firmware": self.firmware.save(),
                "virtio": [transport.save() for transport in self._transports],
                "idle": self._idle_cycles, "waiting": self._waiting, "booted": self._booted,
            }
        )  # fmt: skip

    def restore(self, data: bytes) -> None:
        """Become the machine that was saved. This board must be built like that one; hooks may differ."""
        saved = unpack(data)
        check_same("version of Unicorn", saved["emulator"], emulator_version())
        for name, value in self._kind().items():
            check_same(name, saved["kind"].get(name), value)
        self.ram.restore(saved["ram"])
        self.clock.offset = saved["offset"]
        self.uart.restore(saved["uart"])
        self.plic.restore(saved["plic"])
        self.clint.restore(saved["clint"])
        self.firmware.restore(saved["firmware"])
        for transport, state in zip(self._transports, saved["virtio"], strict=True):
            transport.restore(state)
        self.cpu.restore(saved["cpu"])
        self._idle_cycles, self._waiting, self._booted = saved["idle"], saved["waiting"], saved["booted"]
        self._ending = None
        self._timer_changed()

    def _kind(self) -> dict[str, Any]:
        """What must be the same for a state to fit."""
        disk = self.block.disk.size if self.block is not None else 0
        return {
            "RAM": self.config.ram_bytes, "clock": self.config.clock_hz, "drift": self.config.drift_ppm,
            "firmware": self.config.firmware, "C extension": self.config.compressed, "disk size": disk,
            "network card": self.net is not None, "entropy device": self.config.entropy,
            "seed": self.config.seed,
        }  # fmt: skip

    # ---- the guest's ends ----

    def end(self, status: int) -> None:
        """The guest powers off."""
        self._ending = StopReason(Stop.EXIT, status)
        self.cpu.request_stop()

    def reset(self) -> None:
        """The guest asks to start again; the caller of `run` decides."""
        self._ending = StopReason(Stop.RESET)
        self.cpu.request_stop()
