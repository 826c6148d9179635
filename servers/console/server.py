"""The console server: one terminal at the UART, any number of programs that read and write."""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, size_of, view
from atoll.abi.types import Array, Bytes, Slice, u8, u64
from atoll.servers.console.history import MAX_LINE
from atoll.servers.console.interface import INTERRUPT_BIT, Console
from atoll.servers.console.readers import Reader, Readers
from atoll.servers.console.terminal import NOTHING_YET, Terminal
from atoll.servers.console.uart import NO_BYTE, Uart
from atoll.servers.stream.interface import Stream, StreamError
from atoll.userland.runtime.interface import call
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Port, create_port
from atoll.userland.runtime.service import FIRST_FREE_LABEL, loop
from atoll.userland.runtime.startup import environment
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

STATE_VERSION = 1
COLUMNS = 80
INPUT_LABEL = FIRST_FREE_LABEL  # of the port that the UART's interrupt notifies


class Answer:
    """What is on its way to a reader that has waited."""

    data: Array[u8, MAX_LINE + 1]


answer: Answer = Answer()


class ConsoleServer(Console, Stream):
    """The server."""

    uart: Uart
    input: Port
    terminal: Terminal
    readers: Readers
    foreground: Gate  # NO_HANDLE: nobody wants to know of Ctrl-C

    def listen(self) -> None:
        """From here on input is ours."""
        self.input = create_port()
        loop.add(self.input, INPUT_LABEL)
        gate = self.input.mint(1)
        self.uart.start(gate)
        gate.close()
        self.take_input()

    # ---- input ----

    def notified(self, bits: u64, label: u64) -> None:
        """Something has come."""
        self.take_input()
        self.uart.interrupt.done()

    def take_input(self) -> None:
        """All that the UART has."""
        byte = self.uart.receive()
        while byte != NO_BYTE:
            if self.terminal.type(u8(byte)):
                self.interrupt()
            byte = self.uart.receive()
        self.serve_readers()

    def interrupt(self) -> None:
        """Ctrl-C was typed: tell the foreground; who is typing goes on at an empty line."""
        if self.readers.first() is not None:
            self.terminal.redraw()
        else:
            self.terminal.row_length = 0
        if self.foreground.handle == NO_HANDLE:
            return
        try:
            self.foreground.notify(INTERRUPT_BIT)
        except KernelError:  # whoever it was is dead
            self.foreground.close()
            self.foreground.handle = NO_HANDLE

    def serve_readers(self) -> None:
        """Those who wait get what there is."""
        while True:
            reader = self.readers.first()
            if reader is None:
                break
            size = self.terminal.read(answer.data[0 : min(reader.room, len(answer.data))])
            if size == NOTHING_YET:
                break
            reply = reader.reply
            self.readers.waiting.pop()
            self.show()
            Stream.reply_read(reply, answer.data[0:size])
        self.show()

    def show(self) -> None:
        """What the terminal is to show."""
        self.uart.send(self.terminal.editor.echo.take())

    # ---- for programs ----

    def read(self, into: Slice[u8]) -> u64:
        """A line, or with set_raw a key: who comes first is served first."""
        if self.readers.first() is None:
            size = self.terminal.read(into)
            self.show()
            if size != NOTHING_YET:
                return size
        if self.readers.waiting.full:
            raise StreamError("too many programs read from the console")
        reader = Reader()
        reader.reply, reader.room = call.postpone(), u64(len(into))
        self.readers.waiting.push(reader)
        return 0

    def write(self, data: Bytes) -> u64:
        """Show bytes, all at once."""
        is_reading = not self.terminal.raw and self.readers.first() is not None
        is_disturbed = self.terminal.begin_write(is_reading)
        self.show()
        self.uart.send(data)
        self.terminal.end_write(data, is_disturbed)
        self.show()
        return u64(len(data))

    def set_foreground(self, gate: Gate) -> None:
        """Whom Ctrl-C notifies."""
        if self.foreground.handle != NO_HANDLE:
            self.foreground.close()
        self.foreground.handle = gate.handle

    def set_raw(self, raw: bool) -> None:
        """Keys, or lines."""
        self.terminal.raw = raw
        self.serve_readers()

    def width(self) -> u64:
        """What a serial line does not tell is taken as it was on the first terminals of this kind."""
        return COLUMNS if environment("console") == "interactive" else 0

    # ---- a swap: clients keep their gates, those who read go on waiting ----

    def state_size(self) -> u64:
        return size_of(Terminal) + size_of(Readers) + 1024

    def export_state(self, writer: StateWriter) -> None:
        writer.number(STATE_VERSION)
        self.readers.first()  # the dead need not move
        writer.data(view(address_of(self.terminal), size_of(Terminal)))
        writer.copied(self.foreground.handle)
        writer.number(u64(len(self.readers.waiting)))
        for place in range(len(self.readers.waiting)):
            writer.number(self.readers.waiting[place].room)
            writer.moved(self.readers.waiting[place].reply)

    def import_state(self, reader: StateReader) -> None:
        if reader.number() != STATE_VERSION:
            raise StateRefused("the console's state is of another version")
        reader.structure(address_of(self.terminal), size_of(Terminal))
        self.foreground.handle = reader.copied()
        for _ in range(reader.number()):
            waiting = Reader()
            waiting.room = reader.number()
            self.readers.waiting.push(waiting)
            reader.moved(address_of(self.readers.waiting[len(self.readers.waiting) - 1]))

    def activated(self) -> None:
        self.listen()
