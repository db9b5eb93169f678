"""A card for his partner or family: two or three sentences in his tone, as a bubble of its own to send on."""

from __future__ import annotations

from actions.guide import Here, hook
from actions.guide_book import guides
from actions.message import last_user_event

CHOSEN = ("straight", "dry")


@hook("card_tone")
def know_tone(here: Here) -> str | None:
    """Take the tone he has set, unless it is the plain one that everybody has, or he asks for another one here."""
    metadata = last_user_event(here.tracker).get("metadata") or {}
    here.given.pop("own", None)
    if "tone" not in here.given and metadata.get("tone") in CHOSEN:
        here.given["tone"] = metadata["tone"]
        return "home.card_shown"
    return None


@hook("card_shown")
def show(here: Here) -> str | None:
    """Show the card alone in a bubble, so that it can be copied or sent on as it is."""
    if here.given.get("own"):
        here.dispatcher.utter_message(text=here.given["own"])
        return None
    words, tone, say = guides()["home"].words, here.given.get("tone"), here.given.get("say")
    parts = [words.get(f"{tone}_{part}", "") for part in ("open", say, "close")]
    if not all(parts):
        return "home.card"
    here.dispatcher.utter_message(text=" ".join(parts))
    return None
