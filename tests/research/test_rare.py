"""Rare combinations of job, place and event: found in how men type, told as wide as it takes, and never wider."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.research.details import AS_SAID, EVENT, JOB, OUT, PLACE, WIDER, Detail, details_in, generalised
from bot.research.rare import rungs_for, widened

DRIVER, COURIER = Detail(JOB, "transport", "bus driver"), Detail(JOB, "transport", "van driver")
FIRE, CRASH = Detail(EVENT, "fire and storm", "house fire"), Detail(EVENT, "accident", "car crash")
DEPOT = Detail(PLACE, "transport", "bus depot")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("i drive a bus and passed out at a red light", {"bus driver", "passed out at the wheel"}),
        ("BUS-DRIVERS at the depot", {"bus driver", "bus depot"}),
        ("house  fire\nlast year", {"house fire"}),
        ("im a nurse on the psych ward", {"nurse", "psych ward"}),
        ("i've been working nights as a nurse", {"nurse"}),
        ("the nurse was kind and my teacher too", set()),  # whom he met says nothing about him
        ("minerals, trialling, farmland", set()),  # parts of words
        ("[EMPLOYER 1] and [DETAIL] are gone", set()),
        ("", set()),
    ],
)
def test_details_are_found_in_any_of_their_forms(text, names):
    assert {detail.name for detail in details_in(text)} == names


def test_only_what_must_be_is_replaced_and_the_rest_stays_to_the_letter():
    text = "I drive a bus.\nHouse-fire, [TOWN 1], then the depot"
    assert generalised(text, {}) == text
    rungs = {DRIVER: WIDER, FIRE: OUT, DEPOT: AS_SAID}
    assert generalised(text, rungs) == "I [JOB: transport].\n[EVENT], [TOWN 1], then the depot"


def test_a_combination_that_few_share_is_told_wider_until_enough_do():
    men = [{DRIVER, FIRE}] * 4 + [{COURIER, FIRE}]
    assert rungs_for(men, k=5) == [{DRIVER: WIDER, FIRE: AS_SAID}] * 4 + [{COURIER: WIDER, FIRE: AS_SAID}]


def test_where_no_group_is_shared_by_enough_only_one_detail_stays():
    (rungs,) = rungs_for([{DRIVER, FIRE}], k=5)
    assert sorted(rungs.values()) == [AS_SAID, OUT]


def test_what_enough_men_share_and_what_stands_alone_is_left():
    men = [{DRIVER, FIRE}] * 5 + [{COURIER}, set(), {CRASH}]
    assert all(rung == AS_SAID for one in rungs_for(men, k=5) for rung in one.values())


def test_three_that_are_common_in_pairs_and_rare_together_are_told_wider():
    pairs = [{DRIVER, FIRE}] * 5 + [{DRIVER, DEPOT}] * 5 + [{FIRE, DEPOT}] * 5
    rungs = rungs_for([*pairs, {DRIVER, FIRE, DEPOT}], k=5)
    assert OUT in rungs[-1].values()


def test_it_is_counted_how_many_were_told_wider():
    assert widened([{DRIVER: WIDER, FIRE: OUT}, {DRIVER: OUT, DEPOT: AS_SAID}]) == (1, 2)


DETAILS = [DRIVER, COURIER, FIRE, CRASH, DEPOT, Detail(PLACE, "land", "farm"), Detail(JOB, "building", "roofer")]


@given(st.lists(st.sets(st.sampled_from(DETAILS)), max_size=14), st.integers(2, 5))
def test_whatever_men_said_every_shown_combination_is_shared_by_enough(men, k):
    rungs = rungs_for(men, k=k)
    counts: Counter = Counter()
    for one in rungs:
        by_sort = [{d.at(rung) for d, rung in one.items() if d.sort == sort} - {None} for sort in (JOB, PLACE, EVENT)]
        marked = [[(sort, value) for value in values] for sort, values in enumerate(by_sort)]
        counts.update(
            frozenset(each) for size in (2, 3) for some in combinations(marked, size) for each in product(*some)
        )
    assert all(count >= k for count in counts.values())
    assert [set(one) for one in rungs] == [set(man) for man in men]
    assert rungs_for(men[::-1], k=k)[::-1] == rungs  # the order of men says nothing


def test_an_export_tells_no_rare_combination_and_says_so(house, run, tmp_path):
    for number in range(5):
        house.says(house.man(chat=f"chat-{number}"), "I'm a bus driver and we had a house fire")
    rare = house.man(chat="chat-rare")
    house.says(rare, "i work as a welder")
    house.hears(rare, "a welder has a house fire")  # Ballast's own words tell nothing about him
    house.says(rare, "then the house fire came")
    texts = [line["text"] for line in run()[1]]
    assert texts.count("I'm a bus driver and we had a house fire") == 5
    assert "a welder has a house fire" in texts
    assert {"i work as a [JOB]", "then the house fire came"} <= set(texts)
    assert "5 men of this export share it" in (tmp_path / "out" / "DISCLOSURE.md").read_text()


def test_who_takes_his_consent_back_meanwhile_makes_the_export_fail(house, run, monkeypatch):
    man = house.man()
    house.says(man, "I'm a bus driver")
    from bot.research import ExportError, export

    judge = export.rungs_for

    def judges(details, k):
        house.answers(man, given=False)
        return judge(details, k=k)

    monkeypatch.setattr(export, "rungs_for", judges)
    with pytest.raises(ExportError, match="withdrawn while the export ran"):
        run()
