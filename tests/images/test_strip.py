"""Stripped programs: what is loaded is the same, and the rest is gone."""

from io import BytesIO
from pathlib import Path

from elftools.elf.elffile import ELFFile

from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from atoll.images.recipe import root_image
from atoll.images.strip import stripped

PROGRAM = Path(__file__).parent.parent.parent / "userland" / "programs" / "cat.py"
TRACE = 0x6174_6C6C  # abi/trace.py


def test_stripped_program_loads_the_same() -> None:
    whole = compile_file(PROGRAM, cache=Cache())
    small = stripped(whole)
    assert len(small) < len(whole)
    assert root_image(small) == root_image(whole)
    before, after = ELFFile(BytesIO(whole)), ELFFile(BytesIO(small))
    assert after.num_sections() == 0
    kept = ("PT_LOAD", "PT_TLS", TRACE)
    old, new = ([s for s in file.iter_segments() if s["p_type"] in kept] for file in (before, after))
    assert [s.header for s in new] == [s.header for s in old]
    assert [s.data() for s in new] == [s.data() for s in old]
    assert stripped(small) == small
