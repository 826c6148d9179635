"""What a board is made of: everything that can be chosen, with QEMU's `virt` as the default."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from atoll.abi import board as layout
from atoll.machine.errors import ConfigError, megabytes

Hooks = Literal["native", "interpreted"]
Firmware = Literal["host", "none"]

LEAST_RAM = 4 << 20
MOST_RAM = 1 << 36
MOST_DRIFT = 1000  # ppm; quartz is within 100


@dataclass(frozen=True)
class BoardConfig:
    """The settings of one board. A run is a function of these, of the images, and of the input given.

    firmware "host": SBI is played by the host and the kernel starts in S mode; "none": the image starts in M mode, as
    with QEMU's `-bios none`. compressed: whether the CPU has the C extension; without it blocks are counted by their
    size, with it by walking their code, which costs some speed.
    drift_ppm: by how many millionths the oscillator of clock and time base is fast (slow, if negative), which the guest
    cannot see without another clock.
    """

    ram_bytes: int = layout.RAM_SIZE
    clock_hz: int = 1_000_000_000
    drift_ppm: int = 0
    bootargs: str = ""
    hooks: Hooks = "native"
    firmware: Firmware = "host"
    compressed: bool = False
    disk: Path | bytes | None = None
    disk_read_only: bool = False
    network: bool = False
    mac: bytes = bytes.fromhex("525400123456")
    entropy: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if not LEAST_RAM <= self.ram_bytes <= MOST_RAM or self.ram_bytes % 4096:
            limits = f"{megabytes(LEAST_RAM)} to {megabytes(MOST_RAM)}, in pages of 4096 bytes"
            raise ConfigError(f"RAM of {self.ram_bytes} bytes is not possible: it can be {limits}")
        if not layout.TIMEBASE_HZ <= self.clock_hz <= 100_000_000_000:
            raise ConfigError(f"a clock of {self.clock_hz} Hz is not possible: it can be 10 MHz to 100 GHz")
        if abs(self.drift_ppm) > MOST_DRIFT:
            raise ConfigError(f"a drift of {self.drift_ppm} ppm is not possible: it can be {MOST_DRIFT} either way")
        if self.hooks not in ("native", "interpreted"):
            raise ConfigError(f'hooks "{self.hooks}" are not known: write "native" or "interpreted"')
        if self.firmware not in ("host", "none"):
            raise ConfigError(f'firmware "{self.firmware}" is not known: write "host" or "none"')
        if len(self.mac) != 6:
            raise ConfigError(f"an Ethernet address has 6 bytes, not {len(self.mac)}")
        if "\0" in self.bootargs:
            raise ConfigError("bootargs cannot hold a zero byte")
