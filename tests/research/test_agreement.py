"""Agreement statistics against examples worked in print and against another library."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from bot.research.agreement import DRAWS, Estimate, cohen_kappa, krippendorff_alpha, percent_agreement

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve units, nominal.
OBSERVERS = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
# Cohen 1960: two judges, 200 patients, three diagnoses; rows are the first judge's.
JUDGES = ((88, 14, 18), (10, 40, 10), (2, 6, 12))


def units(rows):
    columns = zip(*(row.split() for row in rows), strict=True)
    return [{f"coder {n}": value for n, value in enumerate(column) if value != "."} for column in columns]


def crossed(table):
    return [
        {"a": row, "b": column}
        for row, counts in enumerate(table)
        for column, count in enumerate(counts)
        for _ in range(count)
    ]


def test_alpha_of_the_example_of_krippendorff():
    found = krippendorff_alpha(units(OBSERVERS))
    assert round(found.value, 3) == 0.743
    assert found.units == 11  # the twelfth has one value and pairs with nothing
    assert found.low < 0.743 < found.high <= 1


def test_kappa_of_the_example_of_cohen():
    found = cohen_kappa(crossed(JUDGES))
    assert round(found.value, 3) == 0.492
    assert percent_agreement(crossed(JUDGES)).value == 0.70
    # Cohen's own standard error: sqrt(.70 * .30 / (200 * .59 ** 2)) = .0549, so the interval is about .384 to .600.
    assert found.low == pytest.approx(0.384, abs=0.03)
    assert found.high == pytest.approx(0.600, abs=0.03)


def test_alpha_of_two_coders_worked_by_hand():
    # Krippendorff 2011, section A: ten units, binary, two observers: 1 - (20 - 1) * 8 / (14 * 6 * 2) = 0.095.
    rows = ("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0")
    assert round(krippendorff_alpha(units(rows)).value, 3) == 0.095


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_what_another_library_says(seed):
    draw = random.Random(seed)  # noqa: S311 - to be drawn again, not to be secret
    first = [draw.choice("abc") for _ in range(60)]
    second = [value if draw.random() < 0.6 else draw.choice("abc") for value in first]
    ours = cohen_kappa([{"x": one, "y": other} for one, other in zip(first, second, strict=True)])
    assert ours.value == pytest.approx(cohen_kappa_score(first, second))


def test_three_coders_have_the_mean_kappa_of_their_pairs():
    rows = units(("a b a b a b a a", "a b b b a b a b", "a a a b b b a a"))
    scores = [
        cohen_kappa_score([row[one] for row in rows], [row[other] for row in rows])
        for one, other in (("coder 0", "coder 1"), ("coder 0", "coder 2"), ("coder 1", "coder 2"))
    ]
    assert cohen_kappa(rows).value == pytest.approx(sum(scores) / 3)


@pytest.mark.parametrize("figure", [percent_agreement, cohen_kappa, krippendorff_alpha])
def test_nothing_coded_twice_has_no_figure(figure):
    assert figure([]) == Estimate(None, None, None, 0)
    assert figure([{"a": 1}, {"b": 1}]) == Estimate(None, None, None, 0)


def test_where_everybody_always_says_the_same_chance_explains_it_all():
    same = [{"a": False, "b": False}] * 20
    assert percent_agreement(same).value == 1
    assert cohen_kappa(same).value is None
    assert krippendorff_alpha(same).value is None


def test_the_same_data_give_the_same_interval():
    assert krippendorff_alpha(units(OBSERVERS)) == krippendorff_alpha(units(OBSERVERS))
    assert DRAWS >= 1000


values = st.lists(st.dictionaries(st.sampled_from("xyz"), st.sampled_from("abc"), max_size=3), max_size=25)


@given(values)
def test_the_figures_keep_within_their_bounds(rows):
    agreed, kappa, alpha = percent_agreement(rows), cohen_kappa(rows), krippendorff_alpha(rows)
    assert agreed.value is None or 0 <= agreed.value <= 1 + 1e-12
    for found in (kappa, alpha):
        assert found.value is None or found.value <= 1 + 1e-12
        assert found.low is None or found.low <= found.high
    if agreed.value == pytest.approx(1) and alpha.value is not None:
        assert alpha.value == pytest.approx(1)


@given(values)
def test_names_of_coders_and_values_do_not_matter(rows):
    renamed = [{coder.upper(): value * 2 for coder, value in row.items()} for row in rows]
    ours, theirs = krippendorff_alpha(rows).value, krippendorff_alpha(renamed).value
    assert (ours is None) == (theirs is None)
    assert ours is None or ours == pytest.approx(theirs)
