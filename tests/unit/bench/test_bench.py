import sys

import pytest

from tests.bench import __main__ as bench


def test_the_benchmark_runs_and_says_what_it_measured_beside_what(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "--campaigns", "20", "--beside", "10", "--rounds", "1"])
    bench.main()
    said = capsys.readouterr().out
    assert "processors" in said
    assert "Without an index, 10 campaigns" in said
    assert "20 campaigns, all different" in said
    assert said.count("of all clocks asked") == 4
    assert said.count("of APScheduler's") == 6
