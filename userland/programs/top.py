"""top: what uses the CPU, anew each second until Ctrl-C.

usage: top [-n COUNT] [-d SECONDS]
  -n  look so often only; -n 1 shows once, without clearing the screen,
      what was used since the start
  -d  seconds between two looks
"""

from atoll.abi.objects import Statistics
from atoll.abi.types import Array, i64, u64
from atoll.servers.programs.interface import ProgramInfo
from atoll.userland.library.arguments import begin, expect_operands, option_number
from atoll.userland.library.calendar import duration
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.programs import MAX_PROGRAMS, SERIAL, ProgramList, name_of, state_of
from atoll.userland.library.sizes import human
from atoll.userland.library.sorting import sort
from atoll.userland.library.vector import Vector
from atoll.userland.runtime.kernel_calls import clock, read_statistics, sleep

PAGE_SIZE = 4096
SECOND = 1_000_000_000  # nanoseconds
SHOWN = 20  # programs
WITHOUT_END = 0xFFFF_FFFF_FFFF_FFFF


class Seen:
    """A program at the last look."""

    pid: u64
    cpu_time: u64


class View:
    """What is shown, and what was there before."""

    programs: ProgramList
    before: Vector[Seen, MAX_PROGRAMS]
    time: u64  # of the last look; 0: there was none
    idle: u64
    used: Array[u64, MAX_PROGRAMS]  # CPU time since the last look
    order: Vector[u64, MAX_PROGRAMS]  # places in the list


view: View = View()


def used_since(info: ProgramInfo) -> u64:
    """CPU time since the last look."""
    for seen in view.before:
        if seen.pid == info.pid:
            return info.cpu_time - min(seen.cpu_time, info.cpu_time)
    return info.cpu_time - min(info.cpu_elsewhere, info.cpu_time)


def uses_more(a: u64, b: u64) -> bool:
    """Which of two stands first."""
    return view.used[a] > view.used[b]


def look() -> None:
    """Read everything anew."""
    view.programs.read()
    view.order.clear()
    for index in range(u64(len(view.programs.items))):
        view.used[index] = used_since(view.programs.items[i64(index)])
        view.order.append(index)
    sort(view.order.items, uses_more)


def remember() -> None:
    """What is there now, for the next look."""
    view.before.clear()
    for info in view.programs.items:
        seen = Seen()
        seen.pid, seen.cpu_time = info.pid, info.cpu_time
        view.before.append(seen)


def show(now: u64) -> None:
    """A head, and the programs that used most."""
    figures = Statistics()
    read_statistics(figures)
    elapsed = max(now - view.time, 1)
    idle = (figures.idle - view.idle) * 1000 // elapsed
    print(f"up {duration(now).text}, idle {idle // 10}.{idle % 10}%, {len(view.programs.items)} programs, ", end="")
    print(f"{figures.threads} threads, {human(figures.free_pages * PAGE_SIZE).text} free")
    print("  pid  cpu% cpu time  memory state     name")
    for place in view.order.items[0 : min(len(view.order), SHOWN)]:
        show_program(view.programs.items[i64(place)], view.used[place] * 1000 // elapsed)
    view.time, view.idle = now, figures.idle


def show_program(info: ProgramInfo, share: u64) -> None:
    """One line."""
    print(f"{info.pid % SERIAL:>5} {share // 10:>3}.{share % 10} {duration(info.cpu_time).text:>9}", end=" ")
    print(f"{human(info.pages * PAGE_SIZE).text:>6} {state_of(info):<9} {name_of(info)}")


def main() -> i64:
    """Look, show, wait."""
    begin("top [-n COUNT] [-d SECONDS]", "n:d:")
    expect_operands(0, 0)
    count = option_number("n", WITHOUT_END)
    done: u64 = 0
    try:
        while done < count:
            if done > 0:
                sleep(option_number("d", 1) * SECOND)
            look()
            if count > 1:
                print("\033[H\033[J", end="")
            show(clock())
            remember()
            done += 1
    except Exception as error:
        complain("", f"{error}")
    return exit_status()
