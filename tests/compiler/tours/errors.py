"""Errors and what runs around them: nested finally, bare raise, errors inside handlers, leaving loops and functions."""

from atoll.abi.types import Array, i64, u8, u64


class Refused(Exception):
    code: u64
    again: bool


class Late(Exception):
    pass


trace: Array[u8, 32] = Array()
used: u64 = 0


def mark(letter: i64) -> None:
    global used
    trace[used] = letter
    used += 1


def flush() -> None:
    global used
    print(str(trace[:used], "utf-8"))
    used = 0


def fail(n: i64) -> i64:
    if n == 0:
        raise Refused(7, True)
    if n == 1:
        raise Late("late")
    if n == 2:
        raise ValueError
    return n


def nested(n: i64) -> i64:
    try:
        try:
            mark(ord("a"))
            return fail(n)
        except Refused:
            mark(ord("b"))
            raise
        finally:
            mark(ord("c"))
    except Late as late:
        mark(ord("d"))
        print("caught", late)
        return -1
    finally:
        mark(ord("e"))


def kept(n: i64) -> None:
    """The record of an error outlives another that comes and goes in its handler."""
    try:
        fail(n)
    except Exception as outer:
        try:
            fail(1)
        except Late as inner:
            print("inner", inner)
        print("outer", outer)
        raise


def cleaned(n: i64) -> None:
    """And the error on its way outlives one inside finally."""
    try:
        fail(n)
    finally:
        try:
            fail(1)
        except Late:
            mark(ord("f"))


def loops() -> i64:
    total = 0
    for i in range(6):
        try:
            if i == 1:
                continue
            if i == 4:
                break
            total += fail(i + 3)
        finally:
            total += 100
            if i == 3:
                total += 1000
    while True:
        try:
            return total
        finally:
            mark(ord("w"))


def swallowed() -> i64:
    try:
        fail(0)
    except Refused as refused:
        if refused.again and refused.code == 7:
            return i64(refused.code) * 2
    else:
        return 1
    return 0


def main() -> i64:
    for n in range(4):
        try:
            print("nested", nested(n))
        except Refused as refused:
            print("refused", refused.code, refused.again)
        except (ValueError, KeyError) as error:
            print("value", error)
        flush()
    for n in range(3):
        try:
            kept(max(n, 1))
        except Exception as error:
            print("kept", error)
        try:
            cleaned(n)
        except Refused as refused:
            print("cleaned", refused.code)
        except Exception as error:
            print("cleaned", error)
    flush()
    print(loops(), swallowed())
    flush()
    return 3
