"""Tracebacks as Python prints them, outermost call first, from the compiler's trace table (layout: abi/trace.py).

The table is read with bounds of its own: a damaged one makes a poor traceback, never another error.
"""

from atoll.abi import trace
from atoll.abi.raw import load32, view
from atoll.abi.riscv import a0, la, ret
from atoll.abi.types import Array, Bytes, Slice, Text, assembly, export, signed, u8, u64
from atoll.userland.runtime.errors import KEPT, KEPT_FIRST, NO_NUMBER, TEXT_SIZE, ErrorRecord, ring_slot

HEADING = "Traceback (most recent call last):"
LONGEST_MESSAGE = 128  # bytes
CALL_SIZE = 4  # bytes from a call instruction to the address that it returns to


class Trail:
    """Instruction addresses found on a stack, innermost first: the same ends are kept as in an ErrorRecord."""

    count: u64
    addresses: Array[u64, KEPT]

    def add(self, address: u64) -> None:
        """The next frame outwards."""
        self.addresses[ring_slot(self.count)] = address
        self.count += 1


def print_error(table: Bytes, record: ErrorRecord) -> None:
    """The traceback of an error that was raised."""
    print(HEADING)
    left = record.count
    while left > 0:
        left = skip_lost(left, record.count) - 1
        print_site(table, u64(record.ring[ring_slot(left)]))
    print_message(table, record)


def print_trail(table: Bytes, trail: Trail) -> None:
    """The traceback of a fault, without its last line."""
    print(HEADING)
    left = trail.count
    while left > 0:
        left = skip_lost(left, trail.count) - 1
        print_address(table, trail.addresses[ring_slot(left)], left == 0)


def skip_lost(left: u64, count: u64) -> u64:
    """Of `count` frames `left` are still to be printed: the same number, or fewer if the next ones were not kept."""
    if count <= KEPT or left != count - (KEPT - KEPT_FIRST):
        return left
    print(f"  [... {count - KEPT} frames not kept]")
    return KEPT_FIRST


def print_site(table: Bytes, site: u64) -> None:
    """The frame of a site."""
    location = location_of_site(table, site)
    if location == 0:
        print(f"  Site {site}, no source known")
    else:
        print_frame(table, location)


def print_address(table: Bytes, address: u64, is_innermost: bool) -> None:
    """The frame of an instruction, and before it those that it was inlined into. What called `main` has no source."""
    location = location_of_address(table, address)
    if location == 0 and is_innermost:
        print(f"  Address 0x{address:x}, no source known")
    chain: Array[u64, trace.MAX_DEPTH] = Array()
    depth: u64 = 0
    while location != 0 and depth < trace.MAX_DEPTH:
        chain[depth] = location
        depth += 1
        location = location_field(table, location, trace.LOCATION_INLINED_AT)
    while depth > 0:
        depth -= 1
        print_frame(table, chain[depth])


def print_frame(table: Bytes, location: u64) -> None:
    """File, line, function and source text of one frame."""
    file = text_of(table, location_field(table, location, trace.LOCATION_FILE))
    line = location_field(table, location, trace.LOCATION_LINE)
    function = text_of(table, location_field(table, location, trace.LOCATION_FUNCTION))
    source = text_of(table, location_field(table, location, trace.LOCATION_SOURCE))
    print(f'  File "{file}", line {line}, in {function}')
    if len(source) > 0:
        print(f"    {source}")


def print_message(table: Bytes, record: ErrorRecord) -> None:
    """The last line: the error's name and what it says."""
    buffer: Array[u8, LONGEST_MESSAGE] = Array()
    name = error_name(table, record.code)
    message = message_of(record, name, buffer[:])
    if len(message) > 0:
        print(f"{name}: {message}")
    else:
        print(name)


def message_of(record: ErrorRecord, name: Text, buffer: Slice[u8]) -> Text:
    """What an error of that name says: its text, or what the numbers of a failed check mean; maybe nothing."""
    if 0 < record.text_length <= TEXT_SIZE:
        return str(record.text[0 : record.text_length], "utf-8")
    a, b = record.words[0], record.words[1]
    if name == "ZeroDivisionError":
        return "division by zero"
    if name == "AttributeError":
        return "the value is None"
    if name == "IndexError" and b != NO_NUMBER:
        return written(buffer, f"index {signed(a)} is out of range for length {b}")
    if name == "OverflowError" and a != NO_NUMBER:
        return written(buffer, f"result does not fit {'i' if b == 1 else 'u'}{a}")
    if name == "ValueError" and b != NO_NUMBER:
        return written(buffer, f"length {a} does not fit length {b}")
    if name == "ValueError" and a != NO_NUMBER:
        return "negative shift count"
    return numbers_of(record, buffer)


