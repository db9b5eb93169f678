"""The three commands for outside checks, as processes: the exact form of each line, and what a bad line does."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest

from bot.codebook import code_ids
from bot.config import PROJECT
from bot.content import say
from bot.records.phq9 import ITEMS
from tests.path_fixtures import House

LINE_SECONDS = 180
CRISIS = "I want to kill myself"
HARMLESS = "watched the match with my brother and went to bed early. "
LEVELS = {"none", "concern", "high", "imminent"}
# What is refused, with a word of the line that says why.
REFUSED = [
    ("nope", "JSON"),
    ("[1, 2]", "object"),
    ('"text"', "object"),
    ("null", "object"),
    ('{"id": 1}', '"text"'),
    ('{"text": null}', '"text"'),
    ('{"text": 5}', '"text"'),
    ('{"text": ["a"]}', '"text"'),
    ('{"text": "half', "JSON"),
    ("[" * 100_000, "JSON"),
]
# What is odd but can be answered.
ODD = ["", " ", "x" * 5_000, "😶‍🌫️🌧️", "не могу спать", "もう疲れた", "لا أستطيع", "a\x00b", "\ud83d", "/", '/a{"b":"c"}']


def run(command: list[str], stdin: bytes, house: House) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-m", "bot", *command],
        cwd=PROJECT,
        env=house.environment(),
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )


def rows(output: bytes) -> list[dict]:
    return [json.loads(line) for line in output.decode().splitlines()]


def lines(*objects) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in objects).encode()


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> House:
    return House.build(tmp_path_factory.mktemp("console") / "house")


def test_screen_gives_exactly_id_level_and_reasons(house):
    given = [{"id": "a", "text": CRISIS}, {"id": 7, "text": "killing me, this job"}, {"text": "hello"}]
    done = run(["screen", "--jsonl"], lines(*given), house)
    first, *others = rows(done.stdout)
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(first) == ["id", "level", "reasons"]
    assert (first["id"], first["level"]) == ("a", "high")
    assert first["reasons"]
    assert others == [{"id": 7, "level": "none", "reasons": []}, {"id": None, "level": "none", "reasons": []}]


def test_screen_needs_no_keys_no_database_and_no_rasa(house, tmp_path):
    environment = house.environment(BALLAST_HOME=str(tmp_path / "nowhere"), REGION="atlantis")
    done = subprocess.run(
        [sys.executable, "-m", "bot", "screen", "--jsonl"],
        cwd=PROJECT,
        env=environment,
        input=lines({"text": "hello"}),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert not (tmp_path / "nowhere").exists()


def refused_and_answered(line: bytes, why: str, house: House) -> None:
    done = run(["screen", "--jsonl"], line + b"\n" + lines({"id": 1, "text": "hello"}), house)
    assert done.returncode == 1
    (told,) = done.stderr.decode().splitlines()
    assert told.startswith("line 1: ")
    assert why in told
    assert rows(done.stdout) == [{"id": 1, "level": "none", "reasons": []}]


@pytest.mark.parametrize(("line", "why"), REFUSED, ids=[line[:12] for line, _ in REFUSED])
def test_bad_line_is_told_in_one_line_and_the_next_is_answered(house, line, why):
    refused_and_answered(line.encode(), why, house)


def test_line_that_is_not_utf_8_is_told_and_the_next_is_answered(house):
    refused_and_answered(b'{"text": "\xff\xfe"}', "UTF-8", house)


def test_odd_texts_and_empty_lines_are_no_errors(house):
    given = lines(*({"id": text, "text": text} for text in ODD))
    done = run(["screen", "--jsonl"], b"\n  \n" + given, house)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(rows(done.stdout)) == len(ODD)


def test_text_is_cut_where_telegram_would(house):
    within, beyond = HARMLESS * 71 + CRISIS, HARMLESS * 80 + CRISIS
    done = run(["screen", "--jsonl"], lines({"text": within}, {"text": beyond}), house)
    assert [row["level"] for row in rows(done.stdout)] == ["high", "none"]


def test_read_gives_intent_confidence_and_codes_best_first(house):
    given = [{"id": n, "text": text} for n, text in enumerate(["I hide it from everyone at work", "hello", *ODD])]
    done = run(["read", "--jsonl"], b"nope\n[]\n" + lines(*given), house)
    assert done.returncode == 1
    assert [line for line in done.stderr.decode().splitlines() if line.startswith("line ")] == [
        "line 1: not JSON",
        "line 2: not a JSON object",
    ]
    found = rows(done.stdout)
    assert [row["id"] for row in found] == list(range(len(given)))
    for row in found:
        assert list(row) == ["id", "intent", "confidence", "codes"]
        assert 0 <= row["confidence"] <= 1
        assert all(list(code) == ["id", "score"] and code["id"] in code_ids() for code in row["codes"])
        scores = [code["score"] for code in row["codes"]]
        assert scores == sorted(scores, reverse=True)
    assert found[0]["codes"]
    assert (found[1]["intent"], found[1]["codes"]) == ("greet", [])


class Chat:
    """``ballast chat --jsonl`` as a process that is spoken to line by line."""

    def __init__(self, house: House, *options: str) -> None:
        self.errors = house.home / f"chat{len(options)}.err"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
                [sys.executable, "-m", "bot", "chat", "--jsonl", *options],
                cwd=PROJECT,
                env=house.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    def line(self, line: str) -> None:
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> dict:
        watch = threading.Timer(LINE_SECONDS, self.process.kill)
        watch.start()
        heard = self.process.stdout.readline()
        watch.cancel()
        assert heard, f"no answer: {self.errors.read_text()}"
        return json.loads(heard)

    def ask(self, **given) -> dict:
        self.line(json.dumps(given))
        return self.hear()

    def say(self, text: str) -> dict:
        return self.ask(text=text)

    def press(self, choice: str) -> dict:
        return self.ask(button=choice)

    def end(self) -> int:
        self.process.stdin.close()
        try:
            return self.process.wait(timeout=30)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


def texts(turn: dict) -> list[str]:
    return [reply["text"] for reply in turn["replies"]]


def labels(turn: dict) -> dict[str, str]:
    return {button["label"]: button["data"] for reply in turn["replies"] for button in reply["buttons"]}


@pytest.fixture(scope="module")
def chat(house):
    """One conversation; the tests follow one another in it, as a man's evening would."""
    talk = Chat(house, "--fresh", "--consented")
    yield talk
    assert talk.end() == 0
    assert talk.errors.read_text() == ""
    assert list(house.temp.iterdir()) == []  # the temporary database went with the conversation


