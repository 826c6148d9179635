"""The client's stub as guest Python: each method puts its arguments into a letter, calls, and reads the answer.

Names with `_` before them are those of userland/runtime/stubs.py and of the language; all others are the interface's
module's.
"""

from __future__ import annotations

from atoll.compiler.interfaces.description import Error, Interface, Item, Kind, Method
from atoll.compiler.interfaces.names import HANDLE
from atoll.compiler.interfaces.words import from_word, to_word

Lines = list[str]
# How the parts of a postponed answer are called.
PLACES = ("first", "second", "third", "fourth")


def client_methods(interface: Interface) -> dict[str, str]:
    """The methods of the client's structure, by name."""
    made = {method.name: text(_call(interface, method)) for method in interface.methods}
    made["_raise_error"] = text(_raise_error(interface))
    for method in interface.methods:
        made[f"reply_{method.name}"] = text(_reply(method))
    for error in interface.errors:
        made[f"_fail_{error.name}"] = text(_fail(error))
    return made


def text(lines: Lines) -> str:
    """Lines as one text."""
    return "\n".join(lines) + "\n"


def _call(interface: Interface, method: Method) -> Lines:
    parameters = "".join(f", {item.name}: {item.written}" for item in method.parameters)
    lines = [f"def {method.name}(self{parameters}) -> {result_type(method)}:", "    _letter = _Letter()"]
    lines += _send_segments(method)
    if handle := method.handle():
        lines.append(give(handle, handle.name))
    lines += _expected(interface, method)
    for place, item in enumerate(method.words(), 1):
        value = "_letter.transfer.buffer_size" if item.kind is Kind.BUFFER else to_word(item, item.name)
        lines.append(f"    _letter.words[{place}] = {value}")
    invoke = "_invoke_again" if method.is_idempotent else "_invoke"
    takes_handle = method.result_handle() is not None
    lines += [
        f"    _code = {invoke}(_letter, self.handle, {method.number:#06x}, {takes_handle})",
        "    if _code != 0:",
        f"        {interface.name}._raise_error(_letter, _code)",
    ]
    return lines + _results(method)


def result_type(method: Method) -> str:
    """A method's result as its module writes it."""
    parts = [item.written for item in method.results]
    if method.is_tuple:
        return f"tuple[{', '.join(parts)}]"
    return parts[0] if parts else "None"


def as_bytes(item: Item, name: str) -> str:
    """An argument of a segment as bytes."""
    if item.kind is Kind.TEXT:
        return f"{name}.encode()"
    return f"_view(_address_of({name}), _size_of({item.written}))" if item.kind is Kind.STRUCTURE else name


def give(item: Item, value: str) -> str:
    """Send a handle with the message."""
    return f"    _letter.give({value if item.meaning == HANDLE else value + '.handle'})"


def received_handle(item: Item) -> str:
    """The handle that came with the message."""
    return "_letter.handle" if item.meaning == HANDLE else f"{item.written}(_letter.handle)"


def _send_segments(method: Method) -> Lines:
    segments = method.segments()
    if not segments:
        return []
    if len(segments) == 1:
        return [f"    _letter.enclose({as_bytes(segments[0], segments[0].name)})"]
    puts = [f"    _packer.put({as_bytes(item, item.name)})" for item in segments]
    return ["    _packer = _Packer()", *puts, "    _letter.enclose(_packer.data[0 : _packer.used])"]


def _expected(interface: Interface, method: Method) -> Lines:
    """Where the answer's segment comes: a structure, the caller's buffer, or at least the text of an error."""
    if structure := method.result_structure():
        return [
            f"    _room: _Room[{structure.written}] = _Room()",
            f"    _letter.set_buffer(_view(_address_of(_room), _size_of({structure.written}) + _TEXT_SIZE))",
        ]
    if buffer := method.buffer():
        return [f"    _expect(_letter, {buffer.name})"]
    return ["    _expect_text(_letter)"] if any(error.has_text for error in interface.errors) else []


