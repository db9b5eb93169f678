from __future__ import annotations

import pickle
import re
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from bot.research import Deidentifier
from bot.research import learnt as tagger
from bot.research.learnt import learnt
from bot.research.lexicon import given_names, phrases
from bot.research.message import Message

LINES = yaml.safe_load(Path(__file__).with_name("lines.yml").read_text(encoding="utf-8"))
_SURROGATE = re.compile(r"\[[A-Z]+(?: [A-Z]+)?(?: \d+)?\]")


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"[\w']+", _SURROGATE.sub(" ", text).lower()))


def _is_hidden(identifier: str, text: str) -> bool:
    """Whether neither the whole nor any word of it (two characters or more) is left."""
    left = _words(text)
    return not any(len(word) > 1 and left[word] for word in _words(identifier))


def _missed(lines: list[dict]) -> list[str]:
    found = []
    for line in lines:
        text = Deidentifier().replace(line["text"])
        found += [identifier for identifier in line["hide"] if not _is_hidden(identifier, text)]
    return found


@pytest.mark.parametrize("line", LINES["planted"], ids=lambda line: line["text"][:40])
def test_every_planted_identifier_is_gone_whole(line):
    assert _missed([line]) == []


def test_at_least_93_percent_of_the_later_lines_identifiers_are_gone_whole():
    # A floor under what is reached, to be raised with it; sight unseen these lines gave 74 % and 71 %.
    missed = _missed(LINES["later"])
    assert len(missed) <= 0.07 * sum(len(line["hide"]) for line in LINES["later"]), missed


def test_at_most_5_percent_of_ordinary_words_are_lost():
    lost = sum((_words(line) - _words(Deidentifier().replace(line)) for line in LINES["clean"]), Counter())
    assert lost.total() <= 0.05 * sum(_words(line).total() for line in LINES["clean"]), lost


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my wife karen left", "my wife [PARTNER] left"),
        ("my kids tom and ella", "my kids [CHILD 1] and [CHILD 2]"),
        ("dr patel rang", "dr [DOCTOR 1] rang"),
        ("my mate dave and his brother Zoltan", "my mate [PERSON 1] and his brother [PERSON 2]"),
        ("i work at lidl in leeds", "i work at [EMPLOYER 1] in [TOWN 1]"),
        ("Saw Svetlana's mum", "Saw [PERSON 1]'s mum"),
        ("I met Qorianka there", "I met [NAME 1] there"),
        ("07700 900123", "[PHONE]"),
        ("a.b@example.com", "[EMAIL]"),
        ("https://example.org/x.", "[LINK]."),
        ("insta: gymrat.lee", "insta: [HANDLE]"),
        ("born 12/03/1987", "born [DATE]"),
        ("ssn 078-05-1120", "ssn [ID NUMBER]"),
        ("reg AB12 CDE", "reg [PLATE]"),
        ("zip 33130", "zip [POSTCODE]"),
        ("at 14 maple drive", "at [ADDRESS]"),
        ("try Miami Psychology Group in miami", "try Miami Psychology Group in [TOWN 1]"),
    ],
)
def test_each_kind_has_its_surrogate(text, expected):
    assert Deidentifier().replace(text) == expected


def test_a_name_keeps_its_surrogate_through_a_dialogue():
    man = Deidentifier()
    said = [
        man.replace("my wife Karen Hill left"),
        man.replace("KAREN said no, then karen's mum rang my brother spudgun"),
        man.replace("spudgun and karen talk"),
    ]
    assert said == [
        "my wife [PARTNER] left",
        "[PARTNER] said no, then [PARTNER]'s mum rang my brother [PERSON 1]",
        "[PERSON 1] and [PARTNER] talk",
    ]


def test_a_name_that_is_a_word_is_known_once_a_cue_gave_it():
    man = Deidentifier()
    assert man.replace("my brother bill came") == "my brother [PERSON 1] came"
    assert man.replace("so bill paid the bill") == "so [PERSON 1] paid the bill"


def test_two_dialogues_share_nothing():
    first, second = Deidentifier(), Deidentifier()
    first.replace("my mate spudgun")
    assert second.replace("spudgun") == "spudgun"