def test_chat_gives_exactly_replies_level_and_flags(chat):
    turn = chat.say("hello")
    assert list(turn) == ["replies", "level", "flags"]
    assert (turn["level"], turn["flags"]) == ("none", [])
    assert [list(reply) for reply in turn["replies"]] == [["text", "buttons"]] * len(turn["replies"])
    assert all(list(button) == ["label", "data"] for reply in turn["replies"] for button in reply["buttons"])


@pytest.mark.parametrize("by", ["label", "data"])
def test_chat_button_is_pressed_by_label_or_data_and_is_stale_afterwards(chat, by):
    offered = labels(chat.say("/region"))
    assert texts(chat.press("uk" if by == "label" else offered["UK"])) == say("region_done", "uk")
    assert texts(chat.press(offered["UK"])) == say("stale_button", "uk")
    assert texts(chat.press("never offered")) == say("stale_button", "uk")


def test_chat_region_decides_the_words(chat):
    chat.say("/region")
    chat.press("Germany")
    assert "0800" in " ".join(texts(chat.say("/person")))


def test_chat_phq9_to_the_end_gives_the_exact_score(chat):
    turn = chat.say("/phq9")
    choices = ["Not at all", "Several days", "More than half the days", "Nearly every day"]
    answers = [3, 2, 1, 0, 3, 2, 1, 0, 0]
    for number, answer in enumerate(answers):
        assert ITEMS[number] in texts(turn)[-1]
        assert [label for label in labels(turn) if label in choices] == choices
        turn = chat.press(choices[answer])
    assert "12" in " ".join(texts(turn)).replace(".", " ").split()
    assert [flag for flag in turn["flags"] if flag["kind"] == "phq9"] == []


def test_chat_crisis_in_the_middle_of_the_phq9_is_answered_and_the_score_stays_exact(chat):
    chat.say("/phq9")
    chat.press("Several days")
    turn = chat.say(CRISIS)
    assert turn["level"] == "high"
    assert "0800" in texts(turn)[0]
    assert {"level": "orange", "kind": "screening", "state": "open"} in turn["flags"]
    turn = chat.press("No, I'm safe right now")
    assert {"level": "orange", "kind": "screening", "state": "open"} in turn["flags"]
    turn = chat.say("/phq9")
    for number in range(1, 9):
        assert ITEMS[number] in texts(turn)[-1]
        turn = chat.press("Nearly every day" if number == 8 else "Several days")
    assert "11" in " ".join(texts(turn)).replace(".", " ").split()
    assert {"level": "orange", "kind": "phq9", "state": "open"} in turn["flags"]


def test_chat_forget_wipes_and_begins_again(chat):
    chat.say("/forget")
    assert texts(chat.press("Wipe it")) == say("forget_done", "us-miami")
    assert texts(chat.say("hello"))[:-1] == say("intro", "us-miami")


@pytest.mark.parametrize("agrees", ["I'm 18+, keep it", "yes"], ids=["pressed", "typed"])
def test_chat_of_a_stranger_is_answered_once_he_has_agreed_whatever_he_is_asked_besides(chat, agrees):
    chat.say("/forget")
    chat.press("Wipe it")
    heard = chat.say("my wife does not believe me")
    assert texts(heard)[:-1] == say("intro", "us-miami")
    assert agrees in labels(heard) or agrees == "yes"
    heard = chat.press(agrees) if agrees != "yes" else chat.say(agrees)
    first, *answer, question = texts(heard)
    assert [first] == say("consent_yes_waiting", "us-miami")
    assert len(answer) >= 1
    assert [question] == say("first_region_later", "us-miami")
    offered = labels(heard)
    heard = chat.say("she thinks I am lazy")
    assert texts(heard)
    assert not set(labels(heard)) & {"Miami", "Skip"}
    assert texts(chat.press(offered["UK"])) == say("first_tone", "uk")  # the question waits, and blocks nothing
    assert texts(chat.say("dry")) == say("first_done", "uk")


@pytest.fixture
def stranger(house):
    talk = Chat(house, "--fresh")
    yield talk
    talk.end()


def test_chat_with_a_crisis_first_and_bad_lines_between(stranger):
    talk = stranger
    first = talk.say(CRISIS)
    assert (first["level"], [flag["kind"] for flag in first["flags"]]) == ("high", ["screening"])
    assert "988" in texts(first)[0]
    for line, _ in REFUSED:
        talk.line(line)
    talk.line('{"button": 5}')
    talk.line("")
    for text in ODD:
        assert talk.say(text)["replies"], text
    assert talk.end() == 1
    told = talk.errors.read_text().splitlines()
    assert [line.split(":")[0] for line in told] == [f"line {number}" for number in range(2, 3 + len(REFUSED))]
