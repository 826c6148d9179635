"""One RISC-V hart on Unicorn: it runs until a given virtual time, and says why it stopped.

Exceptions and instruction counting are hooks.py's; interrupts are delivered by Unicorn itself when bits of `mip` are
set. The host changes the CPU only between two blocks, with one exception: an interrupt line that falls is taken back
at once.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

import unicorn
from unicorn import riscv_const as reg
from unicorn.unicorn_py3.unicorn import UcError

from atoll.abi import board as layout
from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.types import u64
from atoll.machine import code_pages, hooks, slots
from atoll.machine.config import BoardConfig
from atoll.machine.engine import Context, Registers, add_hook, add_movable_hook, address_of, open_cpu, places
from atoll.machine.memory import Ram
from atoll.machine.mmio import Device, map_device
from atoll.machine.native import load_hooks

MISA_C = 1 << 2
SUPERVISOR_INTERRUPTS = 0x222  # the bits of `mip` that Unicorn lets anybody write
FLOATING_POINT = 3 << 13  # mstatus.FS
DELEGATED = 0xB1FF  # all exceptions but calls from S and M mode
ALL = (1 << 64) - 1
CYCLES, BLOCK_COUNT = slots.CYCLES // 8, slots.BLOCK_COUNT // 8  # their places among the slots

MEMORY_ERRORS = {
    unicorn.UC_ERR_READ_UNMAPPED: hooks.LOAD_ACCESS,
    unicorn.UC_ERR_READ_PROT: hooks.LOAD_ACCESS,
    unicorn.UC_ERR_WRITE_UNMAPPED: hooks.STORE_ACCESS,
    unicorn.UC_ERR_WRITE_PROT: hooks.STORE_ACCESS,
    unicorn.UC_ERR_FETCH_UNMAPPED: hooks.FETCH_ACCESS,
    unicorn.UC_ERR_FETCH_PROT: hooks.FETCH_ACCESS,
}
INVALID_MEMORY = (
    unicorn.UC_HOOK_MEM_READ_UNMAPPED | unicorn.UC_HOOK_MEM_WRITE_UNMAPPED | unicorn.UC_HOOK_MEM_FETCH_UNMAPPED
    | unicorn.UC_HOOK_MEM_READ_PROT | unicorn.UC_HOOK_MEM_WRITE_PROT | unicorn.UC_HOOK_MEM_FETCH_PROT
)  # fmt: skip


class CpuStop(Enum):
    """Why the CPU came back."""

    LIMIT = "the time given is up"
    WAIT = "it waits for an interrupt"
    FIRMWARE = "it calls the firmware"
    STUCK = "its trap handler faults on its first instruction"
    AGAIN = "nothing: run it again"


STOPS = {
    hooks.STOP_LIMIT: CpuStop.LIMIT,
    hooks.STOP_FIRMWARE: CpuStop.FIRMWARE,
    hooks.STOP_STUCK: CpuStop.STUCK,
}


class Cpu:
    """A hart, its counters, and its way into memory and devices.

    What is not as on hardware: `cycle` and `instret` (not `time`) read the host's counters, different in each run. In
    M mode without firmware, a store to where nothing is lets the rest of its block run before it traps. With the C
    extension, a fetch that fails in an instruction's second half reports the beginning of its block.
    """

    def __init__(self, config: BoardConfig, ram: Ram) -> None:
        self.config = config
        self.engine: Any = open_cpu()
        self.engine.mem_map_ptr(layout.RAM, ram.size, unicorn.UC_PROT_ALL, ram.host_address)
        self._registers = Registers(self.engine)
        self.places = places()
        self.context = Context(self.engine)
        self._trap_context = Context(self.engine)  # hooks.py's
        self._fault_context = Context(self.engine)
        self._fault_address = 0
        self._lines = 0  # interrupt lines as they were applied to `mip`
        self.slots = (ctypes.c_uint64 * (slots.SIZE // 8))()
        self._functions = load_hooks(config.hooks)
        self._enter_exception = self._functions.function("enter_exception")
        self._code_pages = (ctypes.c_uint8 * (ram.size // PAGE_SIZE))()
        self._code_ranges = (ctypes.c_uint64 * code_pages.MOST_RANGES)()
        self._fill_slots(ram)
        self._add_hooks(ram)
        ram.written = self.forget_code
        if not config.compressed:
            self._set_place("misa", self._place("misa") & ~MISA_C)
        self.context.save()
        self._power_on = self.context.data

    def _fill_slots(self, ram: Ram) -> None:
        values = {
            slots.HOST_FIRMWARE: int(self.config.firmware == "host"),
            slots.COMPRESSED: int(self.config.compressed),
            slots.CLOCK_HZ: self.config.clock_hz,
            slots.TIMEBASE_HZ: layout.TIMEBASE_HZ,
            slots.RAM_HOST: ram.host_address,
            slots.RAM_SIZE: ram.size,
            slots.EMU_STOP: address_of("uc_emu_stop"),
            slots.CONTEXT_SAVE: address_of("uc_context_save"),
            slots.CONTEXT_RESTORE: address_of("uc_context_restore"),
            slots.CONTEXT: self._trap_context.address,
            slots.CONTROL: address_of("uc_ctl"),
            slots.CODE_PAGES: ctypes.addressof(self._code_pages),
            slots.CODE_RANGES: ctypes.addressof(self._code_ranges),
        }
        for name, offset in self.places.items():
            slot = getattr(slots, name.upper(), None)
            if slot is not None:
                values[slot] = self._trap_context.start + offset
        for slot, value in values.items():
            self[slot] = value

    def _add_hooks(self, ram: Ram) -> None:
        state = ctypes.addressof(self.slots)
        addresses = self._functions.addresses
        on_block = "on_compressed_block" if self.config.compressed else "on_block"
        add_hook(self.engine, unicorn.UC_HOOK_BLOCK, addresses[on_block], state)
        add_hook(self.engine, unicorn.UC_HOOK_INTR, addresses["on_interrupt"], state)
        add_hook(self.engine, unicorn.UC_HOOK_INSN_INVALID, addresses["on_invalid"], state)
        # Where a hook for memory is, Unicorn 2.1 looks at every store, whether it hits translated code. Without one it
        # is much faster, but of stores into code through another address sees only the first. So there are such hooks
        # outside RAM, and over those pages that hold code (hooks.py).
        self.engine.hook_add(INVALID_MEMORY, self._on_invalid_memory, begin=0, end=layout.RAM - 1)
        self.engine.hook_add(INVALID_MEMORY, self._on_invalid_memory, begin=layout.RAM + ram.size, end=ALL)
        for number in range(code_pages.MOST_RANGES):
            self._code_ranges[number] = add_movable_hook(
                self.engine, unicorn.UC_HOOK_MEM_FETCH_UNMAPPED, addresses["on_code_range"], state
            )
        add_hook(self.engine, unicorn.UC_HOOK_EDGE_GENERATED, addresses["on_translation"], state)

    def attach(self, base: int, size: int, device: Device) -> None:
        """Put a device's registers into the physical address space."""
        map_device(self.engine, base, size, device)

    def __getitem__(self, slot: int) -> int:
        return self.slots[slot // 8]

    def __setitem__(self, slot: int, value: int) -> None:
        self.slots[slot // 8] = value

    # ---- time ----

    @property
    def cycles(self) -> int:
        """Virtual time in clock periods; while a block runs, that at which it began: a device's now."""
        return self.slots[CYCLES] - self.slots[BLOCK_COUNT]

    @cycles.setter
    def cycles(self, value: int) -> None:
        self[slots.CYCLES] = value

    def request_stop(self) -> None:
        """Come back before the next block: for devices, while a block runs."""
        self[slots.LIMIT] = 0

    # ---- running ----

    def run(self, limit: int) -> CpuStop:
        """Run until the first block that begins at or after `limit` (clock periods), or an earlier reason to stop."""
        self[slots.LIMIT] = limit
        self[slots.STOP] = hooks.STOP_NONE
        self[slots.BLOCK_COUNT] = 0
        error = unicorn.UC_ERR_OK
        try:
            self.engine.emu_start(self.pc, 0)
        except UcError as failure:
            error = failure.errno
        if error in MEMORY_ERRORS:
            self._nothing_there(MEMORY_ERRORS[error])
        elif error not in (unicorn.UC_ERR_OK, unicorn.UC_ERR_EXCEPTION):  # the latter: after an ebreak it always leaves
            raise UcError(error)
        elif self[slots.STOP] == hooks.STOP_NONE and error == unicorn.UC_ERR_OK:
            self._take_back_behind_wfi()
        self[slots.BLOCK_COUNT] = 0
        waits = CpuStop.WAIT if error == unicorn.UC_ERR_OK else CpuStop.AGAIN
        return STOPS.get(self[slots.STOP], waits)

    def power_on(self) -> None:
        """All registers as in a new CPU; time goes on."""
        self._load_context(self._power_on)
        self._lines = 0

    def start(self, entry: int, hart: int, device_tree: int) -> None:
        """Registers as firmware leaves them to a kernel in S mode, or as they are after power-on, in M mode."""
        supervisor = self.config.firmware == "host"
        for number in range(reg.UC_RISCV_REG_X1, reg.UC_RISCV_REG_X31 + 1):
            self.set_register(number, 0)  # some were used to set up memory protection
        if supervisor:
            self.set_register(reg.UC_RISCV_REG_MEDELEG, DELEGATED)
            self.set_register(reg.UC_RISCV_REG_MIDELEG, SUPERVISOR_INTERRUPTS)
            self.set_register(reg.UC_RISCV_REG_MCOUNTEREN, 7)
            self.set_register(reg.UC_RISCV_REG_SCOUNTEREN, 7)
            self.set_register(reg.UC_RISCV_REG_MSTATUS, FLOATING_POINT)
            self.set_register(reg.UC_RISCV_REG_PRIV, slots.SUPERVISOR)
        self.set_argument(0, hart)
        self.set_argument(1, device_tree)
        self.set_register(reg.UC_RISCV_REG_PC, entry)

    def run_aside(self, ram: Ram, code: bytes) -> None:
        """Run a few instructions that end in `wfi`, in M mode at the beginning of RAM, without a trace of them."""
        kept, cycles = ram.read(layout.RAM, len(code)), self[slots.CYCLES]
        ram.write(layout.RAM, code)
        self.set_register(reg.UC_RISCV_REG_PC, layout.RAM)
        self.run(ALL)
        ram.write(layout.RAM, kept)
        self[slots.CYCLES] = cycles

    def _take_back_behind_wfi(self) -> None:
        """A block was counted whole, but `wfi` may stand in its middle: keep what ran up to it."""
        begin = self[slots.BLOCK]
        if self.config.compressed:
            self._trap_context.save()
            ran = int(hooks.count_compressed(u64(ctypes.addressof(self.slots)), u64(begin), u64(self.pc - begin)))
        else:
            ran = (self.pc - begin) // 4
        self[slots.CYCLES] += ran - self[slots.BLOCK_COUNT]

    def _on_invalid_memory(self, engine: Any, access: int, address: int, size: int, value: int, data: object) -> bool:
        """At this moment the registers are as before the access; after a store, the rest of the block still runs."""
        if self._fault_address == 0:
            self._fault_context.save()
            self._fault_address = address or ALL
        return False

    def _nothing_there(self, cause: int) -> None:
        """An access to physical addresses where nothing is, from M mode: there, no memory protection finds it first."""
        address, self._fault_address = self._fault_address, 0
        if address:
            self._fault_context.restore()
        self.context.save()
        fetched = cause == hooks.FETCH_ACCESS
        self._set_place("fault_address", self.pc if fetched else address & ALL)
        self._enter_exception(self.engine._uch.value, cause, ctypes.addressof(self.slots))

    # ---- interrupts ----

    def drive(self, lines: int) -> None:
        """Apply the levels of the interrupt lines (bits as in `mip`) between two blocks. Only changes are applied."""
        if lines == self._lines:
            return
        self.lower(lines | ~self._lines)
        raised = lines & ~self._lines
        self._lines |= raised
        self._set_place("mip", self._place("mip") | raised)
        self._show_interrupts()

    def _show_interrupts(self) -> None:
        """Have Unicorn look at `mip`: a write of it does that, and needs M mode."""
        mip = self.context.word(self.places["mip"])
        if mip:
            self.set_register(reg.UC_RISCV_REG_PRIV, slots.MACHINE)
            self.set_register(reg.UC_RISCV_REG_MIP, mip & SUPERVISOR_INTERRUPTS)
        self.context.restore()

    def lower(self, lines: int) -> None:
        """Take back those bits of `mip` whose lines have fallen: possible at any time."""
        fallen = self._lines & ~lines
        if fallen:
            self._lines &= ~fallen
            self._set_place("mip", self._place("mip") & ~fallen)

    @property
    def lines(self) -> int:
        """The levels that were applied last."""
        return self._lines

    def set_software_interrupt(self) -> None:
        """Set `sip.SSIP`, as an interrupt from another hart does."""
        with self.machine_mode():
            self.set_register(reg.UC_RISCV_REG_MIP, self.register(reg.UC_RISCV_REG_MIP) & SUPERVISOR_INTERRUPTS | 2)

    def interrupt_pending(self) -> bool:
        """Whether `wfi` has something to go on for: a pending interrupt that is enabled in `mie`, globally or not."""
        return self._place("mip") & self.context.word(self.places["mie"]) != 0

    # ---- memory ----

    def forget_code(self, address: int, size: int) -> None:
        """The host wrote there: drop what was translated from it. Unicorn takes a virtual address, hence M mode."""
        if size > 0:
            self.context.save()
            self.set_register(reg.UC_RISCV_REG_PRIV, slots.MACHINE)
            self.engine.ctl_remove_cache(address, address + size)
            self.context.restore()

    def flush_translations(self) -> None:
        """Forget all address translations."""
        self.engine.ctl(unicorn.UC_CTL_TLB_FLUSH, unicorn.UC_CTL_IO_WRITE)

    # ---- registers ----

    def register(self, number: int) -> int:
        """A register by Unicorn's number."""
        return self._registers.read(number)

    def set_register(self, number: int, value: int) -> None:
        """Set a register by Unicorn's number."""
        self._registers.write(number, value & ALL)

    @property
    def pc(self) -> int:
        """The program counter."""
        return self.register(reg.UC_RISCV_REG_PC)

    @property
    def privilege(self) -> int:
        """0 user, 1 supervisor, 3 machine."""
        return self.register(reg.UC_RISCV_REG_PRIV)

    def argument(self, index: int) -> int:
        """One of a0 to a7."""
        return self.register(reg.UC_RISCV_REG_A0 + index)

    def set_argument(self, index: int, value: int) -> None:
        """Set one of a0 to a7."""
        self.set_register(reg.UC_RISCV_REG_A0 + index, value)

    def machine_register(self, number: int) -> int:
        """A control register of any level; nothing changes."""
        self.context.save()
        self.set_register(reg.UC_RISCV_REG_PRIV, slots.MACHINE)
        value = self.register(number)
        self.context.restore()
        return value

    @contextmanager
    def machine_mode(self) -> Iterator[None]:
        """Registers of all levels can be written inside. A reservation of `lr` is lost."""
        before = self.privilege
        self.set_register(reg.UC_RISCV_REG_PRIV, slots.MACHINE)
        yield
        self.set_register(reg.UC_RISCV_REG_PRIV, before)

    # ---- saving ----

    def save(self) -> dict[str, Any]:
        """All registers, and the counters."""
        self.context.save()
        data, status = self.context.data, self.context.word(self.places["mstatus"])
        self._set_place("mstatus", status | FLOATING_POINT)
        flags = self.register(reg.UC_RISCV_REG_FCSR)  # the flags are not in the context
        self._set_place("mstatus", status)
        return {
            "context": data, "fcsr": flags, "lines": self._lines,
            "cycles": self[slots.CYCLES], "exceptions": self[slots.EXCEPTIONS],
        }  # fmt: skip

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self._load_context(saved["context"])
        status = self.context.word(self.places["mstatus"])
        self._set_place("mstatus", status | FLOATING_POINT)
        self.set_register(reg.UC_RISCV_REG_FCSR, saved["fcsr"])
        self.context.data = saved["context"]
        self._lines = saved["lines"]
        self._show_interrupts()
        self[slots.CYCLES] = saved["cycles"]
        self[slots.EXCEPTIONS] = saved["exceptions"]

    def _load_context(self, data: bytes) -> None:
        self.context.data = data
        self.context.restore()
        self.flush_translations()

    def _place(self, name: str) -> int:
        """A field that the register interface does not show."""
        self.context.save()
        return self.context.word(self.places[name])

    def _set_place(self, name: str, value: int) -> None:
        """Change such a field; the context was saved just before."""
        self.context.set_word(self.places[name], value & ALL)
        self.context.restore()
