"""hello: a first program: structures, match, an error of its own, arguments.

usage: hello [NAME ...]
"""

from dataclasses import dataclass
from enum import IntEnum

from atoll.abi.types import Array, Text, i64, u64
from atoll.userland.runtime.startup import argument, argument_count


class Shape(IntEnum):
    """What a figure is."""

    SQUARE = 1
    RECTANGLE = 2
    TRIANGLE = 3


@dataclass
class Figure:
    """A figure on squared paper."""

    shape: Shape
    width: i64
    height: i64

    def area(self) -> i64:
        """How many squares it covers."""
        match self.shape:
            case Shape.SQUARE:
                return self.width * self.width
            case Shape.RECTANGLE:
                return self.width * self.height
            case _:
                return self.width * self.height // 2


class NotFound(Exception):
    """No figure is as large as that."""


def find(figures: Array[Figure, 3], area: i64) -> u64:
    """The number of the first figure that covers so many squares."""
    for number, figure in enumerate(figures):
        if figure.area() == area:
            return u64(number)
    raise NotFound(f"no figure covers {area} squares")


def greet() -> None:
    """Say hello to everybody on the command line, or to the world."""
    if argument_count() == 0:
        print("Hello, world!")
    for index in range(argument_count()):
        print(f"Hello, {argument(index)}!")


def name_of(shape: Shape) -> Text:
    """The shape in lower case."""
    match shape:
        case Shape.SQUARE:
            return "square"
        case Shape.RECTANGLE:
            return "rectangle"
    return "triangle"


def show_figures() -> None:
    """Areas and their sum; then two searches, one of them in vain."""
    figures: Array[Figure, 3] = Array(
        (Figure(Shape.SQUARE, 3, 3), Figure(Shape.RECTANGLE, 4, 6), Figure(Shape.TRIANGLE, 5, 4)),
    )
    total = 0
    for figure in figures:
        print(f"  {name_of(figure.shape):<9} {figure.width} x {figure.height} = {figure.area():>3}")
        total += figure.area()
    print(f"  {'together':<17} {total:>3}")
    search(figures, 24)
    search(figures, 25)


def search(figures: Array[Figure, 3], area: i64) -> None:
    """Look for a figure, and say so if there is none."""
    try:
        print(f"  figure {find(figures, area)} covers {area} squares")
    except NotFound as error:
        print(f"  {error}")


def main() -> None:
    """What the kernel starts."""
    greet()
    show_figures()
    squares = 0
    for i in range(1, 11):
        squares += i * i
    print(f"The squares of 1 to 10 add up to {squares}, in hexadecimal {squares:#x}.")
    print(f"A third of that is {squares / 3:.3f}.")
