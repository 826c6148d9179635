"""The kernel's image into RAM: ELF by its program headers, at their physical addresses, as QEMU does."""

import struct
from dataclasses import dataclass
from io import BytesIO

from elftools.common.exceptions import ELFError
from elftools.construct.core import ConstructError
from elftools.elf.elffile import ELFFile

from atoll.abi import board as layout
from atoll.machine.errors import ImageError, megabytes

MAGIC = b"\x7fELF"
BITS = {1: 32, 2: 64}
MACHINE_FIELD = 18  # bytes into the header
RISCV = 243


@dataclass(frozen=True)
class Segment:
    """Bytes for a physical address, and how much room they take; what is beyond the bytes is zero."""

    address: int
    data: bytes
    size: int

    @property
    def end(self) -> int:
        """The first address behind."""
        return self.address + self.size


@dataclass(frozen=True)
class Image:
    """A kernel ready to be put into RAM."""

    segments: tuple[Segment, ...]
    entry: int

    @property
    def end(self) -> int:
        """The first address behind all segments."""
        return max(segment.end for segment in self.segments)


def read_elf(data: bytes) -> Image:
    """Read a kernel's ELF, refusing what the board cannot run."""
    if data[:4] != MAGIC:
        raise ImageError(f"the kernel is not an ELF file: it begins with {_shown(data[:4])}")
    bits = BITS.get(data[4] if len(data) > 4 else 0)
    if bits is None or len(data) < 64:
        raise ImageError("the kernel's ELF file is damaged: its header is cut off or makes no sense")
    (machine,) = struct.unpack_from("<H", data, MACHINE_FIELD)
    try:
        elf = ELFFile(BytesIO(data))
        name = str(elf["e_machine"]).removeprefix("EM_")
        if machine != RISCV:
            raise ImageError(f"the kernel's ELF file is for another machine: {name}; this board is RISCV (64 bits)")
        if bits != 64:
            raise ImageError("the kernel's ELF file is for a 32-bit CPU; this board has a 64-bit one")
        headers = [(segment.header, segment.data()) for segment in elf.iter_segments("PT_LOAD")]
        entry = int(elf["e_entry"])
    except (ELFError, ConstructError, UnicodeDecodeError, ValueError, AssertionError) as error:
        raise ImageError(f"the kernel's ELF file is damaged: {str(error) or type(error).__name__}") from error
    segments = []
    for header, content in headers:
        if len(content) != header["p_filesz"] or header["p_filesz"] > header["p_memsz"]:
            raise ImageError("the kernel's ELF file is damaged: a segment is longer than the file")
        if header["p_memsz"]:
            segments.append(Segment(header["p_paddr"], content, header["p_memsz"]))
        if header["p_vaddr"] <= elf["e_entry"] < header["p_vaddr"] + header["p_memsz"]:
            entry = int(elf["e_entry"]) - header["p_vaddr"] + header["p_paddr"]  # the CPU starts without translation
    if not segments:
        raise ImageError("the kernel's ELF file holds nothing to load: it has no PT_LOAD segment")
    return Image(tuple(segments), entry)


def check_placement(image: Image, ram_bytes: int, lowest: int, kept: int) -> None:
    """Refuse an image that does not fit into RAM, whose last `kept` bytes are taken, or that lies on the firmware."""
    room_end = layout.RAM + ram_bytes - kept
    for segment in image.segments:
        if segment.address < layout.RAM or segment.address >= 1 << 56:
            raise ImageError(
                f"the kernel has a segment at {segment.address:#x}, which is not RAM: RAM begins at {layout.RAM:#x}"
            )
        if segment.end > room_end:
            raise ImageError(
                f"the kernel does not fit into RAM: it ends at {segment.end:#x}, {megabytes(segment.end - layout.RAM)} "
                f"from RAM's beginning, and RAM is {megabytes(ram_bytes)}, the last {megabytes(kept)} not to be used"
            )
        if segment.address < lowest:
            raise ImageError(
                f"the kernel has a segment at {segment.address:#x}, where the firmware is: "
                f"link it at {layout.KERNEL:#x}"
            )


def _shown(data: bytes) -> str:
    return data.hex(" ") if data else "nothing: it is empty"
