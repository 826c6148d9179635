"""Debug metadata: files, functions and line numbers, from which LLVM makes the DWARF sections."""

from __future__ import annotations

from atoll.compiler.errors import Location


class DebugInfo:
    """The metadata nodes of one LLVM module."""

    def __init__(self, unit_file: str) -> None:
        self.nodes: list[str] = []
        self._files: dict[str, int] = {}
        self._locations: dict[tuple[int, int, int], int] = {}
        main = self.file(unit_file)
        self.unit = self.add(
            f'distinct !DICompileUnit(language: DW_LANG_Python, file: !{main}, producer: "atoll", '
            "isOptimized: true, runtimeVersion: 0, emissionKind: FullDebug)"
        )
        self.routine = self.add("!DISubroutineType(types: !{null})")
        self.likely = self.add('!{!"branch_weights", i32 2000, i32 1}')

    def add(self, text: str) -> int:
        """A new node; its number."""
        self.nodes.append(text)
        return len(self.nodes) - 1

    def file(self, shown: str) -> int:
        """The node of a source file."""
        if shown not in self._files:
            # The folder stays in the name: debuggers show names as they are.
            self._files[shown] = self.add(f'!DIFile(filename: "{_escape(shown)}", directory: ".")')
        return self._files[shown]

    def subprogram(self, name: str, at: Location) -> int:
        """The node of a function."""
        file = self.file(at.file)
        return self.add(
            f'distinct !DISubprogram(name: "{_escape(name)}", '
            f"scope: !{file}, file: !{file}, line: {at.line}, type: !{self.routine}, scopeLine: {at.line}, "
            f"spFlags: DISPFlagDefinition | DISPFlagOptimized, unit: !{self.unit})"
        )

    def location(self, at: Location, scope: int) -> int:
        """The node of a place in a function."""
        key = (at.line, at.column, scope)
        if key not in self._locations:
            self._locations[key] = self.add(f"!DILocation(line: {at.line}, column: {at.column + 1}, scope: !{scope})")
        return self._locations[key]

    def text(self) -> str:
        """All nodes, with the module flags that switch DWARF 4 on (what gdb and pyelftools both read well)."""
        lines = [f"!{number} = {node}" for number, node in enumerate(self.nodes)]
        count = len(self.nodes)
        flags = ['!{i32 2, !"Dwarf Version", i32 4}', '!{i32 2, !"Debug Info Version", i32 3}']
        lines += [f"!{count + i} = {flag}" for i, flag in enumerate(flags)]
        lines.append(f"!llvm.dbg.cu = !{{!{self.unit}}}")
        lines.append(f"!llvm.module.flags = !{{{', '.join(f'!{count + i}' for i in range(len(flags)))}}}")
        return "\n".join(lines)


def _escape(text: str) -> str:
    return text.replace("\\", "\\5C").replace('"', "\\22")
