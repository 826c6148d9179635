"""Calls to the firmware (SBI): the timer, a console for the first words, the end of the machine."""

from atoll.abi import sbi
from atoll.abi.riscv import ecall
from atoll.abi.types import u8, u64


def sbi_call(extension: u64, function: u64, first: u64, second: u64) -> tuple[u64, u64]:
    """Any call with two arguments; error (0: none) and value."""
    return ecall(first, second, 0, 0, 0, 0, function, extension)


def set_timer(time: u64) -> None:
    """Interrupt when the `time` register reaches that value; what was pending before is not any more."""
    sbi_call(sbi.TIME, sbi.TIME_SET, time, 0)


def put_character(byte: u8) -> None:
    """Write one byte to the firmware's console, the old way, which every firmware knows."""
    sbi_call(sbi.LEGACY_PUTCHAR, 0, byte, 0)


def power_off(failed: bool) -> None:
    """End the machine; firmware cannot pass on an exit status."""
    reason = sbi.REASON_FAILURE if failed else sbi.REASON_NONE
    sbi_call(sbi.SYSTEM_RESET, sbi.SYSTEM_RESET_NOW, sbi.RESET_SHUTDOWN, reason)
