"""What is told of long work to who sees no bar."""

import pytest

from atoll.cluster import progress


def test_without_a_terminal_one_line_and_only_if_it_takes_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr("atoll.cluster.progress.time.monotonic", lambda: now[0])
    with progress.progress_bar(or_line=True) as report:
        report("compiling kernel", 0, 3)
        assert capsys.readouterr().err == ""
        now[0] += progress.PATIENCE
        report("compiling root", 1, 3)
        report("compiling naming", 2, 3)
    assert capsys.readouterr().err == "atoll: compiling root (2 of 3); this takes a while the first time\n"
    with progress.progress_bar(or_line=True) as report:
        report("compiling kernel", 0, 1)
        now[0] += progress.PATIENCE
        report("done", 1, 1)
    assert capsys.readouterr().err == ""
