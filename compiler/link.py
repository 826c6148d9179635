"""Static linker: objects into one image with four segments (code, constants, data, trace table) and known symbols.

The steps: gather sections of a kind, place them, resolve symbols, relocate, ask for the trace table, write the file.
Each mistake is refused with the symbol's name; all of a kind are reported at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from atoll.compiler.elf import OutputSection, OutputSymbol, write_elf
from atoll.compiler.intrinsics import instruction_word
from atoll.compiler.objects import (
    ABSOLUTE,
    UNDEFINED,
    Binding,
    Flag,
    ObjectFile,
    Section,
    SectionType,
    Symbol,
    SymbolType,
)
from atoll.compiler.relocate import LinkError, Relocator, Target
from atoll.compiler.relocations import R


@dataclass(frozen=True)
class Layout:
    """Where an image stands in memory; addresses in bytes."""

    base: int
    page: int = 4096
    entry_first: bool = False  # the entry must be the image's lowest address, where firmware jumps


KERNEL = Layout(0x8020_0000, entry_first=True)
PROGRAM = Layout(0x1_0000)


@dataclass(frozen=True)
class Linked:
    """An image: the ELF file, and the address of each global symbol."""

    elf: bytes
    symbols: dict[str, int]
    entry: int


TraceBuilder = Callable[[Linked], bytes]

_READ, _CODE, _DATA = Flag.ALLOC, Flag.ALLOC | Flag.EXEC, Flag.ALLOC | Flag.WRITE
# .debug_names would hide every unit that it does not list from gdb, and assembled functions are in none.
_DROPPED = (".note.GNU-stack", ".comment", ".llvm_addrsig", ".debug_names")
_LATE = ("__trace_end", "__image_end")  # known only when the trace table is


def link(objects: list[ObjectFile], layout: Layout, entry: str, trace: TraceBuilder | None = None) -> Linked:
    """Link objects into an image that starts at `entry`; `trace` makes the trace table from the image without it."""
    return _Linker(objects, layout, entry).link(trace)


class _Linker:
    def __init__(self, objects: list[ObjectFile], layout: Layout, entry: str) -> None:
        self.objects, self.layout, self.entry = objects, layout, entry
        self.outputs = {
            ".text": OutputSection(".text", SectionType.PROGBITS, _CODE, 4),
            ".rodata": OutputSection(".rodata", SectionType.PROGBITS, _READ, 8),
            ".eh_frame": OutputSection(".eh_frame", SectionType.PROGBITS, _READ, 8),
            ".got": OutputSection(".got", SectionType.PROGBITS, _READ, 8),
            ".tdata": OutputSection(".tdata", SectionType.PROGBITS, _DATA | Flag.TLS, 16),
            ".data": OutputSection(".data", SectionType.PROGBITS, _DATA, 16),
            ".bss": OutputSection(".bss", SectionType.NOBITS, _DATA, 16),
            ".trace": OutputSection(".trace", SectionType.PROGBITS, _READ, 8),
        }
        self.places: dict[tuple[int, int], tuple[OutputSection, int]] = {}  # (object, section) -> where it went

    def link(self, trace: TraceBuilder | None) -> Linked:
        self.definitions = self._definitions()
        self._gather()
        self._reserve_got()
        self._place_sections()
        self.linker_symbols = self._linker_symbols()
        relocator = Relocator(self.outputs[".tdata"].address, self._got_entries())
        for number, source in enumerate(self.objects):
            self._relocate(relocator, number, source)
        relocator.refuse_undefined()
        table = trace(self._linked()) if trace else b""
        self._place_trace(table)
        relocator.finish({name: self.linker_symbols[name] for name in _LATE})
        return self._linked()

    # ---- symbols ----
    def _definitions(self) -> dict[str, tuple[int, Symbol]]:
        """Who defines each global symbol. A weak definition gives way; two strong ones are refused."""
        found: dict[str, tuple[int, Symbol]] = {}
        duplicates = []
        for number, source in enumerate(self.objects):
            for symbol in source.symbols:
                if symbol.binding == Binding.LOCAL or symbol.section == UNDEFINED:
                    continue
                other = found.get(symbol.name)
                if other is None or other[1].binding == Binding.WEAK:
                    found[symbol.name] = (number, symbol)
                elif symbol.binding != Binding.WEAK:
                    duplicates.append(f"{symbol.name} (in {self.objects[other[0]].name} and in {source.name})")
        if duplicates:
            raise LinkError(f"symbols defined twice: {', '.join(sorted(duplicates))}")
        return found

    def _address(self, number: int, symbol: Symbol) -> int:
        if symbol.section == ABSOLUTE:
            return symbol.value
        place = self.places.get((number, symbol.section))
        return place[0].address + place[1] + symbol.value if place else 0

    def _target(self, number: int, symbol: Symbol) -> Target:
        """What a relocation's symbol stands for in this image."""
        if symbol.binding == Binding.LOCAL:  # the undefined one is number 0: "no symbol", whose value is 0
            return Target(symbol.name, 0 if symbol.section == UNDEFINED else self._address(number, symbol))
        definition = self.definitions.get(symbol.name)
        if definition is not None:
            return Target(symbol.name, self._address(*definition))
        if symbol.name in _LATE:
            return Target(symbol.name, None, late=True)
        value = self.linker_symbols.get(symbol.name)
        if value is None and symbol.binding == Binding.WEAK:
            value = 0
        return Target(symbol.name, value, instruction=instruction_word(symbol.name))

    def _linker_symbols(self) -> dict[str, int]:
        """Symbols that the linker itself defines; those of the trace table's end are set again later."""
        symbols = {"__image_start": self.layout.base, "__image_end": 0, "__trace_end": 0}
        for name in ("text", "rodata", "data", "bss", "trace", "tls"):
            output = self.outputs[".tdata" if name == "tls" else f".{name}"]
            symbols[f"__{name}_start"] = output.address
            symbols.setdefault(f"__{name}_end", output.address + output.size)
        symbols["__tls_size"] = self.outputs[".tdata"].size
        return symbols

    # ---- sections ----
    def _gather(self) -> None:
        """Append every section of the objects to the output section of its kind, the entry's first."""
        if self.entry not in self.definitions:
            raise LinkError(f"the entry symbol {self.entry} is not defined")
        owner, symbol = self.definitions[self.entry]
        pieces = [(n, i) for n, source in enumerate(self.objects) for i in range(len(source.sections))]
        pieces.sort(key=lambda piece: piece != (owner, symbol.section))
        for number, index in pieces:
            section = self.objects[number].sections[index]
            output = self._output_for(section, self.objects[number].name)
            if output is not None:
                self.places[number, index] = (output, output.append(section))
        tls = self.outputs[".tdata"]
        tls.pad(16)

    def _output_for(self, section: Section, owner: str) -> OutputSection | None:
        flags = section.flags
        if section.name in _DROPPED:
            return None
        if not flags & Flag.ALLOC:
            return self._other_output(section)
        if section.type == SectionType.INIT_ARRAY or section.name.startswith((".ctors", ".init_array")):
            raise LinkError(f"{owner}: section {section.name}: constructors are not supported")
        if flags & Flag.EXEC:
            if flags & Flag.WRITE:
                raise LinkError(f"{owner}: section {section.name} is both writable and executable")
            return self.outputs[".text"]
        if not flags & Flag.WRITE:
            return self.outputs[".eh_frame" if section.name == ".eh_frame" else ".rodata"]
        if flags & Flag.TLS:
            return self.outputs[".tdata"]
        return self.outputs[".bss" if section.type == SectionType.NOBITS else ".data"]

    def _other_output(self, section: Section) -> OutputSection | None:
        """Sections that are not loaded: debugging information is joined by name, one set of attributes is kept."""
        known = self.outputs.get(section.name)
        if known is not None:
            return known if section.type != SectionType.RISCV_ATTRIBUTES else None
        flags = section.flags & (Flag.MERGE | Flag.STRINGS)
        output = OutputSection(section.name, section.type, flags, section.align, entry_size=1 if flags else 0)
        self.outputs[section.name] = output
        return output

    def _reserve_got(self) -> None:
        """One slot for each symbol that code reaches through a table of addresses (weak ones, as a rule)."""
        self.got: dict[str, int] = {}
        for source in self.objects:
            for section in source.sections:
                for relocation in section.relocations:
                    if relocation.type == R.GOT_HI20:
                        symbol = source.symbols[relocation.symbol]
                        if symbol.binding == Binding.LOCAL or symbol.name in _LATE:
                            raise LinkError(f"{source.name}: {symbol.name} cannot be reached through a table")
                        self.got.setdefault(symbol.name, 8 * len(self.got))
        self.outputs[".got"].data = bytearray(8 * len(self.got))
        self.outputs[".got"].size = 8 * len(self.got)

    def _got_entries(self) -> dict[str, int]:
        """Fill the table of addresses; gives the address of each symbol's slot."""
        output = self.outputs[".got"]
        for name, offset in self.got.items():
            if name in self.definitions:
                address = self._address(*self.definitions[name])
            else:
                address = self.linker_symbols.get(name, 0)
            output.data[offset : offset + 8] = address.to_bytes(8, "little")
        return {name: output.address + offset for name, offset in self.got.items()}

    def _place_sections(self) -> None:
        """Addresses: each segment starts on a page, in the order of self.outputs."""
        address, flags = self.layout.base, None
        for output in self.outputs.values():
            if not output.flags & Flag.ALLOC:
                continue
            kind = output.flags & (Flag.WRITE | Flag.EXEC)
            boundary = self.layout.page if kind != flags or output.name == ".trace" else output.align
            address = _align(_align(address, boundary), output.align)
            output.address, flags = address, kind
            address += output.size

    def _place_trace(self, table: bytes) -> None:
        output = self.outputs[".trace"]
        output.data, output.size = bytearray(table), len(table)
        end = output.address + output.size
        self.linker_symbols["__trace_end"] = end
        self.linker_symbols["__image_end"] = _align(end, self.layout.page)

    # ---- relocation and output ----
    def _relocate(self, relocator: Relocator, number: int, source: ObjectFile) -> None:
        targets = [self._target(number, symbol) for symbol in source.symbols]
        for index, section in enumerate(source.sections):
            place = self.places.get((number, index))
            if place is not None and section.relocations:
                relocator.apply(source, index, place, targets)

    def _linked(self) -> Linked:
        entry = self._address(*self.definitions[self.entry])
        if self.layout.entry_first and entry != self.layout.base:
            raise LinkError(f"{self.entry} must be the first code of the image, and of its object")
        symbols = {name: self._address(*definition) for name, definition in self.definitions.items()}
        symbols |= self.linker_symbols
        outputs = list(self.outputs.values())
        elf = write_elf(outputs, list(self._output_symbols()), entry, self._flags(), self.layout.page)
        return Linked(elf, symbols, entry)

    def _output_symbols(self) -> Iterator[OutputSymbol]:
        """Named functions and variables; labels inside functions are left out."""
        for number, source in enumerate(self.objects):
            for symbol in source.symbols:
                local = symbol.binding == Binding.LOCAL
                if symbol.section == UNDEFINED or symbol.name.startswith(".L") or not symbol.name:
                    continue
                if local and symbol.type not in (SymbolType.OBJECT, SymbolType.FUNC, SymbolType.TLS):
                    continue
                if not local and self.definitions[symbol.name][0] != number:
                    continue
                place = self.places.get((number, symbol.section))
                address = self._address(number, symbol)
                if symbol.type == SymbolType.TLS:
                    address -= self.outputs[".tdata"].address
                output = place[0] if place else None
                yield OutputSymbol(symbol.name, output, address, symbol.size, symbol.binding, symbol.type)
        for name, value in self.linker_symbols.items():
            if name not in self.definitions:
                yield OutputSymbol(name, None, value, 0, Binding.GLOBAL, SymbolType.NOTYPE)

    def _flags(self) -> int:
        """e_flags of the image: the objects must agree on how floats are passed."""
        flags = 0
        known: dict[int, str] = {}
        for source in self.objects:
            if source.flags is not None:
                known.setdefault(source.flags & _FLOAT_ABI, source.name)
                flags |= source.flags
        if len(known) > 1:
            raise LinkError(f"{' and '.join(known.values())} pass floats in different ways")
        return flags


_FLOAT_ABI = 0x6  # e_flags: how floats are passed


def _align(value: int, boundary: int) -> int:
    return (value + boundary - 1) // boundary * boundary