def numbers_of(record: ErrorRecord, buffer: Slice[u8]) -> Text:
    """The fields of an error that the program declares, as Python shows the arguments of an error: `3`, or `(3, 4)`."""
    used: u64 = 0
    for word in record.words:
        if word != NO_NUMBER:
            used += 1
    a, b = signed(record.words[0]), signed(record.words[1])
    if used == 0:
        return ""
    if used == 1:
        return written(buffer, f"{a}")
    if used == 2:
        return written(buffer, f"({a}, {b})")
    c = signed(record.words[2])
    return written(buffer, f"({a}, {b}, {c})" if used == 3 else f"({a}, {b}, {c}, {signed(record.words[3])})")


def written(buffer: Slice[u8], text: Text) -> Text:
    """The text, copied into the buffer."""
    data = text.encode()
    for i in range(u64(len(data))):
        buffer[i] = data[i]
    return str(buffer[0 : len(data)], "utf-8")


def error_text(record: ErrorRecord, buffer: Slice[u8]) -> Text:
    """`f"{error}"` of a caught error."""
    return message_of(record, error_name(own_table(), record.code), buffer)


# ---- the table ----


@assembly
@export("own_trace_start")
def own_trace_start() -> u64:
    """Address of the trace table of the image that this code is in."""
    la(a0, "__trace_start")
    ret()


def own_table() -> Bytes:
    """The trace table of the image that this code is in."""
    start = own_trace_start()
    return view(start, u64(load32(start + trace.HEADER_SIZE_OF_TABLE)))


def word(table: Bytes, offset: u64) -> u64:
    """32 bits of the table; 0 beyond its end."""
    if offset + 4 > len(table):
        return 0
    low = u64(table[offset]) | u64(table[offset + 1]) << 8
    return low | u64(table[offset + 2]) << 16 | u64(table[offset + 3]) << 24


def text_of(table: Bytes, string: u64) -> Text:
    """A string of the table, by its offset among the strings."""
    start = word(table, trace.HEADER_STRINGS) + string
    length = word(table, start + trace.STRING_LENGTH)
    first = start + trace.STRING_TEXT
    if first + length > len(table):
        return ""
    return str(table[first : first + length], "utf-8")


def location_field(table: Bytes, location: u64, field: u64) -> u64:
    """A field of a location; 0 if there is no such location."""
    if location >= word(table, trace.HEADER_LOCATION_COUNT):
        return 0
    return word(table, word(table, trace.HEADER_LOCATIONS) + location * trace.LOCATION_SIZE + field)


def location_of_site(table: Bytes, site: u64) -> u64:
    """Where a site is."""
    if site >= word(table, trace.HEADER_SITE_COUNT):
        return 0
    return word(table, word(table, trace.HEADER_SITES) + site * trace.SITE_SIZE)


def location_of_address(table: Bytes, address: u64) -> u64:
    """Where an instruction comes from; 0 if it is not of this image."""
    base = word(table, trace.HEADER_BASE_LOW) | word(table, trace.HEADER_BASE_HIGH) << 32
    if address < base or address - base >= word(table, trace.HEADER_CODE_SIZE):
        return 0
    ranges = word(table, trace.HEADER_RANGES)
    low: u64 = 0  # the range wanted is one of low ... high - 1
    high = word(table, trace.HEADER_RANGE_COUNT)
    while high - low > 1:
        middle = (low + high) // 2
        if word(table, ranges + middle * trace.RANGE_SIZE + trace.RANGE_START) <= address - base:
            low = middle
        else:
            high = middle
    return word(table, ranges + low * trace.RANGE_SIZE + trace.RANGE_LOCATION) if high > low else 0


def error_name(table: Bytes, code: u64) -> Text:
    """The name of an error class."""
    if code >= word(table, trace.HEADER_ERROR_COUNT):
        return "unknown error"
    return text_of(table, word(table, word(table, trace.HEADER_ERRORS) + code * trace.ERROR_SIZE + trace.ERROR_NAME))
