"""Whether what he says while a theme is open is an answer, or about something else; and how he gets back to it."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import theme_talk
from actions.message import Events, intent_read, is_likely, pressed_value, words
from actions.nearest import DECIDED, EXACT, SURE, nearest
from actions.safety_state import comes_back, is_pressed
from actions.talk_book import Kind, are_near, questions, themes
from actions.talk_memory import remember, remembered
from bot.clock import utc_now

BACK, FOLLOW_UP = "back", "follow_up"
CLEARLY = 0.45  # probability from which on another intent is meant rather than an answer that no kind is near
CERTAINLY = 0.85  # the same where a kind of answer is near
SURELY = 0.75  # probability from which on a yes, a leave or not knowing counts more than the kind that it is near to
# A new theme takes a sentence that is surely about it; an answer often sounds a little like some other theme.
ANOTHER_THEME = 0.9
FEWEST_WORDS_OF_A_THEME = 6
# Whoever was offered a step says yes or no to it; a sentence that is neither may well be about something new.
FEWEST_WORDS_AFTER_A_STEP = 5
# Yes, no, not knowing, wanting something to do: what is open says what they mean.
_WITHIN = frozenset({"affirm", "deny", "unsure", "nlu_fallback", "next_step"})
_DECISIONS = (theme_talk.STEPPED, theme_talk.SMALLER)  # only a clear yes or no counts
_AFTER_A_STEP = (theme_talk.STEPPED, theme_talk.WHEN, theme_talk.SMALLER)
# An answer about his life often looks like plain talk; a joke or a quiz question is told by what it is near.
_PLAIN_FACTS = frozenset({"off_topic", "nonsense", "feeling_better", "mood_checkin", "phq9_answer"})
# Times of day and of the week are often taken for these.
_SHORT_WORDS = frozenset({"greet", "goodbye", "thanks"})
_ENDS = frozenset({"goodbye", "stop"})
# Said to begin with, after hours away: none says what he wants to talk about.
_NO_TOPIC = frozenset({"greet", "thanks", "say_again", "off_topic", "nonsense", "want_to_talk"})
_SAFETY = frozenset({"hit_at_home", "safety_plan", "grounding", "check_back", "decline_check_back"})


def is_open(tracker: Tracker) -> bool:
    """Return whether a theme is being talked about, or he was asked whether to go on with one."""
    return bool(tracker.get_slot(theme_talk.STAGE)) and tracker.get_slot(theme_talk.THEME) in themes()


def take_answer(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
    """Take his words as an answer; None where he pressed something else or clearly talks about something else."""
    if is_pressed(tracker) or not words(tracker) or _is_about_safety(tracker):
        return None
    if tracker.get_slot(theme_talk.STAGE) in (BACK, FOLLOW_UP):
        return _take_word_of(dispatcher, tracker)
    if comes_back(tracker):
        is_new = _is_something_else(tracker) and intent_read(tracker) not in _NO_TOPIC
        return None if is_new else _ask_back(dispatcher, tracker)
    kind, nearness = _kind(tracker)
    stage = tracker.get_slot(theme_talk.STAGE)
    is_near = kind is not None and not (stage in _DECISIONS and nearness < DECIDED)
    if nearness < EXACT and _ends(tracker, stage):
        return None
    is_answer = nearness >= SURE or (is_near and intent_read(tracker) in themes())
    if not is_answer and _is_something_else(tracker, CERTAINLY if is_near else CLEARLY):
        return None
    if nearness < SURE and intent_read(tracker) == "unsure" and is_likely(tracker, SURELY):
        kind = None  # "dunno" comes near to many answers and is none
    if stage in _DECISIONS and (nearness < DECIDED or (nearness < EXACT and _says_yes(tracker))):
        kind = None
    if stage == theme_talk.STEPPED:
        when, nearness_of_time = nearest("when", words(tracker))
        if nearness_of_time > max(nearness, DECIDED):  # he says when before he is asked
            tracker.slots[theme_talk.STAGE], kind = theme_talk.WHEN, when
    return theme_talk.advance(dispatcher, tracker, kind)


def _ends(tracker: Tracker, stage: str) -> bool:
    """Return whether he takes his leave, or thanks for a step without a word on it."""
    is_leave = intent_read(tracker) in _ENDS and is_likely(tracker, SURELY)
    return is_leave or (stage in _DECISIONS and intent_read(tracker) == "thanks" and is_likely(tracker, CLEARLY))


def _says_yes(tracker: Tracker) -> bool:
    return intent_read(tracker) == "affirm" and is_likely(tracker, SURELY)


def take_pressed(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Answer a button of ours; one of an older theme opens that theme again."""
    question, _, name = (pressed_value(tracker, "answer") or "").partition(":")
    kind = questions().get(question, {}).get(name)
    if question in (BACK, FOLLOW_UP) and is_open(tracker):
        return _go_by(dispatcher, tracker, question, name)
    if kind is not None and question == _open_question(tracker):
        return theme_talk.advance(dispatcher, tracker, kind)
    if kind is not None and question in themes():
        dispatcher.utter_message(response=f"utter_{question}_answer_{name}")
        return [*theme_talk.at(question, theme_talk.DEEPER), *remember(tracker, kind=name)]
    if is_open(tracker):
        return theme_talk.put_again(dispatcher, tracker)
    dispatcher.utter_message(response="utter_step_taken")
    return theme_talk.close(tracker)


