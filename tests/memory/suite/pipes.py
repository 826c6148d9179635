"""Pipes: bytes come out as they went in, both ends wait for each other, and notice when the other is closed."""

from handing import swap
from tally import test
from world import Server, begin, close, create_port, end, free_server, start_server, wait_for_death

from atoll.abi.types import Array, Text, low8, u8, u64
from atoll.servers.pipe.interface import NoSuchPipe, Pipes, TooManyPipes
from atoll.servers.root import machine
from atoll.servers.stream.interface import BrokenPipe, Stream, StreamError
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.threads import start_thread

CAPACITY = 4096
PIPES = 64
WAITERS = 4
SHORT = 200_000  # nanoseconds: long enough for a thread to come to where it waits
QUOTA = 100
MOST = 10
BROKEN = 1 << 32  # what a worker tells instead of a size
REFUSED = 1 << 33

server: Server = Server()
successor: Server = Server()
pipes: Pipes = Pipes(0)
buffer: Array[u8, 3 * CAPACITY] = Array()


class Ends:
    """A pipe's ends."""

    write: Stream
    read: Stream

    def close(self) -> None:
        """Both."""
        close(self.write.handle)
        close(self.read.handle)


class Worker:
    """A thread that makes one call."""

    stack: Array[u8, 16384]
    data: Array[u8, 2 * CAPACITY]
    stream: Stream
    size: u64
    done: SharedNumber
    result: SharedNumber


workers: Array[Worker, MOST] = Array()


# ---- what tests do ----


def open_server() -> None:
    """A pipe server."""
    port = create_port()
    pipes.handle = port.mint(1).handle
    start_server(server, QUOTA, port, "")


def close_server(which: Server) -> None:
    """End it."""
    which.program.process.destroy(0)
    close(wait_for_death(which.port))
    free_server(which)
    close(pipes.handle)


def open_pipe(ends: Ends) -> None:
    """Both ends."""
    number, writer = pipes.create()
    ends.write.handle = writer
    ends.read.handle = pipes.reader(number).handle