@pytest.mark.parametrize("hidden", ["my wife ka\u200bren left", "my wife ka\u00adren left"])
def test_invisible_characters_hide_no_name(hidden):
    assert Deidentifier().replace(hidden) == "my wife [PARTNER] left"


def test_names_with_accents_typed_in_two_code_points_are_found():
    assert Deidentifier().replace("my brother Ju\u0308rgen") == "my brother [PERSON 1]"


def test_emoji_and_empty_texts_come_back_as_they_were():
    for text in ("", "👍🏽👨‍👩‍👧", "...", "12", "你好"):
        assert Deidentifier().replace(text) == text


@pytest.mark.parametrize(
    "piece",
    ["a", "a.", "1 ", "1/", "(1", "a_", "@a", "my wife ", "ab", "dave, ", "on a ", "12345 a ", "work at "],
)
def test_no_text_takes_long(piece):
    began = time.process_time()
    Deidentifier().replace(piece * (4096 // len(piece)))
    assert time.process_time() - began < 8  # seconds for the longest message: the encoder reads every word of it


@pytest.mark.parametrize(
    "text", ["the old quarrel's end", "zendelka's bike and the captain's", "that's his, it’s hers"]
)
def test_a_possessive_ending_stays_with_what_follows(text):
    spans = list(learnt(Message.of(text)))
    assert not any(re.search("(?:^|['’])s$", text[span.start : span.end]) for span in spans)


def test_a_message_that_comes_again_is_not_read_again_and_none_is_kept(monkeypatch):
    message, read = Message.of("zendelka rang about 4471 today"), []
    monkeypatch.setattr(tagger, "_recent", tagger._Recent())
    monkeypatch.setattr(
        tagger.Learnt, "find", lambda _, message, find=tagger.Learnt.find: read.append(1) or find(_, message)
    )
    assert list(learnt(message)) == list(learnt(message)) != []
    assert read == [1]
    assert b"zendelka" not in pickle.dumps(tagger._recent._found)


def test_only_so_many_messages_are_remembered(monkeypatch):
    monkeypatch.setattr(tagger, "MESSAGES_KNOWN", 3)
    monkeypatch.setattr(tagger, "_recent", tagger._Recent())
    for number in range(9):
        list(learnt(Message.of(f"/{'abcdefghi'[number]}s")))
    assert len(tagger._recent._found) == 3


def test_the_lists_are_as_large_as_promised():
    assert sum(rule == "plain" for rule in given_names().values()) >= 400
    assert len(phrases("towns")) >= 300


# Measured on tests/heldout/identifiers.yml, which was written apart from the recognisers and is never read but here.
HELD_OUT = yaml.safe_load((Path(__file__).parents[1] / "heldout" / "identifiers.yml").read_text(encoding="utf-8"))
_MARK = re.compile(r"\{([di]):([^}]*)\}")


@pytest.mark.parametrize("typed", [str, str.lower], ids=["as written", "lower case"])
def test_the_unseen_lines_identifiers_are_gone_whole_as_the_docs_say(typed):
    found, planted, lost, ordinary = Counter(), Counter(), 0, 0
    for line in HELD_OUT["planted"].splitlines():
        marks = [(match[1], typed(match[2])) for match in _MARK.finditer(line)]
        replaced = Deidentifier().replace(typed(_MARK.sub(lambda match: match[2], line)))
        planted.update(sort for sort, _ in marks)
        found.update(sort for sort, identifier in marks if _is_hidden(identifier, replaced))
        beside = _words(typed(_MARK.sub(" ", line)))
        lost, ordinary = lost + (beside - _words(replaced)).total(), ordinary + beside.total()
    for line in HELD_OUT["clean"].splitlines():
        lost += (_words(typed(line)) - _words(Deidentifier().replace(typed(line)))).total()
        ordinary += _words(typed(line)).total()
    # floors a little under what docs/research.md tells
    assert found["d"] >= 0.97 * planted["d"], f"direct: {found['d']} of {planted['d']}"
    assert found["i"] >= 0.85 * planted["i"], f"indirect: {found['i']} of {planted['i']}"
    assert lost <= 0.05 * ordinary, f"{lost} of {ordinary} ordinary words are gone"
