"""Values as text: what `print` and f-strings call for each of their parts.

Text goes into a sink, a buffer with a count. A sink that flushes writes its buffer out when it is full and goes on
(print); any other drops what does not fit but still counts it, so that the caller sees that its text was too long
(f-strings).
"""

from atoll.abi.types import Array, Bytes, Slice, Text, external, f64, i64, low8, u8, u64, unsigned, wrapping_neg
from atoll.userland.runtime.floats import MOST_DIGITS, fixed_digits, is_finite, is_negative

LEFT = 0x3C  # "<"
RIGHT = 0x3E  # ">"
CENTRE = 0x5E  # "^"
INSIDE = 0x3D  # "=": between the sign and the digits
BY_KIND = 0  # not said: numbers to the right, texts to the left

ZERO = 0x30  # "0"
LOWER_A = 0x61
UPPER_A = 0x41


@external("write_console")
def write_console(data: Bytes) -> None:
    """Put bytes on the console: the kernel has its own way, a program asks the kernel."""


class TextSink:
    """Where text goes. `used` counts all bytes put, also those that did not fit (or since the last flush)."""

    data: Slice[u8]
    used: u64
    flushing: bool


def put_byte(sink: TextSink, byte: u8) -> None:
    """One byte."""
    if sink.flushing and sink.used >= len(sink.data):
        write_console(sink.data)
        sink.used = 0
    if sink.used < len(sink.data):
        sink.data[sink.used] = byte
    sink.used += 1


def put_bytes(sink: TextSink, data: Bytes) -> None:
    """Bytes as they are."""
    for byte in data:
        put_byte(sink, byte)


def put_text(sink: TextSink, text: Text, width: i64, align: u8, fill: u8) -> None:
    """A text, filled up to `width` characters."""
    body = text.encode()
    padding = missing(characters(body), width)
    before = padding_before(padding, LEFT if align == BY_KIND else align)
    put_fill(sink, fill, before)
    put_bytes(sink, body)
    put_fill(sink, fill, padding - before)


def put_unsigned(
    sink: TextSink, value: u64, base: u64, width: i64, align: u8, fill: u8, upper: bool, prefix: bool
) -> None:
    """A number in base 2 to 16, with `0x` and the like before it if `prefix`."""
    put_integer(sink, "", value, base, width, align, fill, upper, prefix)


def put_signed(
    sink: TextSink, value: i64, base: u64, width: i64, align: u8, fill: u8, upper: bool, prefix: bool
) -> None:
    """As put_unsigned, with a minus sign for negative numbers."""
    if value < 0:
        put_integer(sink, "-", wrapping_neg(unsigned(value)), base, width, align, fill, upper, prefix)
    else:
        put_integer(sink, "", unsigned(value), base, width, align, fill, upper, prefix)


def put_float(sink: TextSink, value: f64, precision: i64, width: i64, align: u8, fill: u8) -> None:
    """A float with `precision` digits (100 at most) after the point, correctly rounded, as Python's `.3f` does."""
    digits: Array[u8, MOST_DIGITS] = Array()
    sign = "-" if is_negative(value) else ""
    if value != value:
        put_number(sink, "", "", b"nan", width, align, fill)
    elif is_finite(value):
        used = fixed_digits(-value if is_negative(value) else value, precision, digits[:])
        put_number(sink, sign, "", digits[0:used], width, align, fill)
    else:
        put_number(sink, sign, "", b"inf", width, align, fill)


def put_integer(
    sink: TextSink, sign: Text, value: u64, base: u64, width: i64, align: u8, fill: u8, upper: bool, prefix: bool
) -> None:
    """Sign and magnitude of an integer."""
    digits: Array[u8, 64] = Array()
    start = digits_of(value, base, UPPER_A if upper else LOWER_A, digits[:])
    put_number(sink, sign, prefix_of(base, upper) if prefix else "", digits[start:64], width, align, fill)


def digits_of(value: u64, base: u64, letter_a: u8, digits: Slice[u8]) -> u64:
    """Write the digits to the end of `digits`; the result is where they start. `letter_a` is the digit ten."""
    start = u64(len(digits))
    rest = value
    while True:
        digit = low8(rest % base)
        start -= 1
        digits[start] = ZERO + digit if digit < 10 else letter_a + (digit - 10)
        rest = rest // base
        if rest == 0:
            return start


def prefix_of(base: u64, upper: bool) -> Text:
    """What Python writes before the digits of that base when asked to."""
    if base == 16:
        return "0X" if upper else "0x"
    if base == 8:
        return "0o"
    return "0b" if base == 2 else ""


def put_number(sink: TextSink, sign: Text, prefix: Text, digits: Bytes, width: i64, align: u8, fill: u8) -> None:
    """Sign, prefix and digits, filled up to `width`."""
    padding = missing(u64(len(sign) + len(prefix) + len(digits)), width)
    before = padding_before(padding, RIGHT if align == BY_KIND else align)
    inside: u64 = padding if align == INSIDE else 0
    put_fill(sink, fill, before)
    put_bytes(sink, sign.encode())
    put_bytes(sink, prefix.encode())
    put_fill(sink, fill, inside)
    put_bytes(sink, digits)
    put_fill(sink, fill, padding - before - inside)


def missing(length: u64, width: i64) -> u64:
    """How many fill characters bring a text of that length to the width."""
    return u64(width) - length if width > 0 and u64(width) > length else 0


def padding_before(padding: u64, align: u8) -> u64:
    """How much of the padding comes before the text."""
    if align == RIGHT:
        return padding
    return padding // 2 if align == CENTRE else 0


def put_fill(sink: TextSink, fill: u8, count: u64) -> None:
    """The fill character, so many times."""
    for _ in range(count):
        put_byte(sink, fill)


def ord_of(text: Text) -> i64:
    """The number of the one character that a text is; a lone byte of a longer one counts as itself."""
    data = text.encode()
    if len(data) == 0 or (len(data) > 1 and characters(data) != 1):
        raise ValueError("ord() takes a text of one character")
    value = i64(data[0])
    if len(data) > 1:
        value = value & (0x7F >> len(data))  # the bits of the first byte that are not its length
        for byte in data[1:]:
            value = value << 6 | i64(byte & 0x3F)
    return value


def characters(data: Bytes) -> u64:
    """How many characters UTF-8 bytes are: all but the continuation bytes (10xxxxxx) start one."""
    count: u64 = 0
    for byte in data:
        if byte & 0xC0 != 0x80:
            count += 1
    return count


def is_utf8(data: Bytes) -> bool:
    """Whether bytes are text: no odd bytes, nothing longer than it must be, no surrogates (RFC 3629)."""
    i: u64 = 0
    while i < len(data):
        size = sequence_length(data[i:])
        if size == 0:
            return False
        i += size
    return True


def sequence_length(data: Bytes) -> u64:
    """The bytes of the first character; 0 if they are none."""
    first = data[0]
    if first < 0x80:
        return 1
    size: u64 = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    if first < 0xC2 or first > 0xF4 or len(data) < size:
        return 0
    for byte in data[1:size]:
        if byte & 0xC0 != 0x80:
            return 0
    second = data[1]
    is_wrong = (
        (first == 0xE0 and second < 0xA0)
        or (first == 0xED and second > 0x9F)
        or (first == 0xF0 and second < 0x90)
        or (first == 0xF4 and second > 0x8F)
    )
    return 0 if is_wrong else size
