"""The tar reader of root, on tars of our own image builder and of Python's tarfile."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kernel.support import guest

initrd = guest("userland.runtime.image.initrd")

NAMES = st.text("abcdefgh/.-", min_size=1, max_size=100)


def tar(files: dict[str, bytes]) -> bytes:
    """A USTAR tar as Python makes it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


@given(st.dictionaries(NAMES, st.binary(max_size=1200), max_size=4))
def test_every_file_is_found(files: dict[str, bytes]) -> None:
    archive = tar(files)
    for name, data in files.items():
        assert bytes(initrd.find_file(archive, name)) == data


def test_what_is_not_there_is_empty() -> None:
    archive = tar({"manifest": b"hello\n", "hello": b"x" * 512})
    for name in ("hell", "hello ", "manifes", ""):
        assert bytes(initrd.find_file(archive, name)) == b""


def test_a_folder_is_no_file() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo("bin")
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
    assert bytes(initrd.find_file(stream.getvalue(), "bin")) == b""


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1023, 1024])
def test_an_archive_that_is_cut_off_does_no_harm(size: int) -> None:
    archive = tar({"hello": b"x" * 600})
    assert bytes(initrd.find_file(archive[:size], "hello")) == b""


def test_a_size_that_lies_does_no_harm() -> None:
    archive = bytearray(tar({"hello": b"x" * 600}))
    archive[124:135] = b"77777777777"
    assert bytes(initrd.find_file(bytes(archive), "hello")) == b""


def test_lines_and_fields() -> None:
    text = b"hello\tone\t\ttwo words\nlast"
    assert initrd.end_of_line(text, 0) == 20
    assert initrd.end_of_line(text, 21) == len(text)
    ends, start = [], 0
    while start <= 20:
        ends.append(text[start : initrd.end_of_field(text[:20], start)])
        start += len(ends[-1]) + 1
    assert ends == [b"hello", b"one", b"", b"two words"]
