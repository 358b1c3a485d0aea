import pytest

from sandbox.acquirers import notices


@pytest.fixture(autouse=True)
def _notices_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "ANSWER_FIRST_SECONDS", 0.01)
