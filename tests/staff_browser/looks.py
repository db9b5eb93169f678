"""What the browser's tests do again and again: load a page, walk it by keyboard, look for what is cut off."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from bot.staff.roles import HALF, NEW, ROLES, STRANGER

STANDINGS = (*ROLES, NEW, HALF, STRANGER)
MOST_STOPS = 80

# WCAG 2.2, success criterion 1.4.12: what a reader may set, and nothing may be lost.
SPACED = """() => { const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
        word-spacing: 0.16em !important } p { margin-bottom: 2em !important }`);
    document.adoptedStyleSheets = [sheet]; }"""
# Elements whose content is cut off, or that stick out of the page, but in boxes that scroll by themselves.
LOST = """() => {
    const lost = [];
    const page = document.scrollingElement;
    if (page.scrollWidth > window.innerWidth + 1) lost.push(`the page is ${page.scrollWidth} wide`);
    for (const one of document.querySelectorAll("body *")) {
        const style = getComputedStyle(one);
        if (one.closest(".unseen, svg, option, [aria-hidden=true]") || style.display === "inline") continue;
        const isField = ["INPUT", "TEXTAREA", "SELECT"].includes(one.tagName);  // what one types in scrolls by itself
        const hides = (way) => !isField && ["hidden", "clip"].includes(style[way]);
        const name = `${one.tagName} ${one.className}: ${one.textContent.trim().slice(0, 40)}`;
        if (hides("overflowX") && one.scrollWidth > one.clientWidth + 1) lost.push(`cut in width: ${name}`);
        if (hides("overflowY") && one.scrollHeight > one.clientHeight + 1) lost.push(`cut in height: ${name}`);
        const box = one.getBoundingClientRect();
        const scrolls = one.closest(".scrolls") !== null || style.position === "absolute";
        if (!scrolls && box.width && box.right > window.innerWidth + 1) lost.push(`sticks out: ${name}`);
    }
    return lost;
}"""
# Where the focus is: its words, whether the ring is to be seen, whether it lies within the window.
FOCUS = """() => {
    const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
    const label = one.labels && one.labels.length ? one.labels[0].textContent : "";
    const words = [one.getAttribute("aria-label"), label, one.textContent, one.name, one.value].join(" ");
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    const inside = box.top < innerHeight && box.bottom > 0 && box.left < innerWidth && box.right > 0;
    return { words: words.replace(/\\s+/g, " ").trim(), ring, inside, body: one === document.body };
}"""


def loads(page: Page, address: str) -> bool:
    """Load a page; return False for what is none: a redirect, a download, a picture, a part of a page."""
    answer = page.request.get(address, max_redirects=0)
    if not answer.ok or "text/html" not in answer.headers.get("content-type", "") or "<main" not in answer.text():
        return False
    page.goto(address)
    return True


def tab_to(page: Page, wanted: str) -> str:
    """Press Tab until the focus is on what matches; each stop on the way must be seen. Return its words."""
    seen = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        seen.append(focus["words"])
        if focus["body"]:
            continue
        assert focus["ring"], f"no ring around {focus['words']!r}"
        assert focus["inside"], f"out of sight: {focus['words']!r}"
        if re.search(wanted, focus["words"], re.IGNORECASE):
            return focus["words"]
    raise AssertionError(f"{wanted!r} is not reached by Tab; these are: {seen}")
