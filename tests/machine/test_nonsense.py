"""A guest that does anything never brings the host down: random stores to devices, random code, random queues."""

import struct
from random import Random
from typing import Any

import pytest

from atoll.machine.board import Board, Stop
from tests.machine.guest import (
    CLINT,
    FINISHER,
    KERNEL,
    MTVEC,
    PLIC,
    RAM,
    STVEC,
    UART,
    VIRTIO,
    board,
    elf,
    end,
    kernel,
)  # fmt: skip

DEVICES = ((UART, 0x1000), (PLIC, 0x60_0000), (FINISHER, 0x1000), *((VIRTIO + 4096 * slot, 0x200) for slot in range(8)))
STORES, LOADS = ("sb", "sh", "sw", "sd"), ("lbu", "lh", "lwu", "ld", "amoadd_w", "lr_d")
ENDS = set(Stop)
MOST = 20_000


def full_board(image: bytes, **settings: Any) -> Board:
    made = board(image, network=True, disk=bytes(4096), **settings)
    made.feed(bytes(range(256)), at_ns=500)
    made.deliver(b"frame", at_ns=700)
    return made


def pokes(random: Random, count: int, machine_mode: bool) -> Any:
    """A kernel that steps over its faults and pokes at devices, with values that often look like something."""

    def body(a: Any) -> None:
        a.la("t0", "handler")
        a.csrw(MTVEC if machine_mode else STVEC, "t0")
        devices = (*DEVICES, (CLINT, 0x1_0000)) if machine_mode else DEVICES
        for _ in range(count):
            base, size = random.choice(devices)
            if base == FINISHER and random.random() < 0.9:
                continue
            a.li("t1", base + random.choice((random.randrange(size), random.randrange(0, min(size, 256), 4))))
            somewhere = RAM + random.randrange(1 << 24)
            value = random.choice((random.randrange(1 << 64), random.randrange(256), somewhere, 15))
            a.li("t2", value - (1 << 64) if value >> 63 else value)
            mnemonic = random.choice(STORES + LOADS)
            if mnemonic == "amoadd_w":
                a.amoadd_w("t3", "t2", "t1")
            elif mnemonic == "lr_d":
                a.lr_d("t3", "t1")
            else:
                getattr(a, mnemonic)("t2", 0, "t1")
        end(a)
        a.align(4)
        a.label("handler")
        epc = 0x341 if machine_mode else 0x141
        a.csrr("t6", epc)
        a.addi("t6", "t6", 4)
        a.csrw(epc, "t6")
        a.mret() if machine_mode else a.sret()

    return body


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("machine_mode", [False, True])
def test_random_accesses_to_devices(seed: int, machine_mode: bool) -> None:
    random = Random(seed)
    image = kernel(pokes(random, 150, machine_mode), RAM if machine_mode else KERNEL)
    runs = []
    for _ in range(2):
        made = full_board(image, firmware="none" if machine_mode else "host")
        reason = made.run(max_instructions=MOST)
        assert reason.kind in ENDS
        runs.append((str(reason), made.instructions, made.time_ns, bytes(made.uart.sent)))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("seed", range(30))
def test_random_bytes_as_code(seed: int) -> None:
    random = Random(seed)
    machine_mode, compressed = seed % 3 == 0, seed % 2 == 0
    words = [random.getrandbits(32) | (0 if compressed else 3) for _ in range(1000)]
    image = elf(struct.pack("<1000I", *words), RAM if machine_mode else KERNEL)
    made = full_board(image, firmware="none" if machine_mode else "host", compressed=compressed)
    assert made.run(until_ns=50_000, max_instructions=MOST).kind in ENDS
    made.save()


@pytest.mark.parametrize("seed", range(20))
def test_random_queues(seed: int) -> None:
    """A driver that sets its device up properly, and then fills the queue's memory with noise."""
    random = Random(seed)
    slot = seed % 3

    def body(a: Any) -> None:
        a.li("s4", VIRTIO + 4096 * slot)
        areas = [RAM + random.randrange(1 << 23) & ~15 for _ in range(3)]
        settings = (
            (0x70, 3), (0x24, 1), (0x20, 1), (0x24, 0), (0x20, 1 << 28), (0x70, 11), (0x30, 0), (0x38, 16),
            (0x80, areas[0]), (0x90, areas[1]), (0xA0, areas[2]), (0x44, 1), (0x70, 15), (0x50, 0), (0x50, 1),
        )  # fmt: skip
        for offset, value in settings:
            a.li("t0", value)
            a.sw("t0", offset, "s4")
        end(a)

    made = full_board(kernel(body))
    made.boot()
    likely = bytes(random.choice((0, 0, 0, 0, 1, 2, 3, 16, 0x80, value)) for value in range(256))
    made.ram.write(RAM + 0x21_0000, random.randbytes((8 << 20) - 0x21_0000).translate(likely))
    assert made.run(max_instructions=MOST).kind in ENDS


def test_an_endless_loop_of_faults_still_takes_time() -> None:
    def body(a: Any) -> None:
        a.la("t0", "handler")
        a.csrw(STVEC, "t0")
        a.align(4)
        a.label("handler")
        a.nop()
        a.word(0)

    made = board(kernel(body))
    assert made.run(until_ns=100_000).kind is Stop.UNTIL
    assert made.time_ns >= 100_000
