"""The error record of a thread: which error is on its way, what it says, and through which lines it has come.

Errors are a second result of a function. Who raises starts the record; each function that the error passes appends
its site, a number that the compiler gave to that line. A ring keeps the 16 innermost sites and the 16 outermost, so
that endless recursion shows both ends. This module is compiled without checks: nothing here may raise, or raising
would never end.
"""

from atoll.abi.types import Array, Bytes, PerThread, Text, u8, u32, u64

KEPT = 32  # sites in the ring
KEPT_FIRST = 16  # of them, those that are never overwritten
TEXT_SIZE = 120  # bytes of the error's text that are kept
WORDS = 4
NO_NUMBER = 0xFFFF_FFFF_FFFF_FFFF  # in a word that nobody has filled


class ErrorRecord:
    """One error. The kernel reads this structure from a program's memory."""

    code: u64  # number of its class; 0: no error
    words: Array[u64, WORDS]  # its fields; of a failed check: index and length, or bits and signedness
    text_length: u64
    text: Array[u8, TEXT_SIZE]
    count: u64  # sites appended in all
    ring: Array[u32, KEPT]


RECORD_SIZE = 304  # bytes of an ErrorRecord

record: PerThread[ErrorRecord] = ErrorRecord()


def ring_slot(number: u64) -> u64:
    """Where the site appended as that number (from 0) is kept."""
    return number if number < KEPT_FIRST else KEPT_FIRST + number % (KEPT - KEPT_FIRST)


def raise_error(code: u64, site: u32) -> None:
    """Start an error at a site."""
    record.code = code
    record.text_length = 0
    for i in range(WORDS):
        record.words[i] = NO_NUMBER
    record.ring[0] = site
    record.count = 1


def raise_text(code: u64, site: u32, text: Text) -> None:
    """Start an error that says something."""
    raise_error(code, site)
    data = text.encode()
    length = kept_length(data)
    for i in range(length):
        record.text[i] = data[i]
    record.text_length = length


def raise_words(code: u64, site: u32, a: u64, b: u64) -> None:
    """Start an error that carries numbers."""
    raise_error(code, site)
    record.words[0] = a
    record.words[1] = b


def set_word(position: u64, value: u64) -> None:
    """Give the error just started a number to carry."""
    record.words[position] = value


def pass_error(site: u32) -> None:
    """The error leaves another function."""
    record.ring[ring_slot(record.count)] = site
    record.count += 1


def save_error(into: ErrorRecord) -> None:
    """Set the error aside (while `finally` runs)."""
    copy_record(into, record)


def restore_error(source: ErrorRecord) -> None:
    """Go on with an error that was set aside."""
    copy_record(record, source)


def copy_record(to: ErrorRecord, source: ErrorRecord) -> None:
    """The same error in another place; of the arrays only what is in use."""
    to.code = source.code
    for i in range(WORDS):
        to.words[i] = source.words[i]
    to.text_length = source.text_length
    for i in range(source.text_length):
        to.text[i] = source.text[i]
    to.count = source.count
    for i in range(source.count if source.count < KEPT else KEPT):
        to.ring[i] = source.ring[i]


def kept_length(data: Bytes) -> u64:
    """How much of a text is kept: no part of a character at the end."""
    if len(data) <= TEXT_SIZE:
        return u64(len(data))
    length: u64 = TEXT_SIZE
    while length > 0 and data[length] & 0xC0 == 0x80:
        length -= 1
    return length
