"""The benchmark's own sums and preparations: a ratio that is wrong would be believed."""

from __future__ import annotations

import json

import pytest
import yaml

from scripts.speed import load, sums, tables
from scripts.speed.history import OUR_EVENTS, STOCK_EVENTS, _stock_events


def test_figure_is_the_median_within_its_range():
    found = sums.figure([1.0, 2.0, 3.0, 4.0, 100.0])
    assert found.value == 3.0
    assert 1.0 <= found.low <= found.value <= found.high <= 100.0
    assert sums.figure([7.0]) == sums.Figure(7.0, 7.0, 7.0)


def test_ratio_is_taken_block_by_block_so_that_a_slow_hour_does_not_count():
    quick_then_slow = [10.0, 20.0, 1.0, 2.0]
    assert sums.ratio([2 * one for one in quick_then_slow], quick_then_slow) == sums.Figure(2.0, 2.0, 2.0)


def test_ratio_of_blocks_that_were_not_measured_together_is_refused():
    with pytest.raises(ValueError, match="zip"):
        sums.ratio([1.0, 2.0], [1.0])


def test_share_of_times_is_the_one_that_so_many_did_not_exceed():
    block = load.Block(1.0, 1.0, tuple(float(number) for number in range(1, 101)))
    assert (block.at(0.5), block.at(0.95), block.at(1.0)) == (51.0, 96.0, 100.0)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    from scripts.speed import stock

    folder = tmp_path_factory.mktemp("stock") / "project"
    stock.derive(folder)
    return folder


def test_stock_project_has_default_parts_our_phrases_and_an_action_in_every_second_answer(project):
    config = yaml.safe_load((project / "config.yml").read_text())
    assert [part["name"] for part in config["pipeline"]][-4:] == [
        "DIETClassifier", "EntitySynonymMapper", "ResponseSelector", "FallbackClassifier"
    ]  # fmt: skip
    assert {part["name"] for part in config["policies"]} == {
        "MemoizationPolicy", "RulePolicy", "UnexpecTEDIntentPolicy", "TEDPolicy"
    }  # fmt: skip
    domain = yaml.safe_load((project / "domain.yml").read_text())
    rules = yaml.safe_load((project / "data" / "rules.yml").read_text())["rules"]
    answers = [rule["steps"][1]["action"] for rule in rules]
    assert len(rules) == len(domain["intents"]) > 50
    assert abs(answers.count("action_answer") - len(answers) / 2) <= 1
    assert set(answers) - {"action_answer"} == set(domain["responses"])
    assert set(json.loads((project / "actions" / "texts.json").read_text())) == set(domain["intents"])


def test_stock_history_is_of_whole_turns_in_one_session():
    events = [event for event, _ in zip(_stock_events(), range(15), strict=False)]
    assert [event["event"] for event in events].count("session_started") == 1
    assert [event["event"] for event in events].count("user") == 2
    assert events[8]["event"] == "action"
    assert events[8]["name"] == "action_listen"


def test_page_tells_every_figure_with_its_range_and_has_a_plot(tmp_path):
    names = ("a second", "cpu", "p50", "p95", "memory", "start")
    of = {f"{side} {name}": [2.0, 3.0, 4.0] for side in ("stock", "ours", "path") for name in names}
    of |= {f"stock at {events}": [5.0] for events in STOCK_EVENTS} | {
        f"ours at {events}": [4.0] for events in OUR_EVENTS
    }
    page = tables.write_page(tmp_path, {"sqlite": of}, "The machine was idle.")
    said = page.read_text()
    assert "| one man, p50, ms | 3.00 (2.00 to 4.00) | 3.00 (2.00 to 4.00) | 1.00 (1.00 to 1.00) |" in said
    assert "| 100,000 | not tried | 4.00 (4.00 to 4.00) | 1.00 |" in said
    assert "The machine was idle." in said
    assert page.with_suffix(".svg").read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize(("refs", "astray"), [((5, 6), 0), ((6, 5), 1), ((5, None), 1)])
def test_day_of_many_men_finds_an_answer_that_is_missing_or_out_of_order(database, person, refs, astray):
    from bot.clock import utc_now
    from bot.storage.models import OutboxMessage
    from scripts import soak_men
    from scripts.speed import ours

    man = person()
    said = ours.messages(database, [man, man], ["one", "two"], 1)
    with database.write() as session:
        for row in session.query(soak_men.InboxMessage):
            row.door, row.state = "telegram", "done"
        for asked, ref in zip(said, refs, strict=True):
            row = OutboxMessage(person_id=man, turn_id=asked["message_id"], state="sent", delivery_ref=ref)
            row.created_at = row.due_at = utc_now()
            session.add(row)
            session.flush()
    found = soak_men.check(database)
    assert found["astray"] == astray
    assert found["inbox"] == {"done": 2}


def test_growth_is_told_from_behind_the_warm_up():
    from scripts import soak_men

    warming, flat = [(0.0, 100.0 + step) for step in range(10)], [(0.0, 200.0)] * 30
    assert soak_men.growth(warming + flat) == 0.0
    assert soak_men.growth(warming + flat + [(0.0, 220.0)] * 10) == pytest.approx(10.0)
