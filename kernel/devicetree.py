"""The flattened device tree: the firmware's description of the machine, read once into a BootInfo.

It is a sequence of 32-bit big-endian tokens: a node begins (its name follows), a property (length, offset of its
name, value), a node ends. Each name and value is padded to 4 bytes. Source: Devicetree Specification 0.4, chapter 5.
"""

from atoll.abi import bootargs
from atoll.abi.boot import MAX_COMMAND_LINE, BootInfo
from atoll.abi.types import Array, Bytes, Text, u64, wrapping_shl

MAGIC = 0xD00D_FEED
TOTAL_SIZE = 4  # offsets in the header
STRUCTURE = 8
STRINGS = 12

BEGIN_NODE = 1
END_NODE = 2
PROPERTY = 3
END = 9

MAX_DEPTH = 16
CELL = 4  # bytes of one number; a larger one is several, the most significant first
BLANK = 0x20


# What the kernel looks for, by the texts of `device_type` and `compatible`; finish_node knows them by their places.
KINDS: Array[Text, 6] = Array(("", "memory", "ns16550a", "sifive,test1", "riscv,plic0", "virtio,mmio"))


class Node:
    """What is known of a node, from those of its properties that have come by."""

    kind: u64  # place in KINDS; 0: nothing that is looked for
    address: u64
    size: u64  # bytes
    address_cells: u64  # how many cells the addresses and sizes of its children have
    size_cells: u64


def size_of_tree(header: Bytes) -> u64:
    """Bytes of the whole tree, from its first bytes; 0 if this is no device tree."""
    return number(header, TOTAL_SIZE, 1) if number(header, 0, 1) == MAGIC else 0


def read_board(tree: Bytes, board: BootInfo) -> None:
    """Walk the tree, and keep in the board what the kernel uses."""
    nodes: Array[Node, MAX_DEPTH] = Array()  # from the root to the one being read
    depth: u64 = 0  # of that one; the root's is 1
    position = number(tree, STRUCTURE, 1)
    token = number(tree, position, 1)
    while token != END:
        position += CELL
        if token == BEGIN_NODE:
            depth += 1
            nodes[depth] = Node()
            nodes[depth].address_cells = 2
            nodes[depth].size_cells = 1
            position += padded(u64(len(text_in(tree, position))) + 1)
        elif token == END_NODE:
            finish_node(nodes[depth], board)
            depth -= 1
        elif token == PROPERTY:
            size = number(tree, position, 1)
            name = text_in(tree, number(tree, STRINGS, 1) + number(tree, position + CELL, 1))
            position += 2 * CELL
            read_property(name, tree[position : position + size], nodes[depth - 1], nodes[depth], board)
            position += padded(size)
        token = number(tree, position, 1)


def read_property(name: Text, value: Bytes, parent: Node, node: Node, board: BootInfo) -> None:
    """Take note of one property of a node; `parent` says how the numbers in `reg` are laid out."""
    if name == "#address-cells":
        node.address_cells = number(value, 0, 1)
    elif name == "#size-cells":
        node.size_cells = number(value, 0, 1)
    elif name == "device_type" or name == "compatible":
        for kind in range(u64(1), u64(len(KINDS))):
            node.kind = kind if contains(value, KINDS[kind], 0) else node.kind
    elif name == "reg" and len(value) >= (parent.address_cells + parent.size_cells) * CELL:
        node.address = number(value, 0, parent.address_cells)
        node.size = number(value, parent.address_cells * CELL, parent.size_cells)
    elif name == "timebase-frequency":
        board.timebase_hz = whole(value)
    elif name == "linux,initrd-start":
        board.initrd = whole(value)
    elif name == "linux,initrd-end":
        board.initrd_end = whole(value)
    elif name == "bootargs":
        board.quiet = 1 if contains(value, bootargs.QUIET, BLANK) else 0
        board.command_line_size = min(u64(len(text_in(value, 0))), MAX_COMMAND_LINE)
        for place in range(board.command_line_size):
            board.command_line[place] = value[place]


def finish_node(node: Node, board: BootInfo) -> None:
    """All of a node's properties have been read: keep what it is."""
    match node.kind:
        case 1:  # memory
            board.ram = node.address
            board.ram_end = node.address + node.size
        case 2:  # UART
            board.uart = node.address
        case 3:  # test device
            board.test_device = node.address
        case 4:  # PLIC
            board.plic = node.address
        case 5 if board.virtio == 0 or node.address < board.virtio:
            board.virtio = node.address


# ---- numbers and texts ----


def number(data: Bytes, offset: u64, count: u64) -> u64:
    """A number of `count` cells; of more than two (PCI addresses) the low 64 bits."""
    value: u64 = 0
    for i in range(offset, offset + count * CELL):
        value = wrapping_shl(value, 8) | u64(data[i])
    return value


def whole(value: Bytes) -> u64:
    """A property that is one number, of one cell or two."""
    return number(value, 0, u64(len(value)) // CELL)


def text_in(data: Bytes, offset: u64, separator: u64 = 0) -> Text:
    """The text up to the next zero byte or separator, or the end."""
    end = offset
    while end < len(data) and data[end] != 0 and data[end] != separator:
        end += 1
    return str(data[offset:end], "utf-8")


def contains(value: Bytes, text: Text, separator: u64) -> bool:
    """Whether a text is one of several in a value, each ended by a zero byte or a separator."""
    offset: u64 = 0
    while offset < len(value):
        item = text_in(value, offset, separator)
        if item == text:
            return True
        offset += u64(len(item)) + 1
    return False


def padded(size: u64) -> u64:
    """A size in bytes, rounded up to whole cells."""
    return (size + CELL - 1) // CELL * CELL
