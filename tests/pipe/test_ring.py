"""The pipes' ring of bytes against a plain queue."""

from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.compiler.cpython import guest_modules, run_module

SIZE = 7
USES = f'''
"""A small ring."""

from atoll.abi.types import Array, u8
from atoll.servers.pipe.ring import ByteRing

ring: ByteRing[{SIZE}] = ByteRing()
buffer: Array[u8, 16] = Array()
'''
STEPS = st.lists(st.one_of(st.binary(max_size=9), st.integers(0, 9)), max_size=40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the guest module is written."""
    return tmp_path_factory.mktemp("ring")


def load(folder: Path) -> ModuleType:
    """A fresh module."""
    path = folder / "uses.py"
    path.write_text(USES)
    with guest_modules():
        return run_module(path)


@given(steps=STEPS)
def test_ring_is_a_queue_of_bytes(folder: Path, steps: list[bytes | int]) -> None:
    module = load(folder)
    model = b""
    for step in steps:
        if isinstance(step, bytes):
            taken = min(len(step), SIZE - len(model))
            assert module.ring.write(step) == taken
            model += step[:taken]
        else:
            given_bytes = min(step, len(model))
            assert module.ring.read(module.buffer[0:step]) == given_bytes
            assert bytes(module.buffer[0:given_bytes]) == model[:given_bytes]
            model = model[given_bytes:]
        assert module.ring.count == len(model)
        assert module.ring.room == SIZE - len(model)


def test_a_cleared_ring_is_empty(folder: Path) -> None:
    ring = load(folder).ring
    ring.write(b"abc")
    ring.clear()
    assert (ring.count, ring.room) == (0, SIZE)
