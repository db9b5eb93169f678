"""Which places are named, in which order, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clock import utc_now
from bot.config import REGIONS
from bot.content import sign_line
from bot.content.texts import piece
from bot.directory import NEED_OF, entries, find, signposts
from bot.directory import entries as all_entries
from bot.directory.entries import STALE_AFTER, Place, line, short_line
from bot.directory.search import CLOSE_KM, IN_REACH_KM, distance_km

LIBERTY_CITY, KEY_WEST, LONDON = (25.83, -80.22), (24.56, -81.78), (51.51, -0.13)
each_region = pytest.mark.parametrize("region", REGIONS)


def ids(signs):
    return [sign.entry.id for sign in signs]


@each_region
@pytest.mark.parametrize("need", sorted(set(NEED_OF.values())))
def test_three_at_most_each_for_this_need_and_region(need, region):
    signs = signposts(need, region)
    assert len(signs) <= 3
    assert all(need in sign.entry.kinds and region in sign.entry.regions for sign in signs)


@each_region
def test_in_a_crisis_the_files_order_stands_whatever_he_speaks_and_wherever_he_is(region):
    wanted = [entry.id for entry in find("crisis", region)]
    assert ids(signposts("crisis", region, language="fr", near=LONDON)) == wanted


def test_what_speaks_his_language_comes_first():
    signs = signposts("service", "us-miami", language="es-US", most=99)
    foreign = [sign.is_foreign for sign in signs]
    assert foreign == sorted(foreign)
    assert {"miami-211", "miami-nami"} <= {sign.entry.id for sign in signs if "language" in sign.why}
    german = [sign.is_foreign for sign in signposts("doctor", "uk", language="de", most=99)]
    assert german == sorted(german)
    assert any(german)


def test_a_place_that_is_not_known_to_speak_his_language_says_which_it_does():
    signs = {sign.entry.id: sign for sign in signposts("doctor", "de", language="en")}
    assert signs["de-116117"].is_foreign
    assert "Languages: German." in sign_line(signs["de-116117"])
    assert "Languages" not in sign_line(signposts("doctor", "de", language="de")[0])


def test_what_is_near_comes_first_and_says_so():
    (first, *_) = signposts("men", "us-miami", near=LIBERTY_CITY)
    assert first.entry.id == "miami-circle-of-brotherhood"
    assert first.why[:2] == ("close", "men_only")
    assert "Why this one: close to you, men only." in sign_line(first)


def test_what_is_far_is_not_called_near():
    for near in (KEY_WEST, LONDON, None):
        assert not {"close", "in_reach"} & {why for sign in signposts("men", "us-miami", near=near) for why in sign.why}
        assert ids(signposts("men", "us-miami", near=near)) == ids(signposts("men", "us-miami"))


def test_nearer_comes_before_farther(monkeypatch):
    men = [entry for entry in entries() if "men" in entry.kinds and "us-miami" in entry.regions]
    placed = [replace(entry, place=Place("x", 25.83 + 0.1 * step, -80.22)) for step, entry in enumerate(reversed(men))]
    monkeypatch.setattr("bot.directory.search.find", lambda *_args, **_more: placed[::-1])
    assert ids(signposts("men", "us-miami", near=LIBERTY_CITY)) == [entry.id for entry in placed]


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        (LIBERTY_CITY, LIBERTY_CITY, 0),
        ((0, 0), (0, 180), 20015),
        ((0, 0), (0, 1), 111.2),
        ((90, 0), (-90, 0), 20015),
        ((51.5007, -0.1246), (40.6892, -74.0445), 5574.8),  # London to New York, as published for the haversine formula
        ((0, 179.9), (0, -179.9), 22.2),
    ],
)
def test_distances_are_right(here, there, km):
    assert distance_km(here, there) == pytest.approx(km, rel=0.002, abs=0.1)
    assert CLOSE_KM < IN_REACH_KM


def test_a_place_has_its_area_and_lies_on_earth_and_nothing_has_one_that_is_only_called():
    placed = [entry for entry in all_entries() if entry.place]
    assert [entry.id for entry in placed] == ["miami-circle-of-brotherhood"]
    for entry in placed:
        assert entry.place.area in entry.what
        assert -90 <= entry.place.lat <= 90
        assert -180 <= entry.place.lon <= 180


def test_a_stale_entry_says_so():
    entry = next(entry for entry in entries() if entry.checked_on)
    assert "last checked" not in line(replace(entry, checked_on=utc_now().date()))
    old = utc_now().date() - STALE_AFTER - timedelta(days=1)
    assert f"(last checked {old}, look it up first)" in line(replace(entry, checked_on=old))
    assert short_line(replace(entry, checked_on=old)).endswith(f"(last checked {old})")  # no homework in a crisis


def test_every_reason_and_language_has_its_words():
    named = [sign for need in set(NEED_OF.values()) for region in REGIONS for sign in _all(need, region)]
    reasons = {why for sign in named for why in sign.why}
    for reason in reasons | {"close", "in_reach", "language"}:
        assert piece(f"why_{reason}")
    for entry in entries():
        assert [piece(f"language_{code}") for code in entry.languages] or not entry.languages


def _all(need, region):
    return signposts(need, region, most=99)
