"""Accessibility of every page that a GET can reach, for everybody who may load it, in a real browser (WCAG 2.2 AA)."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from bot.staff.roles import LEAD, REVIEWER
from tests.staff_browser.looks import LOST, SPACED, STANDINGS, loads

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
WIDE, PHONE, ZOOMED, NARROWEST = 1280, 375, 640, 320  # 640 is 1280 at 200 %, 320 is 1280 at 400 % (criterion 1.4.10)
FEWEST_PAGES = {"reviewer": 9, "lead": 12, "researcher": 8, "admin": 6, "new": 3, "half": 3, "stranger": 2}


def ready(page):
    """Hand the page the rules' script, past its own rules about scripts."""
    page.evaluate(Axe().axe_script)


def violations(page):
    found = page.evaluate("(options) => axe.run(options)", RULES)["violations"]
    return [(rule["id"], node["target"], node["failureSummary"]) for rule in found for node in rule["nodes"]]


def size(page, width):
    page.set_viewport_size({"width": width, "height": 800})


@pytest.mark.parametrize("standing", STANDINGS)
def test_no_page_breaks_a_rule_in_light_or_dark_wide_or_narrow(site, enter, standing):
    page, looked_at = enter(standing, reduced_motion="reduce"), []  # colours then change at once
    for address in site.pages(standing):
        if not loads(page, address):
            continue
        looked_at.append(address)
        ready(page)
        for width in (WIDE, PHONE):
            size(page, width)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                assert violations(page) == [], (address, width, scheme)
            for wide in (width, NARROWEST if width == PHONE else ZOOMED):
                size(page, wide)
                assert page.evaluate(LOST) == [], (address, wide)
        page.evaluate(SPACED)
        for width in (WIDE, PHONE):
            size(page, width)
            assert page.evaluate(LOST) == [], (address, width, "spaced")
    assert len(looked_at) >= FEWEST_PAGES[standing], looked_at


def test_the_rules_would_find_a_fault(site, enter):
    page = enter(REVIEWER)
    page.goto("/flags")
    ready(page)
    page.evaluate("document.querySelector('main').innerHTML += '<img src=/static/mark.svg><p class=grey>grey</p>'")
    page.evaluate("document.querySelector('.grey').style.color = '#ccc'")
    assert {rule for rule, *_ in violations(page)} == {"image-alt", "color-contrast"}
    page.evaluate("document.querySelector('main').style.minWidth = '3000px'")
    assert page.evaluate(LOST) != []


@pytest.mark.parametrize("role", [REVIEWER, LEAD])
def test_nothing_moves_for_who_wants_it_still(site, enter, role):
    moving = """() => [...document.querySelectorAll("*")].filter((one) => {
        const style = getComputedStyle(one);
        const longest = (value) => Math.max(...value.split(",").map(parseFloat));
        return longest(style.transitionDuration) > 0 || longest(style.animationDuration) > 0;
    }).map((one) => one.outerHTML.slice(0, 80))"""
    page = enter(role, reduced_motion="reduce")
    for address in site.pages(role):
        if loads(page, address):
            assert page.evaluate(moving) == [], address
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(moving) != []  # the probe sees motion where it is wanted


def test_level_is_a_word_a_shape_and_a_colour(site, enter):
    page = enter(REVIEWER)
    page.goto("/flags")
    badges = page.evaluate(
        """() => [...document.querySelectorAll("main li .badge")].map((one) => [one.textContent.trim(),
            one.querySelector("svg > *").outerHTML, getComputedStyle(one).color])"""
    )
    words, shapes, colours = ({badge[part] for badge in badges} for part in range(3))
    assert words == {"Red", "Orange", "Yellow"}
    assert len(shapes) == len(colours) == 3
    assert len({tuple(badge) for badge in badges}) == 3  # each word has one shape and one colour


@pytest.mark.parametrize("address", ["/flags", "/account", "/nothing"])
def test_the_first_stop_leads_past_the_head(site, enter, address):
    page = enter(REVIEWER)
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