def fill(size: u64, first: u64) -> None:
    """Bytes that tell their place."""
    for i in range(size):
        buffer[i] = low8((first + i) * 7 + (first + i) // 256)


def are_right(size: u64, first: u64) -> bool:
    """Whether the bytes in the buffer are those."""
    for i in range(size):
        if buffer[i] != low8((first + i) * 7 + (first + i) // 256):
            return False
    return True


def write_all(stream: Stream, size: u64, first: u64) -> None:
    """Write such bytes."""
    fill(size, first)
    done: u64 = 0
    while done < size:
        done += stream.write(buffer[done:size])


def read_part(stream: Stream, most: u64, first: u64) -> u64:
    """Read, and see that the bytes are right; how many."""
    size = stream.read(buffer[0:most])
    assert are_right(size, first), f"wrong bytes behind {first}"
    return size


# ---- threads that wait ----


def read_in_thread(number: u64, stream: Stream, size: u64) -> None:
    """A thread reads."""
    begin_work(number, stream, size)
    start_thread(machine.this_process(), read_once, number, workers[number].stack[:], 16).close()
    sleep(SHORT)


def write_in_thread(number: u64, stream: Stream, size: u64) -> None:
    """A thread writes."""
    begin_work(number, stream, size)
    start_thread(machine.this_process(), write_once, number, workers[number].stack[:], 16).close()
    sleep(SHORT)


def begin_work(number: u64, stream: Stream, size: u64) -> None:
    """What the thread is to do."""
    workers[number].stream.handle = stream.handle
    workers[number].size = size
    workers[number].done.write(0)


def read_once(number: u64) -> None:
    """The thread that reads."""
    worker = workers[number]
    try:
        worker.result.write(worker.stream.read(worker.data[0 : worker.size]))
    except StreamError:
        worker.result.write(REFUSED)
    worker.done.write(1)


def write_once(number: u64) -> None:
    """The thread that writes."""
    worker = workers[number]
    for i in range(worker.size):
        worker.data[i] = low8(i * 7 + i // 256)
    try:
        worker.result.write(worker.stream.write(worker.data[0 : worker.size]))
    except BrokenPipe:
        worker.result.write(BROKEN)
    except StreamError:
        worker.result.write(REFUSED)
    worker.done.write(1)


def is_waiting(number: u64) -> bool:
    """Whether the thread's call has not been answered yet."""
    return workers[number].done.read() == 0


def result_of(number: u64) -> u64:
    """How the thread's call ended."""
    sleep(SHORT)
    assert not is_waiting(number), f"thread {number} still waits"
    return workers[number].result.read()


# ---- tests ----


def bytes_in_order() -> None:
    """In parts of all sizes, round the ring several times."""
    open_server()
    ends = Ends()
    open_pipe(ends)
    written: u64 = 0
    taken: u64 = 0
    for part in (1, 4095, 4000, 17, 3000, 1096, 8, 4095):
        write_all(ends.write, u64(part), written)
        written += u64(part)
        while taken < written:
            size = read_part(ends.read, 999, taken)
            assert size > 0
            taken += size
    assert taken == 16312
    ends.close()
    close_server(server)


def reader_waits() -> None:
    """It gets what is written, as much as it has room for; the next reader gets the rest."""
    open_server()
    ends = Ends()
    open_pipe(ends)
    read_in_thread(0, ends.read, 10)
    read_in_thread(1, ends.read, 100)
    assert is_waiting(0) and is_waiting(1)
    write_all(ends.write, 25, 0)
    assert result_of(0) == 10
    assert result_of(1) == 15
    assert workers[0].data[9] == 63 and workers[1].data[0] == 70
    assert ends.read.read(buffer[0:0]) == 0
    ends.close()
    close_server(server)


def writer_waits() -> None:
    """It is answered when there is room again; a second one writes nothing before that, and is told so."""
    open_server()
    ends = Ends()
    open_pipe(ends)
    write_in_thread(0, ends.write, 2 * CAPACITY)
    write_in_thread(1, ends.write, 50)
    assert is_waiting(0) and is_waiting(1)
    assert read_part(ends.read, 96, 0) == 96
    assert result_of(0) == CAPACITY
    assert result_of(1) == 0
    assert read_part(ends.read, 2 * CAPACITY, 96) == CAPACITY - 96
    ends.close()
    close_server(server)


def end_of_file() -> None:
    """What is in the pipe is read first; who waits already hears at once."""
    open_server()
    first, second = Ends(), Ends()
    open_pipe(first)
    write_all(first.write, 5, 0)
    close(first.write.handle)
    assert read_part(first.read, 100, 0) == 5
    assert first.read.read(buffer[0:9]) == 0
    assert first.read.read(buffer[0:9]) == 0
    close(first.read.handle)
    open_pipe(second)
    read_in_thread(0, second.read, 9)
    read_in_thread(1, second.read, 9)
    close(second.write.handle)
    assert result_of(0) == 0
    assert result_of(1) == 0
    close(second.read.handle)
    close_server(server)


def broken() -> None:
    """Nobody reads any more: who writes hears of it, and who waits to write."""
    open_server()
    first, second = Ends(), Ends()
    open_pipe(first)
    write_all(first.write, 100, 0)
    close(first.read.handle)
    assert is_broken(first.write)
    close(first.write.handle)
    open_pipe(second)
    write_in_thread(0, second.write, CAPACITY)
    write_in_thread(1, second.write, 10)
    close(second.read.handle)
    assert result_of(0) == BROKEN
    assert result_of(1) == BROKEN
    close(second.write.handle)
    close_server(server)


def is_broken(stream: Stream) -> bool:
    """Whether writing raises BrokenPipe."""
    try:
        stream.write(b"x")
    except BrokenPipe:
        return True
    return False


def wrong_ends() -> None:
    """Each end does one thing; a read end is given once; the public gate is no end."""
    open_server()
    ends = Ends()
    number, ends.write.handle = pipes.create()
    ends.read.handle = pipes.reader(number).handle
    assert error_of(ends.write, True) == "not the read end of a pipe"
    assert error_of(ends.read, False) == "not the write end of a pipe"
    assert error_of(Stream(pipes.handle), False) == "not the write end of a pipe"
    for wrong in (number, number + 1, 0):
        try:
            close(pipes.reader(wrong).handle)
            raise AssertionError("a read end twice, or of no pipe")
        except NoSuchPipe:
            continue
    ends.close()
    close_server(server)


def error_of(stream: Stream, is_read: bool) -> Text:
    """What is wrong with reading or writing there: one of the texts that are expected, or nothing."""
    try:
        if is_read:
            stream.read(buffer[0:100])
        else:
            stream.write(b"x")
    except StreamError as error:
        for text in ("not the read end of a pipe", "not the write end of a pipe"):
            if f"{error}" == text:
                return text
    return ""


def as_many_as_fit() -> None:
    """The table has an end; pipes that are closed, even by halves that nobody took, make room."""
    open_server()
    writers: Array[u64, PIPES] = Array()
    for number in range(u64(PIPES)):
        _, writers[number] = pipes.create()
    try:
        pipes.create()
        raise AssertionError("one pipe too many")
    except TooManyPipes:
        close(writers[5])
    _, writers[5] = pipes.create()
    for writer in writers:
        close(writer)
    ends = Ends()
    open_pipe(ends)
    write_all(ends.write, 3, 0)
    assert read_part(ends.read, 9, 0) == 3
    ends.close()
    close_server(server)


def too_many_wait() -> None:
    """Who comes when all places are taken is refused, the others go on."""
    open_server()
    ends = Ends()
    open_pipe(ends)
    for number in range(u64(WAITERS + 1)):
        read_in_thread(number, ends.read, 10)
    assert result_of(WAITERS) == REFUSED
    write_all(ends.write, 40, 0)
    for number in range(u64(WAITERS)):
        assert result_of(number) == 10
    ends.close()
    close_server(server)


def through_a_swap() -> None:
    """Bytes in pipes, and who waits at them, go over; old ends work on."""
    open_server()
    full, empty = Ends(), Ends()
    open_pipe(full)
    open_pipe(empty)
    write_in_thread(0, full.write, CAPACITY)
    read_in_thread(1, empty.read, 100)
    swap(server, successor)
    assert is_waiting(0) and is_waiting(1)
    write_all(empty.write, 7, 0)
    assert result_of(1) == 7
    assert read_part(full.read, 2 * CAPACITY, 0) == CAPACITY
    assert result_of(0) == CAPACITY
    third = Ends()
    open_pipe(third)
    full.close()
    empty.close()
    third.close()
    close_server(successor)


def main() -> None:
    begin()
    test("bytes in order", bytes_in_order)
    test("a reader waits", reader_waits)
    test("a writer waits", writer_waits)
    test("end of file", end_of_file)
    test("broken", broken)
    test("wrong ends", wrong_ends)
    test("as many as fit", as_many_as_fit)
    test("too many wait", too_many_wait)
    test("through a swap", through_a_swap)
    end()
