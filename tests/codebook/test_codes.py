from pathlib import Path

import yaml

from bot import codebook
from bot.codebook import code_ids, codes

BOOK = yaml.safe_load((Path(codebook.__file__).parent / "codebook.yml").read_text(encoding="utf-8"))

# Fixed names: tests, exports and outside checks use them.
IDS = [
    "trivialised_symptoms",
    "solving_it_alone",
    "hiding_it",
    "protecting_career",
    "changed_attitude",
    "salutogenic",
    "seen_as_incapable",
    "help_seeking_stigma",
    "work_stigma",
    "unmanly_stigma",
    "growing_acceptance",
    "lost_empathy",
    "family_not_taken_seriously",
    "must_be_well_by_now",
    "fatherhood_expectations",
    "open_minded_family",
    "partner_support",
    "fellow_patients",
    "group_counselling",
    "mens_group",
    "gp_dismissive",
    "gp_gateway",
    "communication_breakdown",
    "performance_self_worth",
    "intimacy",
]


def test_the_25_codes_keep_their_names_and_order():
    assert [code.id for code in codes()] == IDS
    assert code_ids() == frozenset(IDS)


def test_each_code_belongs_to_a_theme_and_says_what_it_is():
    assert {code.theme for code in codes()} == set(BOOK["themes"])
    assert all(len(code.definition) > 10 for code in codes())


def test_the_twenty_categories_of_the_study_carry_its_counts():
    counts = [code.quotations for code in codes()]
    assert all(isinstance(count, int) and count > 0 for count in counts[:20])
    assert counts[20:] == [None] * 5