def way_back(dispatcher: CollectingDispatcher, tracker: Tracker, events: Events) -> None:
    """Put a button below an answer in between, so that he finds back; none where the theme has moved or been closed."""
    has_moved = any(event.get("name") == theme_talk.THEME for event in events)
    if has_moved or _is_about_safety(tracker) or not dispatcher.messages:
        return
    last = dispatcher.messages[-1]
    last["buttons"] = [*(last.get("buttons") or []), theme_talk.answer_button("Back to where we were", BACK, "go_on")]


def ask_how_it_went(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
    """Ask once about the step that he took on an earlier day; None where there is none."""
    taken = remembered(tracker).get("taken")
    if not taken or taken["theme"] not in themes() or taken["on"] >= utc_now().date().isoformat():
        return None
    _ask(dispatcher, "utter_step_follow_up", FOLLOW_UP, taken["theme"])
    return [*theme_talk.at(taken["theme"], FOLLOW_UP), *remember(tracker, taken=None)]


def _ask(dispatcher: CollectingDispatcher, response: str, question: str, theme: str) -> None:
    dispatcher.utter_message(response=response, topic=themes()[theme].title, buttons=theme_talk.choices(question))


def _ask_back(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    theme, stage = tracker.get_slot(theme_talk.THEME), tracker.get_slot(theme_talk.STAGE)
    _ask(dispatcher, "utter_theme_back", BACK, theme)
    return [*theme_talk.at(theme, BACK), *remember(tracker, was=stage)]


def _open_question(tracker: Tracker) -> str | None:
    theme, stage = tracker.get_slot(theme_talk.THEME), tracker.get_slot(theme_talk.STAGE)
    if stage in (BACK, FOLLOW_UP):
        return str(stage)
    return theme_talk.question_of(theme, stage) if stage else None


def _kind(tracker: Tracker) -> tuple[Kind | None, float]:
    question = _open_question(tracker)
    return nearest(question, words(tracker)) if question else (None, 0.0)


def _take_word_of(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
    stage = tracker.get_slot(theme_talk.STAGE)
    kind, nearness = _kind(tracker)
    if nearness < SURE and _is_something_else(tracker):
        return None
    by_intent = {"affirm": "go_on", "deny": "anew"} if stage == BACK else {"affirm": "did", "deny": "not_yet"}
    name = by_intent.get(intent_read(tracker)) or (kind.id if kind else "")
    return _go_by(dispatcher, tracker, stage, name) if name else None


def _go_by(dispatcher: CollectingDispatcher, tracker: Tracker, question: str, name: str) -> Events:
    theme, stage = tracker.get_slot(theme_talk.THEME), tracker.get_slot(theme_talk.STAGE)
    if question == FOLLOW_UP and name != "go_on":
        dispatcher.utter_message(response=f"utter_follow_{name}")
        return theme_talk.close(tracker) if name == "not_yet" else theme_talk.at(theme, theme_talk.DEEPER)
    if name == "anew":
        dispatcher.utter_message(response="utter_theme_anew", buttons=theme_talk.other_button(tracker))
        return theme_talk.close(tracker, was=None)
    was = remembered(tracker).get("was") if stage in (BACK, FOLLOW_UP) else stage
    dispatcher.utter_message(response="utter_theme_resumed")
    tracker.slots[theme_talk.STAGE] = was or theme_talk.OPENED
    return [*remember(tracker, was=None), *theme_talk.put_again(dispatcher, tracker)]


def _is_about_safety(tracker: Tracker) -> bool:
    intent = intent_read(tracker)
    return intent.startswith(("crisis_", "safety_")) or intent in _SAFETY


def _is_something_else(tracker: Tracker, least: float = CLEARLY) -> bool:
    intent, theme = intent_read(tracker), tracker.get_slot(theme_talk.THEME)
    if intent in _WITHIN or not is_likely(tracker, least):
        return False
    if intent in _PLAIN_FACTS:
        return nearest("aside", words(tracker))[0] is not None
    if intent in themes():
        return _is_another_theme(tracker) and not are_near(theme, intent)
    if intent in _SHORT_WORDS and tracker.get_slot(theme_talk.STAGE) not in _DECISIONS:
        return is_likely(tracker, CERTAINLY)
    if intent == "other_topic" and not remembered(tracker).get("other"):
        return is_likely(tracker, ANOTHER_THEME)  # "the other lads" is no wish for another thing
    return True


def _is_another_theme(tracker: Tracker) -> bool:
    is_after_step = tracker.get_slot(theme_talk.STAGE) in _AFTER_A_STEP
    fewest = FEWEST_WORDS_AFTER_A_STEP if is_after_step else FEWEST_WORDS_OF_A_THEME
    return len(words(tracker).split()) >= fewest and is_likely(tracker, ANOTHER_THEME)
