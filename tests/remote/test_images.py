"""Images that are brought piece by piece: in any order, complete, and of a size that is taken; else refused."""

import pytest

from tests.remote.system import System

REFUSED = """\
large: an image of 4194305 bytes: other nodes take at most 4 MiB
empty: an empty file
many: the room for images from other nodes is used up
piece: a piece of an image is whole pages of 4096 bytes
piece: a piece of an image is whole pages of 4096 bytes
piece: a piece of an image is whole pages of 4096 bytes
piece: a piece that ends behind the image's {size} bytes
hole: the image has holes: 1 pages have not come
hole: the image has holes: 1 pages have not come
piece: the image is complete already
late: the program has been started already
"""


@pytest.mark.parametrize("node", ["", " @node2"])
def test_what_is_taken_and_what_is_refused(system: System, node: str) -> None:
    size = int(system.lines("wc -c /bin/where")[0].split()[0])
    status, output = system.run(f"bring /bin/where{node}")
    expected = REFUSED.format(size=size) + "1\nstatus 0\nbad: not an ELF file\n"
    assert sorted(output.splitlines()) == sorted(expected.splitlines())     # two programs print, side by side
    assert status == 0


def test_a_file_of_another_node_is_brought(system: System) -> None:
    assert system.lines("/nodes/node2/bin/echo here") == ["here"]
