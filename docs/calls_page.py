"""Writes the tables of docs/kernel.md from the sources: abi/ says what goes in and out, the kernel what is done.

Run `python docs/calls_page.py` after a change; a test compares. In the page, each table stands between a line
`<!-- NAME -->` and a line `<!-- end -->`.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "docs" / "kernel.md"
GROUP = re.compile(r" {4}# ---- (?:0x\w+: )?(.*) ----$")
MEMBER = re.compile(r" {4}(\w+) = (\w+)(?: +# ?(.*))?$")
MORE = re.compile(r" {4}# +(.*)$")
PART = re.compile(r"(<!-- (?!end)([\w.]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)


@dataclass
class Member:
    """One line of an enumeration, with the comment behind it."""

    group: str
    name: str
    value: str
    text: str


def members(source: str, enumeration: str) -> list[Member]:
    """The members of an enumeration in the order of the source."""
    (node,) = (n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == enumeration)
    found: list[Member] = []
    group = ""
    for line in source.splitlines()[node.lineno : node.end_lineno]:
        if match := GROUP.match(line):
            group = match[1]
        elif match := MEMBER.match(line):
            found.append(Member(group, match[1], match[2], match[3] or ""))
        elif found and (match := MORE.match(line)):
            found[-1].text += f" {match[1]}"
    return found


def cell(text: str) -> str:
    """Text as it can stand in a table."""
    return text.replace("|", "\\|").strip()


# ---- what the kernel says of its calls ----


def read(file: str) -> str:
    """A source of the repository."""
    return (REPOSITORY / file).read_text(encoding="utf-8")


def handlers() -> dict[int, tuple[str, str]]:
    """By number of the call: module and function of the kernel that does it."""
    tree = ast.parse(read("kernel/calls.py"))
    modules = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }  # fmt: skip
    found: dict[int, tuple[str, str]] = {}
    numbers = {f"Call.{member.name}": int(member.value, 0) for member in members(read("abi/calls.py"), "Call")}
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "TABLE" and isinstance(node.value, ast.Call):
            (table,) = node.value.args
            assert isinstance(table, ast.Tuple)
            found |= {place: called(entry, modules) for place, entry in enumerate(table.elts)}
    for node in ast.walk(tree):
        if isinstance(node, ast.match_case) and ast.unparse(node.pattern) in numbers:
            last = node.body[-1]
            if isinstance(last, ast.Return) and isinstance(last.value, ast.Call):
                found[numbers[ast.unparse(node.pattern)]] = called(last.value.func, modules)
    return found


def called(function: ast.expr, modules: dict[str, str]) -> tuple[str, str]:
    """Module and name of a function as calls.py names it."""
    module, _, name = ast.unparse(function).rpartition(".")
    return modules.get(module, module), name


def said(handler: tuple[str, str], call: str) -> str:
    """The docstring of a function of the kernel, without the call's name in front."""
    module, name = handler
    if not module:
        return ""
    functions = (n for n in ast.parse(read(f"kernel/{module}.py")).body if isinstance(n, ast.FunctionDef))
    (text,) = (ast.get_docstring(n) or "" for n in functions if n.name == name)
    text = re.sub(rf"^{call}(: |\.$)", "", text.split("\n\n")[0].replace("\n", " "))
    return text[:1].upper() + text[1:]


# ---- tables ----


def table_of_calls() -> str:
    """Every call: what it does, what goes in and what comes out."""
    lines: list[str] = []
    group = ""
    does = handlers()
    for call in members(read("abi/calls.py"), "Call"):
        if call.group != group:
            group = call.group
            lines += ["", f"**{group[:1].upper()}{group[1:]}**", ""]
            lines += ["| call | | arguments | results |", "| --- | --- | --- | --- |"]
        arguments, _, behind = call.text.partition("->")
        results, _, note = behind.partition(";")
        text = f"{said(does.get(int(call.value, 0), ('', '')), call.name)} {sentence(note)}"
        lines.append(f"| `{call.name}` {call.value} | {cell(text)} | {cell(arguments)} | {cell(results)} |")
    return "\n".join(lines[1:]) + "\n"


def sentence(text: str) -> str:
    """A part of a comment with a capital letter and a full stop."""
    text = text.strip()
    return text and f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", ")")) else ".")


def table_of(file: str, enumeration: str) -> str:
    """Any other enumeration."""
    lines = ["| | | |", "| --- | --- | --- |"]
    for member in members(read(file), enumeration):
        lines.append(f"| {member.value} | `{member.name}` | {cell(member.text)} |")
    return "\n".join(lines) + "\n"


def made(page: str) -> str:
    """The page with its tables as the sources are now."""

    def fill(part: re.Match[str]) -> str:
        module, _, enumeration = part[2].rpartition(".")
        text = table_of_calls() if part[2] == "calls" else table_of(f"abi/{module}.py", enumeration)
        return f"{part[1]}\n{text}\n{part[3]}"

    return PART.sub(fill, page)


if __name__ == "__main__":
    PAGE.write_text(made(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
