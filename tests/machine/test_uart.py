"""The serial line's registers."""

from atoll.machine.uart import (
    DATA,
    EMPTY,
    ENABLE,
    FIFO_CONTROL,
    IDENTIFY,
    LINE_CONTROL,
    LINE_STATUS,
    MODEM_CONTROL,
    MODEM_STATUS,
    RECEIVED,
    SCRATCH,
    Uart,
)  # fmt: skip


class Line:
    """What the interrupt controller sees."""

    def __init__(self) -> None:
        self.up = False

    def set(self, level: bool) -> None:
        self.up = level


def uart() -> tuple[Uart, Line]:
    line = Line()
    return Uart(line.set), line


def test_what_is_written_leaves_and_the_line_is_always_ready() -> None:
    made, _ = uart()
    for byte in b"ok\xff":
        assert made.read(LINE_STATUS, 1) & 0x60 == 0x60
        made.write(DATA, 1, byte)
    assert made.sent == b"ok\xff"


def test_input_waits_until_there_is_room_and_arrives_in_order() -> None:
    made, _ = uart()
    made.write(FIFO_CONTROL, 1, 1)
    text = bytes(range(40))
    made.feed(text, at=10)
    made.advance(9)
    assert made.read(LINE_STATUS, 1) & 1 == 0
    assert made.next_event() == 10
    made.advance(10)
    received = bytearray()
    while made.read(LINE_STATUS, 1) & 1:
        received.append(made.read(DATA, 1))
    assert received == text
    assert made.next_event() is None


def test_the_receive_interrupt_follows_the_fifo() -> None:
    made, line = uart()
    made.write(FIFO_CONTROL, 1, 1 | 1 << 6)  # four bytes raise it, fewer after a while: here at once
    made.write(ENABLE, 1, RECEIVED)
    assert not line.up
    made.feed(b"abcde", at=0)
    made.advance(0)
    assert line.up
    assert made.read(IDENTIFY, 1) == 0xC4
    made.read(DATA, 1)
    made.read(DATA, 1)
    assert made.read(IDENTIFY, 1) == 0xCC
    for _ in range(3):
        made.read(DATA, 1)
    assert not line.up
    assert made.read(IDENTIFY, 1) == 0xC1


def test_the_transmit_interrupt_is_cleared_by_looking_at_it() -> None:
    made, line = uart()
    made.write(ENABLE, 1, EMPTY)
    assert line.up
    assert made.read(IDENTIFY, 1) == 0x02
    assert not line.up
    assert made.read(IDENTIFY, 1) == 0x01
    made.write(DATA, 1, 65)
    assert line.up


def test_the_divisor_shares_the_first_registers() -> None:
    made, _ = uart()
    made.write(LINE_CONTROL, 1, 0x83)
    made.write(DATA, 1, 0x34)
    made.write(ENABLE, 1, 0x12)
    assert (made.read(DATA, 1), made.read(ENABLE, 1)) == (0x34, 0x12)
    made.write(LINE_CONTROL, 1, 0x03)
    assert (made.read(ENABLE, 1), bytes(made.sent)) == (0, b"")


def test_loop_back_receives_what_is_sent_and_overruns() -> None:
    made, _ = uart()
    made.write(MODEM_CONTROL, 1, 0x1F)
    made.write(DATA, 1, 7)
    made.write(DATA, 1, 8)
    assert made.read(LINE_STATUS, 1) & 3 == 3
    assert made.read(LINE_STATUS, 1) & 3 == 1
    assert made.read(DATA, 1) == 7
    assert made.read(MODEM_STATUS, 1) == 0xF0
    assert made.sent == b""


def test_the_scratch_register_and_the_ones_that_are_not_there() -> None:
    made, _ = uart()
    made.write(SCRATCH, 1, 0x5A)
    assert made.read(SCRATCH, 1) == 0x5A
    made.write(77, 1, 1)
    assert made.read(77, 1) == 0
