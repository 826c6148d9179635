"""Interfaces: what is read from a declaration, the stubs of guest and host, and that both say the same on the wire."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.compiler.cpython import run_module
from atoll.compiler.driver import stub_source
from atoll.compiler.errors import CompileError
from atoll.compiler.interfaces.description import Interface, Item, Kind, Method, message_names
from atoll.compiler.interfaces.host import InterfaceError, all_interfaces, client, describe
from atoll.compiler.interfaces.wire import WireError, Words
from atoll.compiler.types import INTEGERS
from atoll.userland.runtime.interface import OutcomeUnknown, ServiceError
from tests.compiler.board_runner import run_file
from tests.compiler.interfaces import sample
from tests.compiler.interfaces.sample import Colour, Limit, Mode, Plain, Sample, Special

FOLDER = Path(__file__).parent / "interfaces"
MASK = (1 << 64) - 1
SAMPLE, WAITING, PLAIN = describe("sample", FOLDER / "sample.py")
# A Point as its bytes, of x = -7, y = -3, colour = RED, tail = 1, 2, 3: the compiler aligns as C does.
POINT = bytes([0xF9, *[0xFF] * 7, 0xFD, *[0] * 7, 1, *[0] * 7, 1, 2, 3, *[0] * 5])


class Recorder:
    """A transport that notes each request and gives prepared replies."""

    def __init__(self, *replies: tuple[Words, bytes] | Exception) -> None:
        self.replies = list(replies)
        self.requests: list[tuple[Words, bytes]] = []
        self.room = 0

    def call(self, words: Words, segment: bytes, buffer_size: int) -> tuple[Words, bytes]:
        """The next of the replies; the last one again and again."""
        self.requests.append((words, segment))
        self.room = buffer_size
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def take_port(self) -> Recorder:
        """The way to a port that came along: this one."""
        return self


# --- the description --------------------------------------------------------------------------------------------------


def test_numbers_and_codes_count_from_the_base() -> None:
    assert [(m.number, m.name) for m in SAMPLE.methods[:2]] == [(0x1200, "nothing"), (0x1201, "scalars")]
    assert [(e.code, e.name) for e in SAMPLE.errors] == [(0x1280, "Missing"), (0x1281, "Special"), (0x1282, "Limit")]
    names = message_names([SAMPLE, WAITING, PLAIN])
    assert names[0x1201] == "0x1201 Sample.scalars" and names[0x1381] == "0x1381 Waiting: Count"


def test_the_same_numbers_twice_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Sample\.nothing has the number of 0x1200 Sample\.nothing"):
        message_names([SAMPLE, SAMPLE])


def test_what_a_method_says() -> None:
    method = SAMPLE.method("badge")
    assert method is not None and not method.is_idempotent and method.is_tuple
    assert [(p.name, p.kind, p.meaning) for p in method.parameters] == [
        ("gate", Kind.HANDLE, "atoll.userland.runtime.messages.Gate"),
        ("name", Kind.TEXT, "Text"),
    ]
    assert method.doc == "A handle with other things."
    colours = SAMPLE.method("enumerations")
    assert colours is not None and colours.is_idempotent
    assert [(p.kind, p.members) for p in colours.parameters] == [(Kind.ENUM, (1, 7)), (Kind.FLAGS, (1, 2))]
    limit = SAMPLE.errors[2]
    assert [(f.name, f.meaning) for f in limit.fields] == [("used", "u64"), ("delta", "i8"), ("why", "Text")]


def test_names_are_found_through_imports_aliases_and_constants(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(
        "import atoll.userland.runtime.interface as interface\n"
        "from typing import TypeAlias\n"
        "from atoll.abi.types import u16\n"
        "from atoll.userland.runtime import messages\n"
        "Size: TypeAlias = 'u16'\nFIRST = 0x12\nBASE = FIRST << 8\n"
        "class A(interface.Interface, messages=BASE):\n"
        "    @interface.idempotent\n"
        "    def f(self, size: 'Size') -> messages.Gate: ...\n",
    )
    (found,) = describe("m", tmp_path / "m.py")
    method = found.methods[0]
    assert (method.number, method.is_idempotent) == (0x1200, True)
    assert method.parameters[0].meaning == "u16"
    assert method.results[0].meaning == "atoll.userland.runtime.messages.Gate"


def test_a_declaration_that_is_none_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text(
        "from atoll.userland.runtime.interface import Interface\n"
        "class A(Interface, messages=0x1200):\n    def f(self, x: float) -> None: ...\n"
    )
    with pytest.raises(InterfaceError, match=r"m\.py:3: float cannot be sent: send the bits of it as u64"):
        describe("m", path)


def test_the_systems_own_interfaces_have_numbers_of_their_own() -> None:
    message_names(all_interfaces())


def test_describing_loads_no_compiler(repository: Path) -> None:
    check = (
        "import sys; from atoll.compiler.interfaces.host import client, describe; "
        "sys.exit(any(name in sys.modules for name in ('llvmlite', 'unicorn', 'elftools')))"
    )
    assert subprocess.run([sys.executable, "-c", check], cwd=repository, check=False).returncode == 0


# --- guest ------------------------------------------------------------------------------------------------------------


def test_threads_speak_through_stubs() -> None:
    result = run_file(FOLDER / "speak.py")
    lines = result.output.decode().splitlines()
    assert (result.error, [line for line in lines if not line.endswith(": ok")]) == (None, [])
    assert len(lines) == 47


def test_stubs_can_be_looked_at(tmp_path: Path) -> None:
    text = stub_source(FOLDER / "sample.py")
    assert "class Sample:" in text and "_invoke_again(_letter, self.handle, 0x1202, False)" in text
    assert "_is_good = self._serve_Sample_nothing(_letter, _request, _reply)" in stub_source(FOLDER / "server.py")
    (tmp_path / "m.py").write_text("def main() -> None:\n    pass\n")
    with pytest.raises(CompileError, match="no interface in this file"):
        stub_source(tmp_path / "m.py")


def test_an_interface_can_be_imported_through_the_hook() -> None:
    module = run_module(FOLDER / "sample.py")
    assert module.Colour.GREEN == 7 and module.Sample.__name__ == "Sample"


# --- the host ---------------------------------------------------------------------------------------------------------


def host_calls(service: Any) -> list[Callable[[], Any]]:
    """The calls of show.py."""
    return [
        service.nothing,
        lambda: service.scalars(255, b=-2, c=True),
        lambda: service.enumerations(Colour.GREEN, Mode.READ | Mode.WRITE),
        lambda: service.text("h\u00e4llo", 4_000_000_000),
        lambda: service.data(b"\x00\xff\x01"),
        lambda: service.several("abc", POINT, b"1234567890", -1),
        lambda: service.read(bytearray(77), 5),
        lambda: service.read_named("name", bytearray(1000)),
    ]


def test_guest_and_host_send_the_same() -> None:
    transport = Recorder(((1, 0, 0, 0), b""))
    plain: Any = client(Plain, transport)
    calls: list[Callable[[], Any]] = [*host_calls(client(Sample, transport)), lambda: plain.add(MASK, 5)]
    for call in calls:
        with pytest.raises(ServiceError, match="does not understand"):
            call()
    shown = [f"{' '.join(f'{word:x}' for word in words)} {data.hex()}" for words, data in transport.requests]
    assert run_file(FOLDER / "show.py").output.decode().splitlines() == shown


def test_errors_come_as_what_they_are() -> None:
    service = client(Sample, Recorder(((0x1282, 2, -5 & MASK, 0), b"why"), ((0x1281, 0, 0, 0), b"special")))
    with pytest.raises(Limit) as limit:
        service.refuse(2)
    assert (limit.value.used, limit.value.delta, limit.value.why) == (2, -5, "why")
    with pytest.raises(Special, match="special"):
        service.nothing()
    with pytest.raises(ServiceError, match="unknown error 0x77"):
        client(Sample, Recorder(((0x77, 0, 0, 0), b""))).nothing()


def test_only_idempotent_calls_are_repeated() -> None:
    lost = OutcomeUnknown("lost")
    transport = Recorder(lost, lost, ((0, 3, 0, 0), b""))
    assert client(Sample, transport).lose(1) == 3
    assert len(transport.requests) == 3
    transport = Recorder(lost)
    with pytest.raises(OutcomeUnknown):
        client(Sample, transport).lose(1)
    assert len(transport.requests) == 3
    transport = Recorder(lost)
    with pytest.raises(OutcomeUnknown):
        client(Sample, transport).lose_once()
    assert len(transport.requests) == 1


def test_what_the_host_cannot_send() -> None:
    service: Any = client(Sample, Recorder(((0, 0, 0, 0), b"")))
    with pytest.raises(WireError, match="gate passes a handle"):
        service.gate(None)
    with pytest.raises(OverflowError, match="a: 256 does not fit u8"):
        service.scalars(256, 0, False)
    with pytest.raises(WireError, match="2048 is the most"):
        service.several("a" * 2048, POINT, b"", 0)
    with pytest.raises(TypeError, match="missing a required argument"):
        service.scalars(1)
    with pytest.raises(InterfaceError, match="Limit is no interface"):
        client(Limit, Recorder(((0, 0, 0, 0), b"")))


def test_answers_that_make_no_sense() -> None:
    with pytest.raises(WireError, match="65536 does not fit u16"):
        client(Sample, Recorder(((0, 0, 1 << 16, 0), b""))).scalars(1, 1, True)
    service: Any = client(Sample, Recorder(((0, 3, 0, 0), b"ab")))
    with pytest.raises(WireError, match="3 bytes were announced and 2 came"):
        service.read(bytearray(5), 0)


# --- a model of the other side, from the wire format as docs/guest-python.md has it -----------------------------------


def value_of(item: Item) -> st.SearchStrategy[Any]:
    """Values of a type."""
    match item.kind:
        case Kind.INTEGER:
            return st.integers(INTEGERS[item.meaning].minimum, INTEGERS[item.meaning].maximum)
        case Kind.BOOL:
            return st.booleans()
        case Kind.ENUM:
            return st.sampled_from(item.members)
        case Kind.FLAGS:
            return st.integers(0, 3)
        case Kind.TEXT:
            return st.text(max_size=40)
        case Kind.STRUCTURE:
            return st.binary(min_size=32, max_size=32)
        case Kind.BUFFER:
            return st.integers(0, 100).map(bytearray)
    return st.binary(max_size=100)


def is_negative(item: Item) -> bool:
    return item.kind is Kind.INTEGER and item.meaning.startswith("i")


def read_request(method: Method, words: Words, segment: bytes) -> list[Any]:
    """What a server takes out of a request; of a buffer its length."""
    numbers = iter(words[1:])
    parts: list[bytes] = [segment]
    if len(method.segments()) > 1:
        parts = []
        while segment:
            size = int.from_bytes(segment[:8], "little")
            parts.append(segment[8 : 8 + size])
            assert not any(segment[8 + size : 8 + (size + 7) // 8 * 8])
            segment = segment[8 + (size + 7) // 8 * 8 :]
    taken: list[Any] = []
    for item in method.parameters:
        if item.kind in (Kind.TEXT, Kind.BYTES, Kind.STRUCTURE):
            data = parts.pop(0)
            taken.append(data.decode() if item.kind is Kind.TEXT else data)
        else:
            number = next(numbers)
            taken.append(number - (1 << 64) if is_negative(item) and number >> 63 else number)
    return taken


WITHOUT_HANDLES: list[tuple[type, Interface, Method]] = [
    (getattr(sample, interface.name), interface, method)
    for interface in (SAMPLE, WAITING, PLAIN)
    for method in interface.methods
    if method.handle() is None and method.result_handle() is None
]


@given(st.data())
def test_what_the_host_sends_and_reads_is_what_the_model_does(data: st.DataObject) -> None:
    declared, _, method = data.draw(st.sampled_from(WITHOUT_HANDLES))
    arguments = [data.draw(value_of(item)) for item in method.parameters]
    answer = [data.draw(value_of(item)) for item in method.results]
    segment = b""
    if method.buffer() is not None:
        room = next(a for a in arguments if isinstance(a, bytearray))
        segment = data.draw(st.binary(max_size=len(room)))
        answer[0] = len(segment)
    elif method.result_structure() is not None:
        segment = answer[0]
    words = [0, *(int(a) & MASK for a in answer if not isinstance(a, bytes)), 0, 0, 0][:4]
    transport = Recorder(((words[0], words[1], words[2], words[3]), segment))
    result = getattr(client(declared, transport), method.name)(*arguments)
    assert result == (tuple(answer) if method.is_tuple else answer[0] if answer else None)
    sent = read_request(method, *transport.requests[0])
    assert sent == [len(a) if isinstance(a, bytearray) else a for a in arguments]
    for argument in arguments:
        if isinstance(argument, bytearray):
            assert argument[: len(segment)] == segment and transport.room == len(argument)
