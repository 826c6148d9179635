"""Dates: civil date and time of day (UTC) from Unix time and back, in the proleptic Gregorian calendar.

Days are counted in eras of 400 years that begin on 1 March, so that the leap day is a year's last: Howard Hinnant,
"chrono-Compatible Low-Level Date Algorithms" (https://howardhinnant.github.io/date_algorithms.html).
"""

from dataclasses import dataclass

from atoll.abi.types import Text, i64, u64
from atoll.userland.library.text import StringBuilder

SECONDS_PER_DAY = 86_400
DAYS_PER_ERA = 146_097  # 400 years
DAYS_BEFORE_EPOCH = 719_468  # from 1 March of year 0 to 1 January 1970
STAMP_SIZE = 32  # bytes: "2026-01-31 23:59:59" for years of up to 15 digits
WEEKDAYS = "MonTueWedThuFriSatSun"
MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


@dataclass
class Date:
    """A moment as people write it."""

    year: i64
    month: i64  # 1 to 12
    day: i64  # 1 to 31
    hour: i64
    minute: i64
    second: i64

    def days(self) -> i64:
        """Days since 1 January 1970."""
        year = self.year - 1 if self.month <= 2 else self.year
        era = year // 400
        year_of_era = year - era * 400
        month = self.month - 3 if self.month > 2 else self.month + 9  # March is 0
        day_of_year = (153 * month + 2) // 5 + self.day - 1
        day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
        return era * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_EPOCH

    def unix_time(self) -> i64:
        """Seconds since 1 January 1970, without leap seconds."""
        return self.days() * SECONDS_PER_DAY + self.hour * 3600 + self.minute * 60 + self.second

    def weekday(self) -> i64:
        """0 is Monday."""
        return (self.days() + 3) % 7  # 1 January 1970 was a Thursday

    def weekday_name(self) -> Text:
        """Three letters."""
        start = 3 * self.weekday()
        return WEEKDAYS[start : start + 3]

    def month_name(self) -> Text:
        """Three letters."""
        start = 3 * (self.month - 1)
        return MONTHS[start : start + 3]

    def stamp(self) -> StringBuilder[STAMP_SIZE]:
        """`2026-01-31 23:59:59`."""
        result: StringBuilder[STAMP_SIZE] = StringBuilder()
        result.add(f"{self.year:04}-{self.month:02}-{self.day:02} {self.hour:02}:{self.minute:02}:{self.second:02}")
        return result


def date_of(unix_time: i64) -> Date:
    """The date of a Unix time in seconds."""
    day = unix_time // SECONDS_PER_DAY
    second = unix_time - day * SECONDS_PER_DAY
    shifted = day + DAYS_BEFORE_EPOCH
    era = shifted // DAYS_PER_ERA
    day_of_era = shifted - era * DAYS_PER_ERA
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * day_of_year + 2) // 153  # March is 0
    year = year_of_era + era * 400
    return Date(
        year + 1 if month >= 10 else year,
        month - 9 if month >= 10 else month + 3,
        day_of_year - (153 * month + 2) // 5 + 1,
        second // 3600,
        second // 60 % 60,
        second % 60,
    )


def duration(nanoseconds: u64) -> StringBuilder[STAMP_SIZE]:
    """A length of time as people read it: `1.5 ms`, `12.34 s`, `3:05:07`."""
    result: StringBuilder[STAMP_SIZE] = StringBuilder()
    seconds = nanoseconds // 1_000_000_000
    if seconds >= 3600:
        result.add(f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}")
    elif seconds >= 60:
        result.add(f"{seconds // 60}:{seconds % 60:02}")
    elif seconds > 0:
        result.add(f"{seconds}.{nanoseconds // 10_000_000 % 100:02} s")
    elif nanoseconds >= 1_000_000:
        result.add(f"{nanoseconds // 1_000_000}.{nanoseconds // 100_000 % 10} ms")
    else:
        result.add(f"{nanoseconds // 1000} us")
    return result
