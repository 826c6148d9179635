"""Programs made wrong at random: tokens, lines, expressions and statements are dropped, doubled and exchanged."""

from __future__ import annotations

import ast
import io
import tokenize
from random import Random

NAMES, WORDS, SIGNS, LITERALS = (
    line.split()
    for line in (
        "i64 u8 u64 i8 bool f64 Text Bytes Array Slice Ref PerThread None True x self int str float len min max print "
        "range copy tuple Callable Exception ValueError main e T N",
        "if else elif while for break continue return raise try except finally pass global del assert with lambda "
        "yield match case def class import from as not in is and or",
        "+ - * // % / ** << >> & | ^ ~ == != < > . , : ( ) [ ] = += := -> @",
        "0 1 -1 255 1<<63 99999999999999999999 0.5 '' 'a' b'' b'ab' None ... f'{x}' 1j () (1,) [] {} '\\ud800'",
    )
)
_TOKENS = (tokenize.NAME, tokenize.NUMBER, tokenize.OP, tokenize.STRING)
# What may not be exchanged on its own, and how large a part may be.
_PARTS = (ast.Slice, ast.FormattedValue, ast.Starred, ast.JoinedStr)
_LARGEST_PART = 150  # nodes


def mutant(source: str, donor: str, random: Random) -> str:
    """`source` with one to four changes; parts may come from `donor`."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        kind = random.random()
        if kind < 0.6:
            source = _change_tree(source, donor, random)
        elif kind < 0.85:
            source = _change_token(source, random)
        else:
            source = _change_line(source, random)
    return source


def _change_token(source: str, random: Random) -> str:
    try:
        tokens = [t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type in _TOKENS]
    except (tokenize.TokenError, SyntaxError):
        return source
    if not tokens:
        return source
    token = random.choice(tokens)
    lines = source.split("\n")
    start, end = (sum(len(line) + 1 for line in lines[: row - 1]) + column for row, column in (token.start, token.end))
    fitting = {tokenize.NAME: NAMES + WORDS, tokenize.OP: SIGNS}.get(token.type, LITERALS)
    choices = ("", f"{token.string} {token.string}", random.choice(tokens).string, random.choice(fitting))
    return source[:start] + random.choice(choices) + source[end:]


def _change_line(source: str, random: Random) -> str:
    lines = source.split("\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(5):
        case 0:
            del lines[one]
        case 1:
            lines.insert(other, lines[one])
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case 3:
            lines[one] = "    " + lines[one]
        case _:
            lines[one] = lines[one].removeprefix("    ")
    return "\n".join(lines)


def _change_tree(source: str, donor: str, random: Random) -> str:
    try:
        tree, other = ast.parse(source), ast.parse(donor)
    except SyntaxError:
        return source
    for _ in range(random.choice((1, 1, 2, 3))):
        if random.random() < 0.7:
            _exchange_expression(tree, other, random)
        else:
            _exchange_statement(tree, other, random)
    try:
        return ast.unparse(ast.fix_missing_locations(tree))
    except (ValueError, TypeError, AttributeError):
        return source  # the parts do not go together in Python


def _small(node: ast.AST) -> bool:
    return sum(1 for _ in ast.walk(node)) < _LARGEST_PART


def _exchange_expression(tree: ast.Module, other: ast.Module, random: Random) -> None:
    found = [n for n in ast.walk(other) if isinstance(n, ast.expr) and not isinstance(n, _PARTS)]
    parts = [n for n in found if _small(n)]
    parts += [ast.parse(text, mode="eval").body for text in (*LITERALS, *NAMES)]
    places: list[tuple[ast.AST, str, int | None]] = []
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.FormattedValue) and name != "value"):
                continue
            if isinstance(value, ast.expr):
                places.append((node, name, None))
            elif isinstance(value, list):
                places += [(node, name, i) for i, item in enumerate(value) if isinstance(item, ast.expr)]
    if not places:
        return
    node, name, index = random.choice(places)
    if index is None:
        setattr(node, name, random.choice(parts))
    else:
        getattr(node, name)[index] = random.choice(parts)


def _exchange_statement(tree: ast.Module, other: ast.Module, random: Random) -> None:
    parts = [n for n in ast.walk(other) if isinstance(n, ast.stmt) and _small(n)]
    blocks = [block for node in ast.walk(tree) for name in ("body", "orelse", "finalbody")
              if isinstance(block := getattr(node, name, None), list) and block]  # fmt: skip
    if not blocks or not parts:
        return
    block = random.choice(blocks)
    one, other_place = random.randrange(len(block)), random.randrange(len(block))
    match random.randrange(4):
        case 0 if len(block) > 1:
            del block[one]
        case 1:
            block.insert(one, random.choice(parts))
        case 2:
            block[one] = random.choice(parts)
        case _:
            block[one], block[other_place] = block[other_place], block[one]
