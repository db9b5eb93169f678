"""What each tool does with what he tells: kept, shown, joined, made; and nothing kept of who wants no log."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.clock import utc_now
from bot.records.doctor_note import LINES
from bot.records.notes import ACTIVITY, NOTE, SIGNS, STRENGTH, records_of
from bot.storage.models import Record
from bot.turns import papers
from tests.actions.played import Played


@pytest.fixture
def kept(database):
    """Return his records of a kind, newest first, as they are stored."""

    def look(played, kind):
        with database.read() as session:
            return records_of(session, played.person_id, kind)

    return look


@pytest.fixture
def age(database):
    """Make what is stored of him older."""

    def back(played, **span):
        with database.write() as session:
            for row in session.query(Record).filter_by(person_id=played.person_id):
                row.at -= timedelta(**span)

    return back


def check_in(played, rating, word="Flat", night="Badly"):
    played.sends("/mood_checkin")
    for label in (rating, word, night):
        played.presses(label)


# The check-in.


def test_a_check_in_is_three_taps_and_keeps_all_three(man, kept):
    played = man()
    check_in(played, "4")
    assert "utter_mood_noted" in played.said
    (row,) = kept(played, "mood")
    assert (row["mood"], row["word"], row["sleep"]) == (4, "flat", "badly")


def test_a_number_in_a_sentence_skips_the_first_tap_and_is_kept_at_once(man, kept):
    played = man()
    assert played.says("id say a 3 today", "mood_checkin") == ["utter_checkin_rated"]
    assert kept(played, "mood")[0]["mood"] == 3


def test_what_he_suddenly_has_to_say_is_no_word_for_his_mood(man, kept):
    played = man()
    played.says("2", "mood_checkin")
    assert "utter_hiding_it_reflection" in played.says("nobody at work can know any of this", "hiding_it")
    assert "word" not in kept(played, "mood")[0]


def test_the_line_comes_as_a_picture_after_three(man, age):
    played = man()
    for rating in ("3", "5"):
        check_in(played, rating)
        assert played.papers == []
        age(played, days=1)
    check_in(played, "6")
    (paper,) = played.papers
    assert paper["alt"] == "Your mood in 3 check-ins: 3 at first, 6 now, lowest 3, highest 6."
    assert papers.draw(paper, at=utc_now()).is_picture
    assert "utter_mood_up" in played.said


def test_a_low_number_is_answered_with_a_minute_and_a_person(man):
    played = man()
    check_in(played, "1", "Skip", "Skip")
    assert "utter_mood_low" in played.said
    assert {"A steady minute", "A person"} <= set(played.buttons)


def test_who_wants_no_log_can_check_in_and_nothing_is_kept(man, kept):
    played = man(keeps=False)
    check_in(played, "4")
    assert "utter_mood_noted" in played.said
    assert kept(played, "mood") == []


def test_a_number_belongs_to_the_check_in_when_the_nine_questions_wait(man, kept):
    played = man()
    played.sends("/phq9")
    played.presses("Several days")
    played.sends("/mood_checkin")
    played.says("2")
    assert kept(played, "mood")[0]["mood"] == 2
    assert played.slots["phq9_aside"] == [1]


# Signs.

ALL = ("anger", "drink", "drugs", "risk", "body", "numb", "bottled")


def answer_signs(played, **strong):
    played.sends("/check_signs")
    played.presses("Go")
    for name in ALL:
        played.presses(strong.get(name, "Not me"))


def test_signs_are_named_in_one_paragraph_and_kept_without_a_score(man, kept):
    played = man()
    answer_signs(played, anger="A lot", bottled="A lot", body="A bit")
    assert played.said == ["utter_signs_named"]
    named = played.messages[0]
    assert (named["much"], named["signs"]) == ("most of all ", "a short fuse and keeping it all in")
    assert {name: kept(played, SIGNS)[0][name] for name in ALL}["anger"] == 2
    assert "score" not in kept(played, SIGNS)[0]


def test_none_of_the_signs_is_told_as_such(man):
    played = man()
    answer_signs(played)
    assert played.said == ["utter_signs_clear"]


def test_drink_and_risk_get_a_sentence_of_their_own(man):
    played = man()
    answer_signs(played, drink="A lot", risk="A lot")
    assert played.said == ["utter_signs_drink_care", "utter_signs_risk_care", "utter_signs_named"]


def test_signs_are_joined_with_the_nine_questions_while_these_are_fresh(man, age):
    played = man()
    played.sends("/phq9")
    for _ in range(9):
        played.presses("Several days" if "Change the one before" not in played.buttons else "Not at all")
    answer_signs(played, numb="A bit")
    assert played.said == ["utter_signs_joined"]
    assert played.messages[0]["score"] == "1"
    age(played, days=31)
    answer_signs(played, numb="A bit")
    assert played.said == ["utter_signs_named"]


# One thing today.


def pick_a_coffee(played):
    played.sends("/one_thing")
    for label in ("Out of the house", "A coffee on a bench", "Tonight"):
        played.presses(label)


def test_one_thing_is_kept_and_asked_about_next_time(man, kept, age):
    played = man()
    pick_a_coffee(played)
    assert played.said == ["utter_today_kept"]
    assert played.says("hello", "greet") == ["utter_greet"]  # not while he is still here
    age(played, hours=4)
    assert played.says("hello", "greet") == ["utter_greet", "utter_today_asked"]
    assert played.messages[1]["what"] == "a coffee on a bench"
    assert played.says("yeah", "affirm") == ["utter_today_did"]
    assert kept(played, ACTIVITY)[0]["done"] == "yes"
    assert played.says("hello", "greet") == ["utter_greet"]  # asked once


def test_who_does_not_want_to_tell_is_not_asked_at_every_greeting(man, age):
    played = man()
    pick_a_coffee(played)
    age(played, hours=4)
    assert played.says("hello", "greet") == ["utter_greet", "utter_today_asked"]
    assert played.says("hello again", "greet") == ["utter_greet"]
    assert played.sends("/one_thing") == ["utter_today_asked"]


@pytest.mark.parametrize(
    ("label", "response", "done"),
    [
        ("Did it", "did", "yes"),
        ("Half of it", "half", "half"),
        ("Didn't", "didnt", "no"),
        ("Drop it", "dropped", "dropped"),
    ],
)
def test_each_outcome_has_its_answer_and_is_noted(man, kept, age, label, response, done):
    played = man()
    pick_a_coffee(played)
    age(played, hours=4)
    check_in(played, "5")
    assert played.said[-1] == "utter_today_asked"
    played.presses(label)
    assert played.said == [f"utter_today_{response}"]
    assert kept(played, ACTIVITY)[0]["done"] == done


def test_his_own_idea_is_taken_in_his_words(man, kept):
    played = man()
    played.sends("/one_thing")
    played.presses("My own idea")
    played.says("oil the hinge on the shed", "off_topic")
    played.says("after the match", "off_topic")
    assert (kept(played, ACTIVITY)[0]["what"], kept(played, ACTIVITY)[0]["when"]) == (
        "oil the hinge on the shed",
        "after the match",
    )


def test_who_wants_no_log_is_told_to_note_it_himself(man, kept):
    played = man(keeps=False)
    pick_a_coffee(played)
    assert played.said[0] == "utter_today_unlogged"
    assert kept(played, ACTIVITY) == []


# A thought, notes, what helped.


def test_a_thought_is_shown_whole_and_can_be_kept(man, kept):
    played = man()
    played.sends("/thought_check")
    for said in ("i let everybody down", "missed the match", "drove him all winter", "you are tired, not rotten"):
        played.says(said, "performance_self_worth")
    assert played.said == [None, "utter_thought_shown"]
    assert "The thought:\ni let everybody down" in played.texts[0]
    played.presses("Keep it in my notes")
    assert played.texts == []
    assert "you are tired, not rotten" in kept(played, NOTE)[0]["words"]


def test_notes_are_written_read_and_deleted(man, kept):
    played = man()
    for text in ("first line", "second line"):
        played.sends("/keep_note")
        played.presses("Write one")
        played.says(text, "lost_empathy")
        assert played.said == ["utter_notes_kept"]
    played.presses("Read them")
    assert [text.partition("\n")[2] for text in played.texts] == ["second line", "first line"]
    played.presses("Delete one")
    played.presses("first line")
    assert [row["words"] for row in kept(played, NOTE)] == ["second line"]


def test_nobody_deletes_the_note_of_another(man, kept):
    mine, other = man(), man()
    mine.sends("/keep_note")
    mine.presses("Write one")
    mine.says("for me alone")
    record = kept(mine, NOTE)[0]["id"]
    other.sends(f'/guide{{"go": "notes.gone", "set": "id:{record}"}}')
    assert len(kept(mine, NOTE)) == 1


def test_what_helped_is_kept_offered_for_today_and_taken_off(man, kept):
    played = man()
    played.sends("/strengths")
    assert played.said == ["utter_strengths_empty"]
    played.says('swimming with "Tom" {early}', "off_topic")
    played.presses("Do one today")
    played.presses('swimming with "Tom" {early}')
    played.presses("Tomorrow")
    assert kept(played, ACTIVITY)[0]["what"] == "swimming with 'Tom' (early)"
    played.sends("/strengths")
    assert played.texts[0] == '- swimming with "Tom" {early}'
    played.presses("Take one off")
    played.presses('swimming with "Tom" {early}')
    assert kept(played, STRENGTH) == []


@pytest.mark.parametrize("intent", ["keep_note", "strengths"])
def test_who_wants_no_log_is_told_that_nothing_is_kept(man, intent):
    played = man(keeps=False)
    played.sends(f"/{intent}")
    assert played.said[-1].endswith("_unlogged")


# The doctor's visit and the card.


def test_three_turns_make_a_script_that_goes_on_into_the_note(man):
    played = man()
    played.sends("/ask_gp")
    played.presses("Rehearse it")
    for said in ("im here about my head", "since may, i cant drive the truck", "someone to talk to"):
        played.says(said, "gp_gateway")
    assert played.texts == ["im here about my head\n\nsince may, i cant drive the truck\n\nsomeone to talk to"]
    played.presses("Put it in my note")
    for label in ("Leave it out", "None", "Leave it out", "Leave it out"):
        played.presses(label)
    played.presses("Leave it out")
    assert "im here about my head" in played.texts[0]
    assert "no drink, no drugs" in played.texts[0]


def fill_note(played):
    played.sends("/doctor_note")
    played.presses("Start")
    for name in LINES:
        played.says(f"my {name}", "off_topic")


def test_the_note_is_seen_changed_and_then_made_as_picture_and_pdf(man):
    played = man()
    fill_note(played)
    assert all(f"my {name}" in played.texts[0] for name in LINES)
    played.presses("Change a line")
    played.presses("Sleep")
    played.says("four hours, broken", "sleep_trouble")
    assert "four hours, broken" in played.texts[0]
    assert "my sleep" not in played.texts[0]
    played.presses("Change a line")
    played.presses("Drink and drugs")
    played.presses("Take it out")
    assert "my drink" not in played.texts[0]
    played.presses("Make it")
    drawn = [papers.draw(paper, at=utc_now()) for paper in played.papers]
    assert [paper.name for paper in drawn] == ["note-for-the-doctor.png", "note-for-the-doctor.pdf"]
    assert "four hours" not in drawn[0].alt


def test_the_note_of_who_wants_no_log_is_made_all_the_same(man):
    played = man(keeps=False)
    fill_note(played)
    played.presses("Make it")
    assert len(played.papers) == 2


def test_an_empty_note_is_not_made(man):
    played = man()
    played.sends('/guide{"go": "visit.made"}')
    assert played.said == ["utter_visit_empty"]
    assert played.papers == []


def test_five_check_ins_offer_the_nights_for_the_note(man, age):
    played = man()
    for night in ("Badly", "Badly", "Slept well", "Hardly at all", "So-so"):
        check_in(played, "5", "Skip", night)
        age(played, days=1)
    played.sends('/guide{"go": "visit.note_sleep"}')
    played.presses("Slept badly on 3 of the last 5 check-ins")
    assert played.slots["guide"]["given"]["sleep"] == "slept badly on 3 of the last 5 check-ins"


def test_a_card_stands_alone_in_its_bubble_in_his_tone_and_can_be_rewritten(man):
    played = man()
    played.sends("/partner_card")
    played.presses("It isn't you")
    played.presses("Dry")
    assert len(played.texts) == 1
    assert "cellar" in played.texts[0]
    played.presses("Write it my own way")
    played.says("love you. bad week. not you.", "partner_support")
    assert played.texts == ["love you. bad week. not you."]
    played.presses("Other words")
    played.presses("Plain")
    assert played.texts[0].startswith("I find this easier")


def test_the_tone_that_he_set_is_taken_without_asking(man):
    played = man(tone="straight")
    played.sends("/partner_card")
    played.presses("Just listen")
    assert played.texts[0].startswith("Straight out:")


def test_places_come_first_and_the_tools_for_them_below(man):
    played = man()
    assert played.sends("/ask_gp") == ["utter_ask_gp", None, "utter_visit_begin"]
    assert played.sends("/ask_group") == ["utter_ask_group", None, "utter_groups_begin"]
    assert played.sends("/find_group")[0] == "utter_find_group"


def test_nothing_is_kept_for_somebody_at_rasas_own_shell(man):
    man()
    played = Played("a shell of Rasa's")
    played.sends("/keep_note")
    assert played.said == ["utter_notes_unlogged"]
