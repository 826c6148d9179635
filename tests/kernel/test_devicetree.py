"""The kernel's reader of device trees, on trees made by the `fdt` library and on what the board itself hands out."""

from typing import Any

import fdt
import pytest

from tests.kernel.support import guest

devicetree = guest("kernel.devicetree")


def tree(*nodes: Any, cells: tuple[int, int] = (2, 2)) -> bytes:
    """A device tree with these nodes under its root."""
    made = fdt.FDT()
    made.root = node("/", words("#address-cells", cells[0]), words("#size-cells", cells[1]), *nodes)
    return bytes(made.to_dtb(version=17, last_comp_version=16, boot_cpuid_phys=0))


def node(name: str, *items: Any) -> Any:
    """A node with properties and nodes in it."""
    made = fdt.Node(name)
    for item in items:
        made.append(item)
    return made


def words(name: str, *values: int) -> Any:
    """A property of 32-bit numbers."""
    return fdt.PropWords(name, *values)


def texts(name: str, *values: str) -> Any:
    """A property of texts."""
    return fdt.PropStrings(name, *values)


def read(blob: bytes) -> Any:
    """The board that the kernel makes of a tree."""
    assert devicetree.size_of_tree(blob[:8]) == len(blob)
    board = devicetree.BootInfo()
    devicetree.read_board(blob, board)
    return board


def test_memory_and_its_size_in_cells_of_the_root() -> None:
    memory = node("memory@80000000", texts("device_type", "memory"), words("reg", 0, 0x8000_0000, 1, 0))
    board = read(tree(memory))
    assert (board.ram, board.ram_end) == (0x8000_0000, 0x1_8000_0000)
    memory = node("memory@80000000", words("reg", 0x8000_0000, 0x100_0000), texts("device_type", "memory"))
    board = read(tree(memory, cells=(1, 1)))
    assert (board.ram, board.ram_end) == (0x8000_0000, 0x8100_0000)


def test_devices_by_what_they_are_compatible_with() -> None:
    uart = node("serial@10000000", words("reg", 0, 0x1000_0000, 0, 0x100), texts("compatible", "ns16550a"))
    test = node(
        "test@100000",
        texts("compatible", "sifive,test1", "sifive,test0", "syscon"),
        words("reg", 0, 0x10_0000, 0, 0x1000),
    )
    other = node("rtc@101000", texts("compatible", "google,goldfish-rtc"), words("reg", 0, 0x10_1000, 0, 0x1000))
    soc = node("soc", words("#address-cells", 2), words("#size-cells", 2), test, uart, other)
    board = read(tree(soc))
    assert (board.uart, board.test_device) == (0x1000_0000, 0x10_0000)


def test_addresses_of_three_cells_do_no_harm() -> None:
    inner = node("card@0", words("reg", 0xFFFF_FFFF, 0xFFFF_FFFF, 1, 0, 2))
    bridge = node("pci@30000000", words("#address-cells", 3), words("#size-cells", 2), inner)
    assert read(tree(bridge)).ram_end == 0


@pytest.mark.parametrize("cells", [(0x8400_0000,), (0, 0x8400_0000)], ids=["one cell", "two cells"])
def test_the_initial_ram_disk(cells: tuple[int, ...]) -> None:
    chosen = node("chosen", words("linux,initrd-start", *cells), words("linux,initrd-end", *cells[:-1], 0x8400_1234))
    board = read(tree(chosen))
    assert (board.initrd, board.initrd_end) == (0x8400_0000, 0x8400_1234)


def test_timebase() -> None:
    cpus = node("cpus", words("#address-cells", 1), words("#size-cells", 0), words("timebase-frequency", 10_000_000),
                node("cpu@0", words("reg", 0), texts("device_type", "cpu")))  # fmt: skip
    assert read(tree(cpus)).timebase_hz == 10_000_000


@pytest.mark.parametrize(
    ("line", "quiet"),
    [
        ("node=node1", False),
        ("quiet", True),
        ("node=node1 quiet", True),
        ("quiet seed=7", True),
        ("quiets", False),
        ("x=quiet", False),
    ],
)
def test_words_of_the_command_line(line: str, quiet: bool) -> None:
    board = read(tree(node("chosen", texts("bootargs", line))))
    assert board.quiet == quiet
    assert bytes(board.command_line[: board.command_line_size]).decode() == line


def test_only_the_beginning_of_a_long_command_line_is_kept() -> None:
    board = read(tree(node("chosen", texts("bootargs", "x" * 255 + "yz"))))
    assert bytes(board.command_line[: board.command_line_size]).decode() == "x" * 255 + "y"


def test_what_is_no_device_tree() -> None:
    assert devicetree.size_of_tree(b"\x7fELF" + bytes(4)) == 0
