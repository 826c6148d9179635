"""How long interrupts stay off: however much there is of something, no stay in the kernel is longer than copying the
largest segment (benchmarks/programs/longest.py makes much of everything).
"""

from collections.abc import Callable

from atoll.benchmarks.kernel import LONGEST, Machine
from atoll.benchmarks.observer import Code, TrapLog
from atoll.compiler.cache import Cache
from atoll.images.recipe import Image
from tests.kernel.machines import new_board, run

MOST = 60_000  # instructions; 64 KiB are copied in 55,000


def test_no_stay_in_the_kernel_is_long(cache: Cache) -> None:
    machine = Machine(LONGEST, cache)
    log = TrapLog(machine.board, Code(machine.kernel))
    machine.marks.run()
    assert log.traps > 10_000
    check(log)


def test_nor_is_one_for_a_reply_that_is_held(build_suite: Callable[[str], Image]) -> None:
    image = build_suite("holding")
    board = new_board(image)
    log = TrapLog(board, Code(image.kernel))
    assert run(board).status == 0
    check(log)


def check(log: TrapLog) -> None:
    assert {call: longest for call, longest in log.longest.items() if longest > MOST} == {}
