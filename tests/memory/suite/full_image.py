"""A program's file made such that all of its data comes from the file. (The compiler puts only what is not zero there,
which every program begins to write to at once.)
"""

from atoll.abi import elf
from atoll.abi.types import Array, Bytes, u8, u64
from atoll.userland.runtime.image.elf import header_of, number, segment_count
from atoll.userland.runtime.image.start_page import put_number


class FullImage:
    """The file."""

    data: Array[u8, 800 << 10]
    size: u64

    def make(self, image: Bytes) -> None:
        """From the program's file: behind it are its data, as it finds them in memory when it starts."""
        self.data[0 : len(image)] = image
        self.size = u64(len(image))
        for index in range(segment_count(image)):
            header = header_of(image, index)
            is_loaded = number(image, header + elf.KIND, 4) == elf.LOAD
            if is_loaded and number(image, header + elf.FLAGS, 4) & elf.WRITE != 0:
                offset, old = number(image, header + elf.OFFSET, 8), number(image, header + elf.FILE_SIZE, 8)
                memory_size = number(image, header + elf.MEMORY_SIZE, 8)
                self.data[self.size : self.size + old] = image[offset : offset + old]
                put_number(self.data[:], header + elf.OFFSET, self.size)
                put_number(self.data[:], header + elf.FILE_SIZE, memory_size)
                self.size += memory_size
