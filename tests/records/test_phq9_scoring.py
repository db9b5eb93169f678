from itertools import product

import pytest

from bot.records import phq9
from bot.records.phq9 import Phq9, from_answers

# Kroenke, Spitzer & Williams 2001, written out: what each of the 28 totals is called.
BANDS = (
    *(("minimal",) * 5),
    *(("mild",) * 5),
    *(("moderate",) * 5),
    *(("moderately_severe",) * 5),
    *(("severe",) * 8),
)


def answers_with(total):
    return tuple(min(3, max(0, total - 3 * item)) for item in range(9))


@pytest.mark.parametrize("total", range(28))
def test_every_total_has_its_published_band(total):
    score = Phq9(answers_with(total))
    assert (score.total, score.band) == (total, BANDS[total])


@pytest.mark.parametrize(
    ("total", "band"),
    [
        *((0, "minimal"), (4, "minimal"), (5, "mild"), (9, "mild"), (10, "moderate"), (14, "moderate")),
        *((15, "moderately_severe"), (19, "moderately_severe"), (20, "severe"), (27, "severe")),
    ],
)
def test_bands_change_at_the_published_cut_points(total, band):
    assert Phq9(answers_with(total)).band == band


def test_all_262144_questionnaires_are_scored_exactly():
    wrong = [
        answers
        for answers in product(range(4), repeat=9)
        if (score := Phq9(answers)).total != sum(answers)
        or score.self_harm_item != answers[8]
        or score.band != BANDS[sum(answers)]
    ]
    assert wrong == []


def test_the_named_cut_points_are_where_the_bands_change():
    assert BANDS.index("moderate") == phq9.PHQ9_MODERATE == 10
    assert BANDS.index("severe") == phq9.PHQ9_SEVERE == 20


@pytest.mark.parametrize("answer", range(4))
def test_item_nine_is_the_one_about_self_harm(answer):
    assert from_answers([0] * 8 + [answer]).self_harm_item == answer
    assert "hurting yourself" in phq9.ITEMS[8]


@pytest.mark.parametrize(
    "answers",
    [[], [0] * 8, [0] * 10, [0] * 8 + [4], [-1] + [0] * 8, [0] * 8 + [None], [0] * 8 + ["1"], [0] * 8 + [1.5]],
)
def test_an_unfinished_or_impossible_questionnaire_is_refused(answers):
    with pytest.raises(ValueError, match="nine answers from 0 to 3"):
        from_answers(answers)


def test_the_wording_is_the_published_one():
    assert len(phq9.ITEMS) == 9
    assert phq9.ANSWERS == ("Not at all", "Several days", "More than half the days", "Nearly every day")
    assert "last 2 weeks" in phq9.STEM
    assert len(phq9.DIFFICULTY_ANSWERS) == 4