def _results(method: Method) -> Lines:
    if structure := method.result_structure():
        return [
            f"    _check_answer(_letter.size == _size_of({structure.written}))",
            "    return _copy(_room.value)",
        ]
    lines = ["    _check_answer(_letter.handle != 0)"] if method.result_handle() else []
    if method.buffer():
        lines.append("    _check_answer(_letter.words[1] == _letter.size)")
    values, place = [], 1
    for item in method.results:
        if item.kind is Kind.HANDLE:
            values.append(received_handle(item))
        else:
            values.append(from_word(item, f"_letter.words[{place}]"))
            place += 1
    if method.is_tuple:
        return [*lines, f"    return ({', '.join(values)},)"]
    return [*lines, f"    return {values[0]}"] if values else lines


def _raise_error(interface: Interface) -> Lines:
    """What comes back instead of a result, as an error."""
    lines = ["@staticmethod", "def _raise_error(_letter: _Letter, _code: _u64) -> _NoReturn:"]
    if interface.errors:
        lines.append("    match _code:")
    for error in interface.errors:
        values, place = [], 1
        for item in error.fields:
            if item.kind is Kind.TEXT:
                values.append("_received_text(_letter)")
            else:
                values.append(from_word(item, f"_letter.words[{place}]"))
                place += 1
        arguments = ", ".join(values) if error.fields else "_received_text(_letter)"
        lines += [f"        case {error.code:#06x}:", f"            raise {error.written}({arguments})"]
    return [*lines, "    _raise_unknown(_code)"]


# --- answers that were postponed --------------------------------------------------------------------------------------


def reply_parameters(method: Method) -> list[Item]:
    """What `reply_METHOD` takes besides the reply handle; what a buffer is filled with comes as bytes."""
    results = list(method.results)
    if method.buffer() and results:
        results[0] = Item("data", Kind.BYTES, "_Bytes", "Bytes")
    if not method.is_tuple:
        return [Item(item.name or "result", item.kind, item.written, item.meaning) for item in results]
    return [
        Item(item.name or name, item.kind, item.written, item.meaning)
        for item, name in zip(results, PLACES, strict=False)
    ]


def _reply(method: Method) -> Lines:
    parameters = reply_parameters(method)
    written = "".join(f", {item.name}: {item.written}" for item in parameters)
    lines = ["@staticmethod", f"def reply_{method.name}(reply: _u64{written}) -> None:", "    _letter = _Letter()"]
    words = ["0"]
    for item in parameters:
        if item.kind is Kind.HANDLE:
            lines.append(give(item, item.name))
        elif item.kind in (Kind.BYTES, Kind.STRUCTURE):
            lines.append(f"    _letter.enclose({as_bytes(item, item.name)})")
            words += ["_u64(len(data))"] if item.kind is Kind.BYTES else []
        else:
            words.append(to_word(item, item.name))
    return [*lines, f"    _letter.set_words({', '.join(words)})", "    _reply_later(_letter, reply)"]


def _fail(error: Error) -> Lines:
    """`fail(reply, ERROR(...))` of this error."""
    fields = error.fields or (Item("text", Kind.TEXT, "_Text", "Text"),)
    written = "".join(f", {item.name}: _{item.meaning}" for item in fields)
    words = [f"{error.code:#06x}", *(to_word(item, item.name) for item in error.numbers())]
    default = "" if error.fields else ' = ""'
    lines = [
        "@staticmethod",
        f"def _fail_{error.name}(_reply: _u64{written}{default}) -> None:",
        "    _letter = _Letter()",
        f"    _letter.set_words({', '.join(words)})",
    ]
    texts = [f"    _letter.enclose(_kept({item.name}))" for item in fields if item.kind is Kind.TEXT]
    return [*lines, *texts, "    _reply_later(_letter, _reply)"]
