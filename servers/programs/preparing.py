"""What programs that are being prepared will be started with, until they are: arguments, environment, handles."""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, Bytes, Text, u8, u64
from atoll.servers.programs.interface import BadRequest
from atoll.servers.programs.loading import Loading
from atoll.userland.runtime.image.start_page import StartPage, StartPageFull
from atoll.userland.runtime.objects import Process

MOST_PREPARED = 8  # at one time
MOST_HANDLES = 16
MOST_BYTES = 6144  # of all arguments, and of all environment entries
MOST_NAME = 32
NOBODY = 0xFFFF


class Given:
    """A named handle, in the program's table already."""

    length: u64
    name: Array[u8, MOST_NAME]
    handle: u64


class Preparation:
    """One program's."""

    place: u64  # in the table of programs; NOBODY
    arguments: Array[u8, MOST_BYTES]
    arguments_size: u64
    environment: Array[u8, MOST_BYTES]
    environment_size: u64
    handles: Array[Given, MOST_HANDLES]
    handle_count: u64
    loading: Loading

    def set_arguments(self, data: Bytes) -> None:
        """Texts, each ended by a zero byte. Raises BadRequest."""
        check_texts(data)
        self.arguments_size = u64(len(data))
        self.arguments[0 : self.arguments_size] = data

    def set_environment(self, data: Bytes) -> None:
        """Likewise."""
        check_texts(data)
        self.environment_size = u64(len(data))
        self.environment[0 : self.environment_size] = data

    def identify(self, start: Text, end: Bytes) -> None:
        """Another environment entry, in front of the others, in two parts. Raises BadRequest."""
        size = u64(len(start) + len(end)) + 1
        if self.environment_size + size > MOST_BYTES:
            raise BadRequest(f"at most {MOST_BYTES} bytes of environment")
        for i in range(self.environment_size):
            place = self.environment_size - 1 - i
            self.environment[place + size] = self.environment[place]
        self.environment[0 : len(start)] = start.encode()
        self.environment[len(start) : size - 1] = end
        self.environment[size - 1] = 0
        self.environment_size += size

    def has(self, name: Text) -> bool:
        """Whether it was given a handle of that name."""
        for i in range(self.handle_count):
            if self.handles[i].name[0 : self.handles[i].length] == name.encode():
                return True
        return False

    def give(self, process: Process, name: Text, handle: u64) -> None:
        """Move a handle into the program's table. Raises BadRequest, KernelError."""
        if self.handle_count == MOST_HANDLES or len(name) > MOST_NAME or handle == NO_HANDLE:
            raise BadRequest(f"at most {MOST_HANDLES} handles, with names of at most {MOST_NAME} bytes")
        given = self.handles[self.handle_count]
        given.handle = process.install(handle)
        given.length = u64(len(name))
        given.name[0 : given.length] = name.encode()
        self.handle_count += 1

    def write(self, page: StartPage) -> None:
        """The start page. Raises BadRequest."""
        page.clear()
        try:
            self.write_all(page)
        except StartPageFull as error:
            raise BadRequest(f"{error}") from None

    def write_all(self, page: StartPage) -> None:
        """All its records."""
        start: u64 = 0
        while start < self.arguments_size:
            end = end_of_text(self.arguments[:], start)
            page.add_argument(self.arguments[start:end])
            start = end + 1
        start = 0
        while start < self.environment_size:
            end = end_of_text(self.environment[:], start)
            page.add_environment(self.environment[start:end])
            start = end + 1
        for i in range(self.handle_count):
            given = self.handles[i]
            page.add_handle(str(given.name[0 : given.length], "utf-8"), given.handle)


class Preparations:
    """All of them."""

    items: Array[Preparation, MOST_PREPARED]

    def clear(self) -> None:
        """None yet."""
        for item in self.items:
            item.place = NOBODY

    def add(self, place: u64) -> Preparation | None:
        """One for the program at that place; None if too many are being prepared."""
        for item in self.items:
            if item.place == NOBODY:
                item.place = place
                item.arguments_size = 0
                item.environment_size = 0
                item.handle_count = 0
                item.loading.size, item.loading.missing = 0, 0
                return item
        return None

    def of(self, place: u64) -> Preparation:
        """The one of the program at that place. Raises BadRequest."""
        for item in self.items:
            if item.place == place:
                return item
        raise BadRequest("the program has been started already")

    def drop(self, place: u64) -> None:
        """It is started, or gone."""
        for item in self.items:
            if item.place == place:
                item.place = NOBODY


def check_texts(data: Bytes) -> None:
    """Raises BadRequest."""
    if len(data) > MOST_BYTES:
        raise BadRequest(f"at most {MOST_BYTES} bytes of arguments, and of environment")
    if len(data) > 0 and data[len(data) - 1] != 0:
        raise BadRequest("each text ends with a zero byte")


def end_of_text(data: Bytes, start: u64) -> u64:
    """Where the zero byte is."""
    end = start
    while data[end] != 0:
        end += 1
    return end
