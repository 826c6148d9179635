"""date: the date and the time of day (UTC).

usage: date [-s]
  -s  as seconds since 1970
"""

from atoll.abi.types import i64
from atoll.userland.library.arguments import begin, expect_operands, option
from atoll.userland.library.calendar import date_of
from atoll.userland.library.clock import unix_time
from atoll.userland.library.errors import complain, exit_status


def main() -> i64:
    """Ask the time service."""
    begin("date [-s]", "s")
    expect_operands(0, 0)
    try:
        seconds = unix_time()
        if option("s"):
            print(f"{seconds}")
        else:
            date = date_of(i64(seconds))
            print(f"{date.weekday_name()} {date.stamp().text} UTC")
    except Exception as error:
        complain("time", f"{error}")
    return exit_status()
