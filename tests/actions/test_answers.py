"""What counts as an answer to a question about life and death: few forms are a no, everything between leans to yes."""

from __future__ import annotations

import pytest

from actions import answers, statements
from actions.answers import Answer, read_answer

CASES = {
    Answer.YES: [
        "yes", "Yeah.", "yep", "yes, every night", "aye", "sometimes", "Sometimes yeah", "i guess", "I guess so",
        "kind of",
        "kinda", "sort of tbh", "maybe", "probably", "not really... maybe", "no well sometimes",
        "not really, a bit at night",
        "most days", "it's crossed my mind", "i've thought about it", "been thinking", "not yet", "on and off", "i do",
        "yes but i wouldn't do it", "yeah lol", "no but sometimes i think about it", "well yeah", "a bit",
        "i suppose so",
        "maybe a little", "i am",
    ],
    Answer.NO: [
        "no", "No.", "nope", "nah mate", "no I'm not", "no i'm not going to", "I'm safe", "im safe right now",
        "no, I'm safe",
        "not at all", "No, honestly no", "i'm not thinking about that", "i would never do that",
        "no i don't want to die",
        "I'm not going to hurt myself", "of course not", "no way", "i am safe now", "no I'm not suicidal",
        "never", "i don't",
        "yes I'm safe", "no i won't", "I won't do anything stupid",
    ],
    Answer.HEDGED: [
        "no lol", "nah jk", "haha no", "no 😂", "no but what's the point", "not really", "i guess not", "probably not",
        "no, just tired", "yeah right", "not right now", "no i'm fine, forget it", "i don't think so", "maybe not",
        "just kidding", "yeah no", "never thought about it", "no not tonight",
    ],
    Answer.UNSURE: ["i don't know", "dunno", "not sure", "no idea", "idk man", "hard to say"],
    Answer.RATHER_NOT: [
        "rather not say", "i'd rather not", "no comment", "none of your business", "skip", "dont want to say",
    ],
    Answer.OTHER: [
        "thanks", "you misunderstood", "what's the weather", "i don't care", "i don't see the point", "i'm not ok",
        "im not safe", "i can't", "i won't be here", "i don't want to be here", "i'm not going to make it", "i'm fine",
        "i dont want to do this anymore", "i am so tired", "i have two kids", "i'm not going to do it now",
        "why would you ask", "",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "text"), [(wanted, text) for wanted, texts in CASES.items() for text in texts])
def test_an_answer_is_read_from_its_words(wanted, text):
    assert read_answer(text) is wanted


@pytest.mark.parametrize(
    ("intent", "wanted"), [("affirm", Answer.YES), ("deny", Answer.HEDGED), ("greet", Answer.OTHER)]
)
def test_the_model_never_makes_a_clear_no(intent, wanted):
    assert read_answer("defo mate innit", intent) is wanted


@pytest.mark.parametrize(
    ("reads", "true", "false"),
    [
        (
            statements.says_person_is_here,
            ["my wife is here", "my brother's sat with me", "she's with me now", "im at my mums", "im at the hospital"],
            [
                "nobody is here",
                "my mate is on his way",
                "she left",
                "wish my wife was here",
                "im with my thoughts",
                "yes",
            ],
        ),
        (
            statements.says_away,
            [
                "ive left the room",
                "walked away",
                "i gave it to my neighbour",
                "locked them away",
                "im out of the house",
            ],
            ["i cant walk away", "i'm outside", "i should put it away", "not moved away", "ok"],
        ),
        (
            statements.says_near,
            ["its in the garage", "right here", "next to me", "upstairs"],
            ["no", "not in the house", "far away"],
        ),
        (statements.says_now, ["tonight", "now", "later today"], ["not tonight", "no not now", "next week"]),
        (
            statements.says_later,
            ["on friday", "when the kids are gone", "after christmas"],
            ["no", "never", "not this weekend"],
        ),
        (statements.says_just_done, ["i did this morning", "an hour ago"], ["years ago", "nothing today"]),
        (
            statements.says_calling,
            ["ok ill call them", "im ringing now", "gonna text"],
            ["i wont call", "not calling anyone"],
        ),
    ],
)
def test_what_he_says_beside_yes_and_no(reads, true, false):
    assert [text for text in true if not reads(text)] == []
    assert [text for text in false if reads(text)] == []


@pytest.mark.parametrize("text", ["I'm safe", "no I'm safe", "no i'm not going to"])
def test_safe_in_plain_words_is_more_than_a_bare_no(text):
    assert answers.says_safe(text)
    assert not answers.says_safe("no")
    assert not answers.says_safe("I'm not safe")
