"""Read a short answer to a question about life and death from its words alone.

No model decides here: a clear no must be one of few plain forms, and everything between no and yes leans towards yes.
"""

from __future__ import annotations

import enum
import re

MOST_WORDS_OF_A_SOFT_YES = 8


class Answer(str, enum.Enum):
    """What an answer amounts to."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    HEDGED = "hedged"  # a no with a "but", a "not really", a joke: no clear no
    RATHER_NOT = "rather_not"
    OTHER = "other"


def normal(text: str) -> str:
    """Return the words in lower case without apostrophes and signs; laughing faces become a word."""
    lowered = re.sub(r"[😂🤣😅😆😜😝😉🙃]", " lol ", text.lower())
    return " ".join(re.findall(r"[a-z0-9]+", re.sub(r"['’`´]", "", lowered)))


_OPENERS = r"(?:(?:well|um+|uh|er+|erm|hm+|oh|look|ok|okay|honestly|tbh|so|god|mate|man|bro) )*"
_YES_WORDS = r"(?:yes+|yeah+|yea|yeh|yep+|yup|ya|yh|aye|y|ye|yess+|si|ja|definitely|obviously|of course|mhm+|uh huh)"
_SOFT_YES = (
    r"(?:sometimes|some times|at times|now and (?:then|again)|on and off|off and on|every (?:day|night|now and then)"
    r"|everyday|often|always|constantly|all the time|most (?:days|nights)|some (?:days|nights)|occasionally|lately"
    r"|a (?:bit|little|lot)|i guess(?: so)?|guess so|kind of|kinda|sort of|sorta|probably|maybe|perhaps|possibly"
    r"|(?:i )?suppose(?: so)?|i think so|think so|might be|i might|crossed my mind|its crossed my mind"
    r"|it has crossed my mind|more or less|pretty much|in a way|not yet|been thinking|thought about it|sure|true"
    r"|correct|exactly|i do|i am|i have|it has)"
)
_TAIL = (
    r"(?: (?:yeah|yes|mate|man|bro|tbh|honestly|actually|really|i am|i do|i have|so|lately|now|and then|sometimes))*"
)
_YES = re.compile(rf"^{_OPENERS}{_YES_WORDS}\b")
_SOFT = re.compile(rf"^{_OPENERS}{_SOFT_YES}{_TAIL}$")
_SOFT_START = re.compile(
    rf"^{_OPENERS}(?:sometimes|at times|now and then|on and off|most (?:days|nights)|some (?:days|nights)|i guess"
    r"|kind of|kinda|sort of|sorta|probably|maybe|perhaps|not yet|all the time|every (?:day|night))\b"
)
_THOUGHT = re.compile(
    r"\b(?:ive|i have|i) (?:been |have )?(?:thought|thinking|think) (?:about|of) (?:it|that|doing it)\b"
    r"|cross(?:ed|es) my mind"
)
_CONTRADICTED = re.compile(
    rf"^{_OPENERS}(?:{_YES_WORDS} )+(?:no|nah|nope|right|as if|whatever|sure|im|i am|all)"
    r"(?: (?:all )?(?:safe|ok|okay|fine|good|alright|great|grand))?$"
)
_NO_LEAD = (
    r"(?:(?:hell|god|oh) no|no+|nope+|nah+|naw|nay|never|negative|not at all|no way|of course not|course not"
    r"|absolutely not|definitely not|certainly not)"
)
_THE_ACT = (
    r"(?: (?:of|about|on|to|do|doing|it|that|this|anything|like|end|ending|kill|killing|hurt|hurting|harm"
    r"|harming|my|life"
    r"|myself|suicide|die|dying|any|the|sort|kind|stupid|daft|silly|own))*"
)
_SAFE = (
    r"(?:im|i am|i feel|yes im|yes i am)? ?(?:safe|not in danger)(?: (?:now|right|tonight|here|today|for"
    r"|at|home|the|moment))*"
)
_NO_CLAUSE = (
    rf"(?:(?:im|i am) not(?: (?:thinking|planning|considering|going|gonna|about|trying|suicidal){_THE_ACT})?"
    r"|(?:i )?(?:wont|wouldnt|would never|will not|would not|never would|could never)"
    r"(?: (?:ever )?(?:do (?:it|that|anything|anything stupid|anything like that)|hurt myself|kill myself"
    r"|end my life))?"
    r"|i (?:dont|do not) want to (?:die|kill myself|hurt myself|harm myself|end my life|do that)"
    rf"|not (?:thinking|planning|going|gonna) {_THE_ACT}"
    rf"|i (?:dont|do not|havent|have not)|i want to live|{_SAFE})"
)
_FILLERS = (
    r"(?: (?:mate|man|bro|pal|thanks|thank you|cheers|honestly|really|sir|dude|buddy|i promise|i swear"
    r"|at all|no|nope|nah|dont worry|ever|definitely))*"
)
_NO = re.compile(
    rf"^{_OPENERS}(?:{_NO_LEAD}{_FILLERS}(?: {_NO_CLAUSE})?|{_NO_CLAUSE}){_FILLERS}(?: (?:im|i am|i feel) safe)?$"
)
_IS_SAFE = re.compile(rf"^{_OPENERS}(?:{_NO_LEAD} )?{_SAFE}{_FILLERS}$")
_LEANS_NO = re.compile(
    rf"^{_OPENERS}(?:{_NO_LEAD}\b|not\b|(?:i )?(?:dont|do not) think so|dont think so|hardly"
    r"|(?:i guess|guess|probably|maybe|perhaps|possibly|i suppose|suppose|i think|hopefully) not\b)"
)
_SOFTENED = re.compile(
    r"\b(?:maybe|sometimes|kind of|kinda|sort of|sorta|i guess|a bit|a little|occasionally|now and (?:then|again)"
    r"|some days|some nights|at night|most days|crossed my mind|(?<!never )(?<!not )(?:thought"
    r"|think) about it)\b(?! not)"
)
_JOKE = re.compile(r"\b(?:lol|lmf?ao|rofl|ha(?:ha)+h?|he(?:he)+|jk|jking|kidding|joking|joke|banter)\b")
_UNSURE = re.compile(
    r"\b(?:dont (?:really )?know|do not know|dunno|idk|not (?:too |really |entirely )?sure|unsure"
    r"|no (?:idea|clue)|hard to (?:say|tell)"
    r"|cant (?:say|tell)|who knows|not certain|torn)\b"
)
_RATHER_NOT = re.compile(
    r"\b(?:rather not|prefer not|(?:dont want to|dont wanna|not going to|wont|cant) (?:say|answer|talk"
    r"|go there|discuss|tell)"
    r"|none of your|no comment|not (?:saying|telling|answering|your business)|next question|stop asking|dont ask)\b"
    r"|^(?:skip|pass)(?: it| that)?$"
)


def read_answer(text: str, intent: str = "") -> Answer:
    """Return what an answer amounts to.

    Args:
        text: What he wrote.
        intent: What the model took it for; counts only where the words alone say nothing.
    """
    said = normal(text)
    if _RATHER_NOT.search(said):
        return Answer.RATHER_NOT
    if _UNSURE.search(said):
        return Answer.UNSURE
    if _CONTRADICTED.match(said):
        return Answer.NO if _IS_SAFE.match(said) else Answer.HEDGED
    if _NO.match(said):
        return Answer.NO
    if _LEANS_NO.match(said) and not said.startswith("not yet"):
        softened = _SOFTENED.search(said) and not re.match(rf"^{_OPENERS}(?:\w+ ){{1,2}}not\b", said)
        return Answer.YES if softened else Answer.HEDGED
    if _YES.match(said) or _is_soft_yes(said):
        return Answer.YES
    if _JOKE.search(said):
        return Answer.HEDGED
    return {"affirm": Answer.YES, "deny": Answer.HEDGED, "unsure": Answer.UNSURE}.get(intent, Answer.OTHER)


def _is_soft_yes(said: str) -> bool:
    short = len(said.split()) <= MOST_WORDS_OF_A_SOFT_YES
    return bool(_SOFT.match(said) or (short and _SOFT_START.match(said)) or _THOUGHT.search(said))


def says_safe(text: str) -> bool:
    """Return whether he says in plain words that he is safe; more than a bare no."""
    said = normal(text)
    return bool(_IS_SAFE.match(said) or (_NO.match(said) and len(said.split()) >= 3))
