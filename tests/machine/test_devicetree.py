"""The device tree says of each device what QEMU's own tree says of it."""

import subprocess
from pathlib import Path
from typing import Any

import fdt
import pytest

from atoll.machine.config import BoardConfig
from atoll.machine.devicetree import Initrd, device_tree

SHARED = [
    "/memory@80000000", "/soc", "/soc/serial@10000000", "/soc/test@100000", "/soc/plic@c000000", "/soc/clint@2000000",
    "/poweroff", "/reboot", "/cpus", "/cpus/cpu@0/interrupt-controller",
    *(f"/soc/virtio_mmio@1000{slot}000" for slot in range(1, 9)),
]  # fmt: skip


def parsed(data: bytes) -> Any:
    return fdt.parse_dtb(data)


def properties(tree: Any, path: str) -> dict[str, Any]:
    return {item.name: getattr(item, "data", None) for item in tree.get_node(path).props}


def test_what_the_kernel_is_told() -> None:
    config = BoardConfig(bootargs="node=node1 seed=3", ram_bytes=64 << 20)
    tree = parsed(device_tree(config, Initrd(0x8420_0000, 0x8420_1234), b"\1\2\3\4"))
    chosen = properties(tree, "/chosen")
    assert chosen["bootargs"] == ["node=node1 seed=3"]
    assert chosen["stdout-path"] == ["/soc/serial@10000000"]
    assert chosen["linux,initrd-start"] == [0, 0x8420_0000]
    assert chosen["linux,initrd-end"] == [0, 0x8420_1234]
    assert properties(tree, "/memory@80000000")["reg"] == [0, 0x8000_0000, 0, 64 << 20]
    assert properties(tree, "/cpus")["timebase-frequency"] == [10_000_000]
    assert properties(tree, "/cpus/cpu@0")["riscv,isa"] == ["rv64imafd_zicsr_zifencei"]


def test_a_board_without_initrd_or_arguments_does_not_mention_them() -> None:
    chosen = properties(parsed(device_tree(BoardConfig())), "/chosen")
    assert set(chosen) == {"stdout-path"}


@pytest.mark.qemu
def test_it_agrees_with_the_tree_of_qemu(tmp_path: Path) -> None:
    file = tmp_path / "virt.dtb"
    command = ["qemu-system-riscv64", "-M", f"virt,dumpdtb={file}", "-m", "128M", "-display", "none"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    theirs, ours = parsed(file.read_bytes()), parsed(device_tree(BoardConfig()))
    for path in SHARED:
        assert properties(ours, path) == properties(theirs, path), path
    cpu = properties(theirs, "/cpus/cpu@0")
    cpu["riscv,isa"] = properties(ours, "/cpus/cpu@0")["riscv,isa"]  # what the CPU can do differs
    assert properties(ours, "/cpus/cpu@0") == cpu
