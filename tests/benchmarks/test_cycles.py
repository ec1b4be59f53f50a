"""The benchmark's demands, as slow tests."""

from pathlib import Path

import pytest

from .cycles import CASES, find, main


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES))
def test_cycles_are_those_of_verilator(name: str) -> None:
    if find(CASES[name].file) is None:
        pytest.skip("needs the models in SANGI_DATA")
    assert main([name]) == 0


@pytest.mark.parametrize("data", [None, "nothing"])
def test_a_network_that_is_not_checked_is_no_success(
    data: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("SANGI_DATA", raising=False)
    if data is not None:
        monkeypatch.setenv("SANGI_DATA", str(tmp_path / data))
    assert main(["tfc_2w2a"]) == 1
    said = "not checked: SANGI_DATA must name a folder with models/zoo_TFC_2W2A.onnx"
    assert said in capsys.readouterr().out
