"""Storage that is used again: a loop makes its structures and texts in the same place each time round. A reference that
may still stand for the old one would see it change, which Python's never does: it is refused.

A name is safe if it has one assignment, in the loop that makes the storage or further inside: whoever reads the name
has passed that assignment in the same round. A structure that refers to it is safe if it too is made in that round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from atoll.compiler.tree import (
    Assign,
    Expression,
    FormattedText,
    ForRange,
    Function,
    Let,
    Local,
    LocalVariable,
    Node,
    While,
)
from atoll.compiler.types import TEXT

if TYPE_CHECKING:
    from atoll.compiler.analyse.origins import Token


class Reuse:
    """Where the storage of one function is made, and how often."""

    def __init__(self, function: Function) -> None:
        self.loops: dict[Node, Node | None] = {}
        self.sites: dict[LocalVariable, list[Node]] = {}
        for statement in function.body:
            self._collect(statement, None)

    def _collect(self, node: Node, loop: Node | None) -> None:
        self.loops[node] = loop
        if isinstance(node, Assign | Let) and isinstance(node.target, Local):
            self.sites.setdefault(node.target.variable, []).append(node)
        inner = node if isinstance(node, While | ForRange) else loop
        for child in node.children():
            self._collect(child, inner)

    def again(self, token: Token) -> bool:
        """Whether the storage may be made more than once in a call of the function."""
        if isinstance(token, LocalVariable):
            sites = self.sites.get(token, [])
            return len(sites) > 1 or any(self.loops[s] is not None for s in sites)
        return isinstance(token, Node) and self.loops.get(token) is not None

    def _makers(self, token: Token) -> list[Node]:
        if isinstance(token, LocalVariable):
            return self.sites.get(token, [])
        return [token] if isinstance(token, Node) else []

    def _together(self, token: Token, place: Node) -> bool:
        """Whether `place` stands in the loop that makes the storage, or in one inside it."""
        makers = self._makers(token)
        if len(makers) != 1:
            return False
        loop = self.loops[makers[0]]
        around = self.loops.get(place)
        while around is not None and around is not loop:
            around = self.loops.get(around)
        return around is loop

    def name_is_safe(self, variable: LocalVariable, place: Assign, token: Token) -> bool:
        """Whether a name may stand for the storage."""
        if not self.again(token) or variable.name.startswith("."):
            return True
        if place.value is token and variable.type == TEXT:
            # Its buffer is written again only when the name is assigned again.
            return True
        return len(self.sites.get(variable, [])) == 1 and self._together(token, place)

    def holder_is_safe(self, holder: Token, value: Expression | None, token: Token) -> bool:
        """Whether storage of this frame may refer to other storage of it."""
        if not self.again(token):
            return True
        several = isinstance(value, Local) and len(self.sites.get(value.variable, [])) > 1
        if isinstance(token, FormattedText) and several:
            return False
        makers = self._makers(holder)
        return holder is not token and len(makers) == 1 and self._together(token, makers[0])
