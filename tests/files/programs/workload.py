"""A fixed workload on a file system in memory: compiled, it must leave the very disk that it leaves in CPython.

`image.py` beside it holds the disk as runs of bytes; the test makes it.
"""

from image import RUNS, SIZE

from atoll.abi.types import Array, Bytes, Slice, u8, u64
from atoll.servers.files import contents, inodes, mount, operations, truncation
from atoll.servers.files.device import Device
from atoll.servers.files.interface import DirectoryNotEmpty, DiskFull, FileExists, NoSuchFile
from atoll.servers.files.volume import Volume
from atoll.userland.runtime.system import clock

SECOND = 1_000_000_000  # nanoseconds
SECTOR = 512
POOL_SIZE = 256 * 1024
LARGE = 40_000
ADLER = 65521  # RFC 1950

disk: Array[u8, SIZE] = Array()
pool: Array[u8, POOL_SIZE] = Array()
buffer: Array[u8, 65536] = Array()
volume: Volume = Volume()


def read(handle: u64, sector: u64, into: Slice[u8]) -> None:
    """The disk."""
    into[0 : len(into)] = disk[sector * SECTOR : sector * SECTOR + u64(len(into))]


def write(handle: u64, sector: u64, data: Bytes) -> None:
    """The disk."""
    disk[sector * SECTOR : sector * SECTOR + u64(len(data))] = data


def flush(handle: u64) -> None:
    """The disk never forgets."""


def load() -> None:
    """Put the image onto the disk: each run is an offset and a length, 4 bytes each, and its bytes."""
    place: u64 = 0
    while place < u64(len(RUNS)):
        offset = number_at(place)
        size = number_at(place + 4)
        disk[offset : offset + size] = RUNS[place + 8 : place + 8 + size]
        place += 8 + size


def number_at(place: u64) -> u64:
    """Four bytes of the runs."""
    return (
        u64(RUNS[place]) | u64(RUNS[place + 1]) << 8 | u64(RUNS[place + 2]) << 16 | u64(RUNS[place + 3]) << 24
    )


def start() -> None:
    """Mount."""
    load()
    device = Device(0, SIZE // SECTOR, read, write, flush)
    mount.mount(volume, device, pool[:], 1000 * SECOND + 7)


def work(fill: bool) -> None:
    """A bit of everything; `fill` the disk too."""
    for index in range(65536):
        buffer[index] = u8(index * 7 % 251)
    operations.make_directory(volume, b"/dir", 0o755, 1001 * SECOND + 7)
    number = operations.create_file(volume, b"/dir/large", 0o644, False, 1002 * SECOND + 7)
    contents.write(volume, number, 3, buffer[0:LARGE], 1003 * SECOND + 7)
    contents.write(volume, number, 300_000, buffer[0:5000], 1004 * SECOND + 7)
    truncation.truncate(volume, number, 302_000, 1005 * SECOND + 7)
    for letter in b"abcdefghij":
        name: Array[u8, 100] = Array()
        for index in range(100):
            name[index] = letter
        name[0:5] = b"/dir/"
        operations.create_file(volume, name[:], 0o600, True, 1006 * SECOND + 7)
    mount.sync(volume)
    operations.link(volume, b"/dir/large", b"/other", 1007 * SECOND + 7)
    operations.make_link(volume, b"dir/.", b"/short", 1008 * SECOND + 7)
    operations.make_link(volume, buffer[1:101], b"/long", 1009 * SECOND + 7)
    operations.rename(volume, b"/dir/large", b"/moved", 1010 * SECOND + 7)
    gone = operations.remove(volume, b"/moved", 1011 * SECOND + 7)
    print("gone", gone)
    mount.sync(volume)
    errors()
    if fill:
        fill_up()
    truncation.truncate(volume, number, 700, 1013 * SECOND + 7)
    info = inodes.describe(volume, operations.look_up(volume, b"/short/../other"))
    print("other", info.inode, info.size, info.sectors, info.links, info.modified)


def errors() -> None:
    """What is refused."""
    try:
        operations.look_up(volume, b"/dir/nothing")
    except NoSuchFile as error:
        print(f"NoSuchFile {error}")
    try:
        operations.create_file(volume, b"/other", 0o644, True, 1012 * SECOND + 7)
    except FileExists as error:
        print(f"FileExists {error}")
    try:
        operations.remove_directory(volume, b"/dir", 1012 * SECOND + 7)
    except DirectoryNotEmpty as error:
        print(f"DirectoryNotEmpty {error}")


def fill_up() -> None:
    """The disk becomes full, and has room again."""
    number = operations.create_file(volume, b"/full", 0o644, False, 1012 * SECOND + 7)
    place: u64 = 0
    try:
        while True:
            place += contents.write(volume, number, place, buffer[:], 1012 * SECOND + 7)
    except DiskFull as error:
        print(f"DiskFull after {place}: {error}")
    inodes.delete(volume, operations.remove(volume, b"/full", 1012 * SECOND + 7), 1012 * SECOND)


def checksum() -> u64:
    """Adler-32 of the disk."""
    low: u64 = 1
    high: u64 = 0
    for byte in disk:
        low = (low + byte) % ADLER
        high = (high + low) % ADLER
    return high << 16 | low


def speed() -> None:
    """Instructions of reading and writing, at a nanosecond each, in calls of 4 and 64 KiB."""
    number = operations.create_file(volume, b"/speed", 0o644, False, 1014 * SECOND + 7)
    for size in (4096, 65536):
        for turn in range(2):
            begin = clock()
            for index in range(131072 // size):
                contents.write(volume, number, u64(index * size), buffer[0:size], 1014 * SECOND + 7)
            mount.sync(volume)
            print(f"speed write {size} {turn} {clock() - begin}")
        for turn in range(2):
            begin = clock()
            for index in range(131072 // size):
                contents.read(volume, number, u64(index * size), buffer[0:size])
            print(f"speed read {size} {turn} {clock() - begin}")
    inodes.delete(volume, operations.remove(volume, b"/speed", 1014 * SECOND + 7), 1015 * SECOND)


def main() -> None:
    """Work, unmount, and say what is on the disk."""
    start()
    work(True)
    mount.unmount(volume, 1016 * SECOND + 7)
    print("disk", checksum())
    mount.mount(volume, Device(0, SIZE // SECTOR, read, write, flush), pool[:], 1017 * SECOND + 7)
    speed()
