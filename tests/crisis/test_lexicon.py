"""The lexicon as data: readable rules, clear errors, nothing read at import."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.crisis.lexicon import FOLDER, LexiconError, lexicon_from, read_lexicon
from bot.crisis.line import Line
from bot.crisis.patterns import Compiler, PatternError

COMPILER = Compiler({"want": "(want|wish) to"}, frozenset({"really"}), frozenset({"not"}))


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        ("want to die", "i want to die", "want to die"),
        ("(want|wish) to die", "i wish to die", "wish to die"),
        ("want [not] to be", "want not to be", "want not to be"),
        ("want [not] to be", "want to be", "want to be"),
        ("kill* myself", "killing myself", "killing myself"),
        ("{want} ~2 die", "want to go and die", "want to go and die"),
        ("want ~2 die", "want one two three die", ""),
        ("want ~2 die", "want . die", ""),
        ("want ~2 die", "want , die", "want , die"),
        ("want ~2 die", "want not die", ""),
        ("want _ die", "want to die", "want to die"),
        ("^ die", "die", "die"),
        ("^ die", "to die", ""),
        ("die $", "die laughing", ""),
        ("die !(laughing|hard)", "die laughing", ""),
        ("die !(laughing|hard)", "die slowly", "die"),
        ("really want", "want", "want"),
        ("(really|want) die", "die", ""),
        ("die", "died diet", ""),
    ],
)
def test_the_pattern_language(source: str, text: str, found: str) -> None:
    line = Line.of(text.split())
    spans = list(COMPILER.compile(source).spans(line))
    assert (line.text[slice(*spans[0])].strip() if spans else "") == found


@pytest.mark.parametrize("source", ["(want", "want)", "[want", "{nobody}", "want ~9 die", "", "(want]"])
def test_a_broken_pattern_is_refused(source: str) -> None:
    with pytest.raises(PatternError):
        COMPILER.compile(source)


def test_every_family_has_a_reason_a_person_can_read() -> None:
    for family in read_lexicon().families:
        assert family.patterns, family.name
        if family.level > "none":
            assert len(family.reason.split()) >= 3, family.name
            assert "_" not in family.reason


@pytest.mark.parametrize(
    ("file", "content", "cause"),
    [
        ("en/wish.yml", "- name: [", "Cannot read"),
        ("en/wish.yml", "- name: x\n  level: high\n  reason: r\n  patterns: '(want'\n", "(want"),
        ("en/wish.yml", "- name: x\n  level: dire\n  reason: r\n  patterns: want\n", "dire"),
        ("shared/combinations.yml", "- groups: [nonesuch]\n  level: high\n  reason: r\n", "nonesuch"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, file: str, content: str, cause: str) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "lexicon"))
    assert lexicon_from(folder).families
    (folder / file).write_text(content, encoding="utf-8")
    with pytest.raises(LexiconError) as raised:
        lexicon_from(folder)
    assert cause in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "lexicon"))
    (folder / "en/guards.yml").unlink()
    with pytest.raises(LexiconError, match="guards"):
        lexicon_from(folder)


def test_importing_reads_no_file_and_no_room_that_the_house_does_not_allow() -> None:
    code = (
        "import sys, bot.crisis; from bot.crisis.lexicon import read_lexicon;"
        "assert read_lexicon.cache_info().currsize == 0;"
        "rooms = {m.split('.')[1] for m in sys.modules if m.startswith('bot.')};"
        "assert rooms <= {'crisis', 'errors', 'logs', 'vectors'}, rooms"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=FOLDER.parents[2])  # noqa: S603
