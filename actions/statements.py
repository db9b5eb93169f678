"""Read from his words where he is, who is with him, what is near, when, and whether he is about to call."""

from __future__ import annotations

import re

from actions.answers import normal

_PEOPLE = (
    r"(?:wife|missus|girlfriend|partner|husband|boyfriend|mate|friend|brother|sister|mum|mom|mam|dad|son"
    r"|daughter|neighbou?r"
    r"|flatmate|roommate|housemate|boss|colleague|cousin|uncle|aunt|someone|somebody|he|hes|she|shes|they"
    r"|theyre|police|cops"
    r"|paramedics?|ambulance|crew|nurse|doctor|people|wifes|mates|brothers|friends|mums|dads)"
)
_HERE = re.compile(
    rf"\b{_PEOPLE}(?: \w+){{0,3}} (?:here|with me|next to me|beside me|in the room|arrived)\b"
    rf"|\b(?:im|i am) (?:with|at) (?:(?:my|a|the|some) )?(?:\w+ )?{_PEOPLE}\b|\bim not alone\b|\bi am not alone\b"
    r"|\b(?:im|i am) (?:at|in) (?:the )?(?:hospital|a and e|er|police station)\b"
)
_NOT_HERE = re.compile(
    r"\b(?:isnt|arent|aint|nobody|noone|no one|wont|coming|on (?:his|her|their|the) way|will|soon|asleep"
    r"|wish|if|wasnt|used"
    r"|left|gone|cant|dont|doesnt|could|should|might|not here|not with)\b"
)
_AWAY = re.compile(
    r"\b(?:(?:im|i am) (?:now )?(?:away from (?:it|there|them)|out of (?:the )?(?:room|house|flat|garage|place|there))"
    r"|(?:walked|stepped|moved|got|come|came|gone) (?:away|out of (?:the )?(?:room|house|flat|garage|place|there))"
    r"|left the (?:room|house|flat|garage|place|bridge|station)|(?:gave|handed|given) (?:it|them) (?:to|away|over)"
    r"|(?:locked|put|threw|thrown|chucked) (?:it|them) (?:away|out|up|out of reach|in the bin)"
    r"|(?:flushed|got rid of|binned) (?:it|them)|away from it)\b"
)
_NOT_AWAY = re.compile(
    r"\b(?:not|cant|wont|havent|didnt|couldnt|will|should|going to|gonna|might|want to|dont|isnt|tried|if|nearly)\b"
)
_NEAR = re.compile(
    r"\b(?:right here|here with me|next to me|in front of me|beside me|by me|with me|in my (?:hand|hands"
    r"|pocket|lap|car|van"
    r"|truck|room)|on the (?:table|bed|seat|side|desk|counter)|in the (?:house|garage|shed|kitchen|drawer"
    r"|cupboard|car|van"
    r"|truck|loft|bedroom|bathroom|cabinet|flat|next room|other room|safe|wardrobe)|upstairs|downstairs"
    r"|at home|within reach"
    r"|under the bed|got (?:it|them) here|close by|nearby)\b"
)
_NOW = re.compile(
    r"(?<!not )(?<!not right )\b(?:now|tonight|today|this (?:evening|afternoon|morning|minute)|right away|any minute"
    r"|in (?:a|an) (?:minute|hour|bit|while)|very soon|as soon as)\b"
)
_LATER = re.compile(
    r"\b(?:tomorrow|this week|weekend|next (?:week|month)|monday|tuesday|wednesday|thursday|friday"
    r"|saturday|sunday|after"
    r"|when (?:the|my|she|he|they|shes|everyone)|once (?:the|my|she|he|they|shes|everyone)|birthday|christmas)\b"
)
_JUST_DONE = re.compile(
    r"\b(?:today|tonight|just now|this (?:morning|afternoon|evening)|hours? ago|minutes ago|already"
    r"|just (?:took|did|cut)"
    r"|last night)\b"
)
_CALLING = re.compile(
    r"\b(?:ill|i will|going to|gonna|ok|okay|im|i am|let me|about to)(?: \w+){0,2} (?:call|calling|ring"
    r"|ringing|phone|phoning"
    r"|text|texting|dial|dialling)\b"
)
_NEGATED = re.compile(r"\b(?:not|no|nothing|nowhere|never|isnt|arent|dont|havent|cant|wont)\b")


def says_person_is_here(text: str) -> bool:
    """Return whether he says that somebody is with him now; somebody on the way does not count."""
    said = normal(text)
    return bool(_HERE.search(said)) and not _NOT_HERE.search(said)


def says_away(text: str) -> bool:
    """Return whether he says that he is away from what could hurt him, or it from him."""
    said = normal(text)
    return bool(_AWAY.search(said)) and not _NOT_AWAY.search(said)


def says_near(text: str) -> bool:
    """Return whether he names a place near him."""
    said = normal(text)
    return bool(_NEAR.search(said)) and not _NEGATED.search(said)


def says_now(text: str) -> bool:
    """Return whether he names today or sooner."""
    said = normal(text)
    return bool(_NOW.search(said)) and not re.match(r"^(?:no|not|nope|nah)\b", said)


def says_later(text: str) -> bool:
    """Return whether he names a later time."""
    return bool(_LATER.search(normal(text))) and not _NEGATED.search(normal(text))


def says_just_done(text: str) -> bool:
    """Return whether he names today, or last night, for what he did."""
    said = normal(text)
    return bool(_JUST_DONE.search(said)) and not _NEGATED.search(said)


def says_calling(text: str) -> bool:
    """Return whether he says that he is about to call or text somebody."""
    said = normal(text)
    return bool(_CALLING.search(said)) and not _NEGATED.search(said)
