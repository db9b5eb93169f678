"""Every sentence a man reads, and every sentence the model learns from, against the rules of ``lint.py``."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest
import yaml

from bot.codebook import codes
from bot.config import REGIONS
from bot.content import say
from bot.content.texts import DOCTOR

from . import lint

ROOT = Path(__file__).resolve().parents[2]
SEEDS = (ROOT / "seeds", ROOT.parent / "shared" / "seeds")  # the two sources; not part of the repository
# Intents that only screening or a button sets.
NEVER_GUESSED = re.compile(
    r"crisis_|safety_(?!plan$)|grounding$|beside_answer$|theme_answer$|check_back$|guide$|tools$|find_"
)
VARIATIONS, STEPS = 3, 3
COMMON = 6  # variations of what may be said in turns on end: nothing may come again within five
LEAST_EXAMPLES_OF_A_CODE, LEAST_EXAMPLES = 40, 25
FEWEST_WORDS_GRADED = 5  # the formula says nothing about "Noted."
PLACES = {
    "emergency": "911",
    "local_service": "Miami Psychology Group",
    "call_line": "Samaritans (call 116 123)",
    "text_line": "Crisis Text Line (text HOME to 741741)",
}
NUMBERS = {"total": "12", "mood": "4", "before": "6", "rating": "4", "score": "12"}
NUMBERS |= {"what": "ten minutes outside", "when": "tonight", "signs": "a short fuse and drink", "much": "most of all "}
# What each text of the gate must give, in every variation, wherever it stands in its bubbles.
PROMISED = {
    "intro": {"emergency"},
    "too_young": {"crisis"},
    "safety_high": {"crisis", "staff"},
    "safety_imminent": {"emergency", "crisis", "staff"},
    "safety_other": {"emergency", "crisis"},
    "safety_bereaved": {"crisis"},
    "safety_violence": {"emergency", "crisis", "staff"},
    "safety_partner": {"emergency", "crisis", "staff"},
    "safety_child": {"emergency", "crisis", "staff"},
    "safety_static": {"emergency"},
    "violence_static": {"emergency"},
    "concern_static": {"crisis"},
    "failure": {"crisis"},
    "empty_reply": {"crisis"},
    "cannot_see": {"crisis"},
    "check_backs_dropped": {"crisis"},
    "cannot_read": {"crisis"},
    "place_not_needed": {"crisis"},
    "contact_not_kept": {"crisis"},
    "person_asked": {"crisis", "staff"},
    "check_back_silence": {"emergency", "crisis"},
    "check_back_day": {"emergency", "crisis"},
    "check_back_week": {"emergency", "crisis"},
}
LOCK_SCREEN = 100  # characters of a message that a phone shows to whoever lies beside it
TELLING = re.compile(r"suicid|depress|kill|die\b|dying|death|your life|crisis|flag|mood|clinic|danger|safe\b|harm|hurt")
PROMISED_IN_DIALOGUE = {
    "utter_safety_imminent": {"emergency"},
    "utter_other_person_lines": {"emergency", "crisis"},
    "utter_decline_check_back": {"crisis"},
}
UNASKED = ("check_in", "check_in_stop", "reminder")  # beside the check-backs; one bubble each
CHECK_BACKS = tuple(f"utter_check_back_{kind}" for kind in ("silence", "day", "week"))
DIRECT_QUESTIONS = (
    *CHECK_BACKS,
    "utter_safety_ask",
    "utter_safety_ask_again",
    "utter_safety_back",
    "utter_concern_ask",
    "utter_phq9_item9",
)


def read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@cache
def topics() -> list[dict]:
    return [read(path) for path in sorted((ROOT / "data" / "nlu").glob("*.yml"))]


@cache
def responses() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for topic in topics():
        for name, variations in (topic.get("responses") or {}).items():
            assert name not in found, f"{name} stands twice"
            found[name] = [variation["text"] for variation in variations]
    return found


@cache
def examples() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for topic in topics():
        for row in topic.get("nlu") or []:
            lines = (line.strip() for line in row["examples"].splitlines())
            found[row["intent"]] += [line.removeprefix("- ").strip() for line in lines if line]
    return dict(found)


@cache
def gate_texts() -> dict:
    return read(ROOT / "bot" / "content" / "en.yml")


@cache
def gate_bubbles() -> dict[str, list[list[str]]]:
    named_apart = ("pieces", "buttons", "consent_words", "signs", "times")
    return {name: found for name, found in gate_texts().items() if name not in named_apart}


@cache
def bubbles() -> list[tuple[str, str]]:
    """Every bubble with where it stands."""
    said = [(name, text) for name, variations in responses().items() for text in variations]
    for name, variations in gate_bubbles().items():
        said += [(name, bubble) for variation in variations for bubble in variation]
    return said


@cache
def domain() -> dict:
    return read(ROOT / "domain.yml")


@cache
def seeds() -> str:
    folder = next((folder for folder in SEEDS if folder.is_dir()), None)
    if folder is None and "BALLAST_CI" in os.environ:
        pytest.fail("the two sources must lie in ../shared/seeds beside the checkout")
    if folder is None:
        pytest.skip("the two sources are not on this machine; they lie in ../shared/seeds where Ballast is built")
    lines = " ".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt")))
    return " ".join(lines.split())


def intents_answered_by(action: str) -> set[str]:
    """Intents that a rule leads straight to an action."""
    found: set[str] = set()
    for path in sorted((ROOT / "data" / "rules").glob("*.yml")):
        for rule in read(path)["rules"]:
            first = rule["steps"][0]
            if rule["steps"][-1].get("action") == action:
                found |= {step["intent"] for step in first.get("or", [first]) if "intent" in step}
    return found


def as_read(text: str, doctor: str) -> str:
    return lint.filled(text, {"doctor": doctor, **PLACES, **NUMBERS})


# What he reads.


@pytest.mark.parametrize("doctor", sorted(set(DOCTOR.values())))
def test_no_bubble_is_longer_than_sixty_words(doctor):
    lengths = {text: lint.word_count(as_read(text, doctor)) for _, text in bubbles()}
    assert {text: count for text, count in lengths.items() if count > lint.MOST_WORDS} == {}


@pytest.mark.parametrize("doctor", sorted(set(DOCTOR.values())))
def test_every_bubble_can_be_read_after_seven_years_of_school(doctor):
    read_by_him = (as_read(text, doctor) for _, text in bubbles())
    graded = [text for text in read_by_him if lint.word_count(text) >= FEWEST_WORDS_GRADED]
    grades = {text: round(lint.grade(text), 1) for text in graded}
    assert {text: grade for text, grade in grades.items() if grade > lint.MOST_GRADE} == {}


def test_nothing_banned_is_said():
    said = [*bubbles(), *((part, text) for part in ("pieces", "buttons") for text in gate_texts()[part].values())]
    assert {text: lint.banned(text) for _, text in said if lint.banned(text)} == {}


def test_every_placeholder_is_known():
    unknown = {text: lint.placeholders(text) - lint.PLACEHOLDERS for _, text in bubbles()}
    assert {text: names for text, names in unknown.items() if names} == {}


def test_placeholders_of_one_score_stand_only_where_the_score_is_given():
    given = {"total": ("utter_phq9_result",), "before": ("utter_mood_up", "utter_mood_down")}
    given["mood"] = (*given["before"], "utter_mood_low", "utter_mood_noted")
    stray = [
        (where, name)
        for where, text in bubbles()
        for name in lint.placeholders(text) & given.keys()
        if where not in given[name]
    ]
    assert stray == []


def test_the_gate_alone_says_when_staff_read():
    assert [name for name, texts in responses().items() for text in texts if "{staff}" in text] == []


def test_a_question_response_asks_one_question():
    asking = [text for name in responses() if name.endswith("_question") for text in responses()[name]]
    assert [text for text in asking if lint.questions(text) != 1] == []


def test_a_reflection_leaves_the_asking_to_the_question_after_it():
    asking = [text for name, text in bubbles() if name.endswith("_reflection") and lint.questions(text)]
    assert asking == []


@pytest.mark.parametrize("code", [code.id for code in codes()])
def test_every_code_has_three_reflections_questions_and_steps(code):
    counts = {part: len(for_every_tone(f"utter_{code}_{part}")) for part in ("reflection", "question")}
    assert counts == dict.fromkeys(("reflection", "question"), VARIATIONS)
    assert all(len(responses().get(f"utter_{code}_step_{number}", ())) == 1 for number in range(1, STEPS + 1))


def for_every_tone(name: str) -> list[str]:
    rows = [row for topic in topics() for row in (topic.get("responses") or {}).get(name, ())]
    return [row["text"] for row in rows if "tone" not in row.get("metadata", {})]


@pytest.mark.parametrize(
    "name",
    ["heard", "heard_open", "default", "menu", "guess", "affirm", "deny", "unsure", "greet", "goodbye", "thanks"]
    + ["stop", "insult", "off_topic", "say_again", "nonsense"]
    + [f"aside_{intent}" for intent in ("greet", "thanks", "insult", "off_topic", "say_again")],
)
def test_what_may_be_said_in_turns_on_end_has_enough_variations(name):
    assert len(for_every_tone(f"utter_{name}")) >= COMMON


def test_every_plain_intent_has_its_answer():
    plain = intents_answered_by("action_say") | intents_answered_by("action_signpost")
    plain |= intents_answered_by("action_go_on") | {"next_step", "talk_to_person", "mood_checkin", "phq9"}
    assert plain <= set(domain()["intents"])
    assert {intent for intent in plain if f"utter_{intent}" not in responses()} == set()


def test_every_response_named_in_the_actions_exists():
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "actions").glob("*.py")))
    named = set(re.findall(r'"(utter_[a-z0-9_]+)"', source))
    assert named - set(responses()) - {"utter_action"} == set()  # the key under which Rasa keeps a name


def test_no_variation_equals_another():
    count = Counter(lint.plain(text) for _, text in bubbles())
    assert [text for text, times in count.items() if times > 1] == []


def test_two_variations_of_a_response_do_not_begin_alike():
    alike = []
    for name, variations in responses().items():
        beginnings = Counter(" ".join(lint.tokens(text)[:4]) for text in variations)
        alike += [(name, beginning) for beginning, times in beginnings.items() if times > 1]
    assert [row for row in alike if not row[0].startswith("utter_mood_")] == []


# Safety.


def test_safety_texts_give_what_the_gate_promises():
    missing = [
        (name, number, promised - lint.placeholders(" ".join(variation)))
        for name, promised in PROMISED.items()
        for number, variation in enumerate(gate_bubbles()[name])
        if promised - lint.placeholders(" ".join(variation))
    ]
    missing += [
        (name, text, promised - lint.placeholders(text))
        for name, promised in PROMISED_IN_DIALOGUE.items()
        for text in responses()[name]
        if promised - lint.placeholders(text)
    ]
    assert missing == []


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("name", sorted(PROMISED))
def test_every_region_reads_its_own_numbers(name, region):
    emergency = {"us-miami": "911", "us": "911", "uk": "999", "de": "112", "elsewhere": "your local emergency number"}[
        region
    ]
    for turn in range(len(gate_bubbles()[name])):
        text = "\n".join(say(name, region, turn=turn))
        assert not re.search(r"[{}]", text)
        assert not PROMISED[name] & {"emergency"} or emergency in text
        assert "crisis" not in PROMISED[name] or re.search(r":\n\S", text)


def test_no_number_stands_in_the_words_themselves():
    numbers = re.compile(r"\+?\d(?:[\s-]?\d){2,}")
    found = [text for _, text in bubbles() if numbers.search(lint.filled(text, {}))]
    assert found == []


@pytest.mark.parametrize("name", DIRECT_QUESTIONS)
def test_yes_to_a_direct_question_always_means_danger(name):
    """The buttons and a typed "yes" are read as danger, so no variation may ask whether he is safe."""
    for text in responses()[name]:
        last = lint.sentences(text)[-1].lower()
        assert re.search(r"(ending|end) your life|killing yourself|dying", last), text
        assert " safe" not in last, text
        assert lint.questions(text) == 1, text


def test_what_we_write_unasked_begins_with_words_that_anybody_may_see():
    said = [text for name in CHECK_BACKS for text in responses()[name]]
    said += [bubble[0] for name in PROMISED if name.startswith("check_back_") for bubble in gate_bubbles()[name]]
    assert len(said) == 12
    said += [bubble[0] for name in UNASKED for bubble in gate_bubbles()[name]]
    assert [text for text in said if TELLING.search(text[:LOCK_SCREEN].lower())] == []


def test_what_the_gate_writes_unasked_is_one_bubble():
    """A second bubble would be the one that the lock screen shows."""
    found = [gate_bubbles()[name] for name in PROMISED if name.startswith("check_back_")]
    found += [gate_bubbles()[name] for name in UNASKED]
    assert {len(variation) for variations in found for variation in variations} == {1}


def test_the_clinic_is_never_promised_at_a_given_time():
    hurry = re.compile(r"staff (will|are going to) (call|write|answer|be)|within \d+|in \d+ (minutes|hours)")
    assert [text for _, text in bubbles() if hurry.search(text.lower())] == []


# What the model learns from.


def test_intents_of_the_screening_have_no_examples():
    assert [intent for intent in examples() if NEVER_GUESSED.match(intent)] == []


def test_every_intent_has_enough_examples():
    ids = {code.id for code in codes()}
    least = {
        intent: LEAST_EXAMPLES_OF_A_CODE if intent in ids else LEAST_EXAMPLES
        for intent in domain()["intents"]
        if not NEVER_GUESSED.match(intent)
    }
    few = {intent: len(examples().get(intent, ())) for intent in least}
    assert {intent: count for intent, count in few.items() if count < least[intent]} == {}
    assert set(examples()) <= set(domain()["intents"])


def test_no_example_stands_twice():
    count = Counter(lint.plain(text) or text for texts in examples().values() for text in texts)
    assert [text for text, times in count.items() if times > 1] == []


def test_no_example_is_copied_from_the_sources():
    running = seeds()
    source = lint.SourceSentences(lint.sentences(running), running)
    assert copies(source) == []


def test_no_example_is_a_quotation_of_the_study():
    rows = read(ROOT / "tests" / "quotations.yml")["quotations"]
    parts = [part for row in rows for part in (row["text"], *lint.sentences(row["text"]))]
    assert copies(lint.SourceSentences(parts)) == []


def copies(source: lint.SourceSentences) -> list[tuple[str, str, str]]:
    found = ((intent, text) for intent, texts in examples().items() for text in texts)
    return [(intent, text, like) for intent, text in found if (like := lint.copied_from(text, source))]


# The lint itself.


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("men", 1), ("like", 1), ("little", 2), ("table", 2), ("while", 1), ("rule", 1), ("asked", 1),
        ("wanted", 2), ("needed", 2), ("times", 1), ("places", 2), ("doctor", 2), ("GP", 2), ("9", 1),
        ("primary-care", 4), ("somebody", 3), ("diagnosis", 4), ("program", 2), ("emergency", 4),
        ("don't", 1), ("you're", 1), ("lonely", 2), ("couples", 2), ("depression", 3), ("therapist", 3),
        ("encrypted", 3), ("people's", 2), ("played", 1), ("started", 2), ("careful", 2), ("whole", 1),
    ],
)  # fmt: skip
def test_syllables_are_counted_as_they_are_spoken(word, count):
    assert lint.syllables(word) == count


def test_grade_tells_a_leaflet_from_plain_words():
    leaflet = "Individuals experiencing difficulties should consult appropriately qualified professionals."
    assert lint.grade(leaflet) > 15
    assert lint.grade("Write down two things tonight. Then go to bed.") < 3


@pytest.mark.parametrize(
    "text",
    [
        "He committed suicide.", "I understand how you feel.", "Well done", "You have depression",
        "This is proven.", "It gets better.", "Reach out to us", "on your journey", "your mental health",
        "Good to hear!", "take 20 tablets", "a failed attempt", "You’ve got this", "You've got depression",
    ],
)  # fmt: skip
def test_banned_words_are_found(text):
    assert lint.banned(text)


def test_a_copied_run_and_a_nearly_equal_sentence_are_found_and_own_words_are_not():
    source = lint.SourceSentences(["The boat went out at six and never came back to the pier."])
    assert lint.copied_from("well the boat went out at six i think", source)
    assert lint.copied_from("boat went out at six, and it never came back to the pier", source)
    assert lint.copied_from("we took the boat and came back at six", source) is None
