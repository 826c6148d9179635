"""The device tree that the kernel is given: the parts of QEMU's `virt` that this board has, under the same names.

Source: Devicetree Specification 0.4; names and properties as `qemu-system-riscv64 -M virt,dumpdtb=FILE` of 7.2 writes
them.
"""

from dataclasses import dataclass
from typing import Any

import fdt

from atoll.abi import board as layout
from atoll.machine.config import BoardConfig

VERSION = 17
CPU, CPU_INTERRUPTS, PLIC, TEST = 1, 2, 3, 4  # handles
MACHINE_SOFTWARE, MACHINE_TIMER, MACHINE_EXTERNAL, SUPERVISOR_EXTERNAL = 3, 7, 11, 9  # interrupts of a hart
UART_CLOCK = 3_686_400


@dataclass(frozen=True)
class Initrd:
    """Where the initial RAM disk lies, in physical addresses."""

    start: int
    end: int


def device_tree(config: BoardConfig, initrd: Initrd | None = None, seed: bytes = b"") -> bytes:
    """The flattened tree of a board; `seed` becomes /chosen/rng-seed."""
    root = _node(
        "/",
        _words("#address-cells", 2),
        _words("#size-cells", 2),
        _texts("compatible", "riscv-virtio"),
        _texts("model", "riscv-virtio,atoll"),
        _chosen(config, initrd, seed),
        _system_control("poweroff", layout.TEST_PASS),
        _system_control("reboot", layout.TEST_RESET),
        _node(
            f"memory@{layout.RAM:x}",
            _texts("device_type", "memory"),
            _registers(layout.RAM, config.ram_bytes),
        ),
        _cpus(config),
        _devices(),
    )
    tree = fdt.FDT()
    tree.root = root
    return bytes(tree.to_dtb(version=VERSION, last_comp_version=16, boot_cpuid_phys=0))


def _chosen(config: BoardConfig, initrd: Initrd | None, seed: bytes) -> Any:
    node = _node("chosen", _texts("stdout-path", f"/soc/serial@{layout.UART:x}"))
    if config.bootargs:
        node.append(_texts("bootargs", config.bootargs))
    if initrd is not None:
        node.append(_words("linux,initrd-start", *_halves(initrd.start)))
        node.append(_words("linux,initrd-end", *_halves(initrd.end)))
    if seed:
        node.append(fdt.PropBytes("rng-seed", data=seed))
    return node


def _system_control(name: str, value: int) -> Any:
    return _node(
        name,
        _words("value", value),
        _words("offset", 0),
        _words("regmap", TEST),
        _texts("compatible", f"syscon-{name}"),
    )


def _cpus(config: BoardConfig) -> Any:
    extensions = "imafdc" if config.compressed else "imafd"
    interrupts = _node(
        "interrupt-controller",
        _words("#interrupt-cells", 1),
        _flag("interrupt-controller"),
        _texts("compatible", "riscv,cpu-intc"),
        _words("phandle", CPU_INTERRUPTS),
    )
    cpu = _node(
        "cpu@0",
        _words("phandle", CPU),
        _texts("device_type", "cpu"),
        _words("reg", 0),
        _texts("status", "okay"),
        _texts("compatible", "riscv"),
        _texts("riscv,isa", f"rv64{extensions}_zicsr_zifencei"),
        _texts("mmu-type", "riscv,sv48"),
        interrupts,
    )
    return _node(
        "cpus",
        _words("#address-cells", 1),
        _words("#size-cells", 0),
        _words("timebase-frequency", layout.TIMEBASE_HZ),
        cpu,
        _node("cpu-map", _node("cluster0", _node("core0", _words("cpu", CPU)))),
    )


def _devices() -> Any:
    soc = _node(
        "soc",
        _words("#address-cells", 2),
        _words("#size-cells", 2),
        _texts("compatible", "simple-bus"),
        _flag("ranges"),
        _device(
            "serial", layout.UART, layout.UART_SIZE, layout.UART_INTERRUPT, "ns16550a",
            _words("clock-frequency", UART_CLOCK),
        ),
        _device(
            "test", layout.TEST_DEVICE, layout.TEST_DEVICE_SIZE, None, ("sifive,test1", "sifive,test0", "syscon"),
            _words("phandle", TEST),
        ),
    )  # fmt: skip
    for slot in range(layout.VIRTIO_SLOTS):
        address = layout.VIRTIO + slot * layout.VIRTIO_SIZE
        soc.append(
            _device("virtio_mmio", address, layout.VIRTIO_SIZE, layout.VIRTIO_INTERRUPT + slot, "virtio,mmio")
        )
    soc.append(_interrupt_controller())
    soc.append(
        _device(
            "clint", layout.CLINT, layout.CLINT_SIZE, None, ("sifive,clint0", "riscv,clint0"),
            _words("interrupts-extended", CPU_INTERRUPTS, MACHINE_SOFTWARE, CPU_INTERRUPTS, MACHINE_TIMER),
        )
    )  # fmt: skip
    return soc


def _interrupt_controller() -> Any:
    return _device(
        "plic", layout.PLIC, layout.PLIC_SIZE, None, ("sifive,plic-1.0.0", "riscv,plic0"),
        _words("phandle", PLIC),
        _words("riscv,ndev", layout.INTERRUPT_SOURCES),
        _words("interrupts-extended", CPU_INTERRUPTS, MACHINE_EXTERNAL, CPU_INTERRUPTS, SUPERVISOR_EXTERNAL),
        _flag("interrupt-controller"),
        _words("#address-cells", 0),
        _words("#interrupt-cells", 1),
    )  # fmt: skip


def _device(
    name: str, base: int, size: int, interrupt: int | None, compatible: str | tuple[str, ...], *more: Any
) -> Any:
    names = (compatible,) if isinstance(compatible, str) else compatible
    node = _node(f"{name}@{base:x}", *more, _registers(base, size), _texts("compatible", *names))
    if interrupt is not None:
        node.append(_words("interrupts", interrupt))
        node.append(_words("interrupt-parent", PLIC))
    return node


def _registers(base: int, size: int) -> Any:
    return _words("reg", *_halves(base), *_halves(size))


def _halves(value: int) -> tuple[int, int]:
    return value >> 32, value & 0xFFFF_FFFF


def _node(name: str, *items: Any) -> Any:
    node = fdt.Node(name)
    for item in items:
        node.append(item)
    return node


def _words(name: str, *values: int) -> Any:
    return fdt.PropWords(name, *values)


def _texts(name: str, *values: str) -> Any:
    return fdt.PropStrings(name, *values)


def _flag(name: str) -> Any:
    return fdt.Property(name)
