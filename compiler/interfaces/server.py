"""The server's stub as guest Python: a received call is checked, its method called, the answer put into the letter.

Nothing that a client sends gets further than its check; `BAD_REQUEST` is the answer. Names are as in client.py.
"""

from __future__ import annotations

from atoll.abi.interfaces import RANGE
from atoll.compiler.interfaces.client import Lines, as_bytes, give, received_handle, text
from atoll.compiler.interfaces.description import Interface, Item, Kind, Method
from atoll.compiler.interfaces.words import from_word, to_word, wrong_word

_PARAMETERS = "_letter: _Letter, _request: _Slice[_u8], _reply: _Slice[_u8]"
_PASSED = "_letter, _request, _reply"


def dispatcher(interfaces: list[Interface]) -> str:
    """`dispatch` of a server: the interface whose range the number is in goes on."""
    lines = [
        f"def dispatch(self, {_PARAMETERS}) -> None:",
        "    _begin_call(_letter)",
        f"    match _letter.words[0] // {RANGE:#x}:",
    ]
    for interface in interfaces:
        lines.append(f"        case {interface.base // RANGE:#x}:")
        lines.append(f"            self.{dispatch_name(interface)}({_PASSED})")
    return text([*lines, "        case _:", "            _reject(_letter)", "    _end_call(_letter)"])


def dispatch_name(interface: Interface) -> str:
    """The server's method for the messages of one interface."""
    return f"_dispatch_{interface.name}"


def server_methods(interface: Interface) -> dict[str, str]:
    """What a server has for one interface, by name."""
    made = {dispatch_name(interface): text(_dispatch(interface))}
    for method in interface.methods:
        made[serve_name(interface, method)] = text(_serve(interface, method))
    return made


def serve_name(interface: Interface, method: Method) -> str:
    """The server's method that unpacks a request of a method, calls it, and packs its result."""
    return f"_serve_{interface.name}_{method.name}"


def _dispatch(interface: Interface) -> Lines:
    lines = [f"def {dispatch_name(interface)}(self, {_PARAMETERS}) -> None:", "    _is_good = False"]
    indent = "    "
    if interface.errors:
        lines.append("    try:")
        indent += "    "
    lines.append(f"{indent}match _letter.words[0]:")
    for method in interface.methods:
        lines.append(f"{indent}    case {method.number:#06x}:")
        lines.append(f"{indent}        _is_good = self.{serve_name(interface, method)}({_PASSED})")
    if not interface.methods:
        lines.append(f"{indent}    case _:\n{indent}        pass")
    for error in sorted(interface.errors, key=lambda error: -error.depth):
        lines += [
            f"    except {error.written}:",
            f"        _answer_error(_letter, {error.code:#06x})",
            "        return",
        ]
    return [*lines, "    if not _is_good:", "        _reject(_letter)"]


def _serve(interface: Interface, method: Method) -> Lines:
    lines = [f"def {serve_name(interface, method)}(self, {_PARAMETERS}) -> bool:"]
    lines += _checks(method)
    arguments = ", ".join(_argument(item, place) for item, place in _placed(method))
    call = f"self.{method.name}({arguments})"
    names = [f"_result{i}" for i in range(len(method.results))]
    if method.is_tuple:
        call = f"{', '.join(names)}, = {call}"
    elif names:
        call = f"{names[0]} = {call}"
    lines += [f"    {call}", "    if _is_postponed():", "        return True"]
    return [*lines, *_answer(method, names), "    return True"]


def _placed(method: Method) -> list[tuple[Item, int]]:
    """Each parameter with the number of its word, or of its segment."""
    words, segments = method.words(), method.segments()
    placed = []
    for item in method.parameters:
        if item.is_word:
            placed.append((item, words.index(item) + 1))
        else:
            placed.append((item, segments.index(item) if item in segments else 0))
    return placed


def _argument(item: Item, place: int) -> str:
    match item.kind:
        case Kind.HANDLE:
            return received_handle(item)
        case Kind.BUFFER:
            return f"_reply[0 : min(_letter.words[{place}], _u64(len(_reply)))]"
        case Kind.TEXT:
            return f'str(_part{place}, "utf-8")'
        case Kind.BYTES:
            return f"_part{place}"
        case Kind.STRUCTURE:
            return f"_room{place}.value"
        case Kind.ENUM:
            return f"_enum{place}"
    return from_word(item, f"_letter.words[{place}]")


def _checks(method: Method) -> Lines:
    """Take the request apart, and say False where it is not as the interface says."""
    segments = method.segments()
    wrong = ["_letter.handle == 0" if method.handle() else "_letter.handle != 0"]
    wrong += [wrong_word(item, f"_letter.words[{place}]") for place, item in enumerate(method.words(), 1)]
    lines = []
    if not segments:
        wrong.append("len(_request) != 0")
    elif len(segments) == 1:
        lines.append("    _part0 = _request")
    else:
        lines += ["    _unpacker = _Unpacker()", "    _unpacker.data = _request"]
        lines += [f"    _part{i} = _unpacker.take()" for i in range(len(segments))]
        wrong.append("not _unpacker.is_whole()")
    for i, item in enumerate(segments):
        if item.kind is Kind.TEXT:
            wrong.append(f"not _is_text(_part{i})")
        elif item.kind is Kind.STRUCTURE:
            wrong.append(f"len(_part{i}) != _size_of({item.written})")
    lines += [f"    if {' or '.join(part for part in wrong if part)}:", "        return False"]
    for place, item in enumerate(method.words(), 1):
        if item.kind is Kind.ENUM:
            lines += ["    try:", f"        _enum{place} = {from_word(item, f'_letter.words[{place}]')}"]
            lines += ["    except ValueError:", "        return False"]
    for i, item in enumerate(segments):
        if item.kind is Kind.STRUCTURE:
            # A copy: what was packed need not lie where a structure may.
            lines.append(f"    _room{i}: _Room[{item.written}] = _Room()")
            lines.append(f"    _copy_memory(_address_of(_room{i}), _address_of(_part{i}), _size_of({item.written}))")
    return lines


def _answer(method: Method, names: list[str]) -> Lines:
    """Put the result into the letter."""
    lines: Lines = []
    words = ["0"]
    for item, name in zip(method.results, names, strict=True):
        if item.kind is Kind.HANDLE:
            lines.append(give(item, name))
        elif item.kind is Kind.STRUCTURE:
            size = f"_size_of({item.written})"
            lines.append(f"    _reply[0:{size}] = {as_bytes(item, name)}")
            lines.append(f"    _letter.enclose(_reply[0:{size}])")
        else:
            words.append(to_word(item, name))
    if method.buffer():
        lines.append(f"    _letter.enclose(_reply[0:{names[0]}])")
    return [*lines, f"    _letter.set_words({', '.join(words)})"]
