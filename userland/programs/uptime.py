"""uptime: how long the node has run, in its own time, and how long idle.

usage: uptime
"""

from atoll.abi.objects import Statistics
from atoll.abi.types import i64
from atoll.userland.library.arguments import begin, expect_operands
from atoll.userland.library.calendar import duration
from atoll.userland.runtime.kernel_calls import clock, read_statistics


def main() -> i64:
    """One line."""
    begin("uptime", "")
    expect_operands(0, 0)
    figures = Statistics()
    read_statistics(figures)
    now = clock()
    idle = figures.idle * 1000 // max(now, 1)
    print(f"up {duration(now).text}, idle {idle // 10}.{idle % 10}%, {figures.switches} switches, ", end="")
    print(f"{figures.messages} messages, {figures.traps} traps")
    return 0
