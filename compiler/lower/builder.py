"""The text of one LLVM function while it grows: blocks, temporaries, variables of the frame, the current line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from atoll.compiler.errors import Location
from atoll.compiler.tree import Function

if TYPE_CHECKING:
    from atoll.compiler.lower.module import ModuleLowering


class Builder:
    """Emits instructions into the current block. Rare ways (failed checks) are put at the function's end."""

    def __init__(self, module: ModuleLowering, function: Function) -> None:
        self.module = module
        self.layout = module.layout
        self.function = function
        self.allocas: list[str] = []
        self.lines: list[str] = []
        self.rare: list[str] = []
        self.count = 0
        self.scope = module.debug.subprogram(function.shown, function.decl.module.at(function.decl.node))
        self.here = function.decl.module.at(function.decl.node)
        self.debug = ""
        self.open = True  # whether the current block still lacks its end
        self.locate(self.here)

    def locate(self, at: Location) -> None:
        """What follows comes from this place in the source."""
        self.here = at
        self.debug = f", !dbg !{self.module.debug.location(at, self.scope)}"

    def emit(self, text: str) -> None:
        """An instruction without result."""
        if self.open:
            self.lines.append(f"  {text}{self.debug}")

    def temp(self, text: str) -> str:
        """An instruction with a result; the result's name."""
        self.count += 1
        name = f"%t{self.count}"
        self.emit(f"{name} = {text}")
        return name

    def label(self, hint: str) -> str:
        """A new block's name."""
        self.count += 1
        return f"{hint}{self.count}"

    def start(self, label: str) -> None:
        """Begin a block; falls into it if the one before is open."""
        if self.open:
            self.emit(f"br label %{label}")
        self.lines.append(f"{label}:")
        self.open = True

    def end(self, text: str) -> None:
        """The last instruction of a block."""
        self.emit(text)
        self.open = False

    def jump(self, label: str) -> None:
        """Go to a block."""
        self.end(f"br label %{label}")

    def branch(self, condition: str, then: str, other: str) -> None:
        """Go to one of two blocks."""
        self.end(f"br i1 {condition}, label %{then}, label %{other}")

    def alloca(self, type_: str) -> str:
        """Storage in the frame."""
        self.count += 1
        name = f"%v{self.count}"
        self.allocas.append(f"  {name} = alloca {type_}")
        return name

    @contextmanager
    def rarely(self, ok: str) -> Iterator[None]:
        """Go on if `ok`; what is emitted inside runs otherwise, far from the usual way, and must not come back."""
        good, bad = self.label("ok"), self.label("bad")
        self.end(f"br i1 {ok}, label %{good}, label %{bad}, !prof !{self.module.debug.likely}")
        usual, self.lines = self.lines, [f"{bad}:"]
        self.open = True
        yield
        assert not self.open, "a rare way must end"
        self.rare += self.lines
        self.lines = usual
        self.start_after(good)

    def start_after(self, label: str) -> None:
        """Begin a block that nothing falls into."""
        self.lines.append(f"{label}:")
        self.open = True

    def text(self) -> str:
        """The body."""
        return "\n".join(["entry:", *self.allocas, *self.lines, *self.rare])
