from __future__ import annotations

import pytest
from crisis_phrases import read_phrases


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "phrase" in metafunc.fixturenames:
        phrases = read_phrases("phrases.yml")
        metafunc.parametrize("phrase", phrases, ids=[phrase.text for phrase in phrases])
