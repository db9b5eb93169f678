"""What a sentence that a man reads may not be: long, hard to read, unsafe, leaflet-like, or copied.

Pure functions; which files they are applied to stands in ``test_words.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

MOST_WORDS = 60  # a bubble; facts.md, safe messaging
MOST_GRADE = 7.0  # Flesch-Kincaid; facts.md, safe messaging
PLACEHOLDERS = frozenset(
    (
        "doctor",
        "emergency",
        "crisis",
        "call_line",
        "text_line",
        "local_service",
        "staff",
        "total",
        "mood",
        "before",
        *("place", "tone", "check_ins", "zone", "quiet", "pause", "when", "day", "time", "begins", "ends"),
        "rating",
        "what",
        "when",
        "signs",
        "much",
        "score",
        "topic",
        "other",
    )
)
RUN = 6  # words in a row that count as copied
SHARE = 0.8  # of the tokens of both sentences that count as copied

# Each entry is a regular expression in lower case; it must stand as whole words.
BANNED = {
    "safe messaging": (
        r"commit(s|ted|ting)? suicide",
        r"(successful|successfully|failed|unsuccessful|completed) (attempt|suicide)s?",
        r"epidemic",
        r"suicide (pact|spot|note)s?",
        r"(the only|the easy) way out",
        r"selfish|cowardly|attention[- ]seeking|cry for help",
        r"because he was depressed",
    ),
    "method, dose or place": (
        r"overdos\w+|poison\w*|paracetamol|ibuprofen|insulin|bleach|carbon monoxide|exhaust",
        r"hang(ing|ed)? (yourself|himself)|noose|rope|belt|ligature",
        r"gun|pistol|rifle|firearm|bullet|knife|razor|blade",
        r"jump(ed|ing)? (off|from|in front)|bridge|railway|train tracks|cliff|rooftop",
        r"drown\w*|cut(ting)? (yourself|your wrists)|bleed out",
        r"\d+ ?(mg|milligrams?|pills|tablets|grams?)",
    ),
    "no false understanding": (
        r"i (completely |fully |really )?(understand|know) (exactly )?how you feel",
        r"i feel your pain|i've been there|i know what you're going through",
        r"i (hear|see) you",
    ),
    "leaflet or therapy jargon": (
        r"journey",
        r"reach(ing|ed)? out",
        r"mental health",
        r"self[- ]care|well[- ]?being|mindful\w*|resilien\w+|empower\w*|holistic",
        r"cop(e|ing) (mechanism|strategy|strategies|skills?)",
        r"trauma\w*|toxic|trigger(s|ed|ing)?|boundaries|vulnerab\w+|validat\w+|holding space|safe space",
        r"process (your|the) (feelings?|emotions?|grief)|get in touch with your feelings",
        r"negative (thoughts?|self[- ]talk)|cognitive|psychoeducation|intervention|symptoms?|disorder",
        r"healing|personal growth|inner (child|strength|peace)|masculinit\w+|norms|stigma\w*",
        r"it's important to (note|remember)|remember that you|you are not alone|please know",
        r"don't hesitate|in today's|delve|support network|seek(ing)? (professional )?help",
    ),
    "cheer": (
        r"great job|well done|good job|good man|awesome|amazing|fantastic|wonderful|brilliant",
        r"congratulations|superb",
        r"proud of you|you've got this|you can do (it|this)|keep it up|hang in there|stay strong",
        r"cheer up|chin up|man up|look on the bright side|think positive|yay|hooray",
        r"brave|courage\w*|hero(es|ic)?|warrior",
    ),
    "diagnosis": (
        r"you(('ve)? got| suffer from| may have| must have| have) (a )?(\w+ )?(depression|anxiety|disorder)",
        r"(you are|you're|you seem|you sound) (clinically |severely |mildly )?(depressed|ill|sick|bipolar)",
        r"your (depression|diagnosis|disorder|illness|condition)",
        r"(sounds|looks) like (a )?depression",
    ),
    "promise": (
        r"i promise|guarantee\w*|100 ?%|always works|never fails|for sure",
        r"it (will|does|'ll) get better|it gets better",
        r"you('ll| will) (feel|be) (better|fine|okay|ok|all right)",
        r"everything('ll| will)? (be|is) (fine|okay|ok|all right)|will pass for you",
        r"(this|that|it|talking|a group|therapy)('ll| will) help( you)?|i('ll| will) always",
        r"nobody (will|can) (ever )?(know|find out|see|read)",
        r"completely (safe|private|anonymous|confidential)",
        r"i (can|will|'ll) (save|rescue|cure|fix) you",
    ),
    "efficacy": (
        r"proven|scientifically|clinically|evidence[- ]based|effective\w*|cures?|cured|curing",
        r"(studies|research|science|experts) (show|shows|showed|prove|proves|say|says)",
        r"works for (everyone|everybody|most men|all men)|success rate",
    ),
}
_BANNED = {kind: re.compile(rf"(?<!\w)(?:{'|'.join(found)})(?!\w)") for kind, found in BANNED.items()}
_WORD = re.compile(r"[A-Za-z0-9À-ÿ]+(?:['’\-][A-Za-z0-9À-ÿ]+)*")
_SENTENCE_END = re.compile(r"[.!?:]+[\"')\]]*(?=\s|$)|\n+")
# An e that is not spoken: like, asked, times, lonely, whole; but not table, wanted, places.
_SILENT = re.compile(
    r"(?<=[^aeiouyl])e$|(?<=[aeiouy]l)e$|(?<=[^aeiouydtl])ed$|(?<=[aeiouy]l)ed$"
    r"|(?<=[^aeiouylsxzcgh])es$|(?<=[aeiouy]l)es$|(?<=[aeiouy][^aeiouy])e(?=(?:ly|ment|ful|less|ness)$)"
)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

# Vowel groups alone would count these wrongly; each stands with its syllables.
_SYLLABLES = {
    "anonymised": 4, "area": 3, "being": 2, "diagnosis": 4, "doing": 2, "everything": 3, "evening": 2,
    "every": 2, "going": 2, "idea": 3, "ideas": 3, "interview": 3, "interviews": 3, "miami": 3, "minutes": 2,
    "people": 2, "quiet": 2, "science": 2, "somebody": 3, "someone": 2, "something": 2, "somewhere": 2,
    "sometimes": 2, "trying": 2, "being's": 2, "whoever": 3, "whoreads": 2, "lion": 2, "business": 2,
}  # fmt: skip


def words(text: str) -> list[str]:
    """Return the words; a hyphenated word and a number are one each."""
    return _WORD.findall(text)


def word_count(text: str) -> int:
    """Return the number of words."""
    return len(words(text))


def sentences(text: str) -> list[str]:
    """Return the sentences; a colon and a new line end one too, as they do on a screen."""
    return [part.strip() for part in _SENTENCE_END.split(text) if _WORD.search(part)]


def syllables(word: str) -> int:
    """Return the syllables of one word as read aloud: vowel groups without silent endings."""
    if "-" in word:
        return sum(syllables(part) for part in word.split("-"))
    if word.isdigit():
        return 1 if len(word) == 1 else len(word) + 1
    if word.isupper() and 1 < len(word) <= 4:  # spelled out: GP, PHQ
        return len(word)
    bare = word.lower().replace("’", "'").split("'")[0]
    if bare in _SYLLABLES:
        return _SYLLABLES[bare]
    found = len(re.findall(r"[aeiouyà-ÿ]+", bare)) - len(_SILENT.findall(bare))
    return max(1, found)


def grade(text: str) -> float:
    """Return the Flesch-Kincaid grade; 0 for a text without words.

    Source: Kincaid et al. 1975, Research Branch Report 8-75.
    """
    found = words(text)
    if not found:
        return 0.0
    spoken = sum(syllables(word) for word in found)
    return 0.39 * len(found) / max(1, len(sentences(text))) + 11.8 * spoken / len(found) - 15.59


def banned(text: str) -> list[str]:
    """Return what is banned in a text, each as ``kind: words``."""
    plain = " ".join(text.lower().replace("’", "'").split())
    hits = ((kind, hit) for kind, pattern in _BANNED.items() for hit in pattern.finditer(plain))
    found = [f"{kind}: {hit.group(0)}" for kind, hit in hits]
    return [*found, *(["exclamation mark"] if "!" in text else [])]


def questions(text: str) -> int:
    """Return the number of questions."""
    return len(re.findall(r"\?+", text))


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return set(_PLACEHOLDER.findall(text))


def filled(text: str, values: dict[str, str]) -> str:
    """Return the text with placeholders filled; one without a value goes, as a list of places does."""
    return _PLACEHOLDER.sub(lambda match: values.get(match.group(1), ""), text).strip()


def plain(text: str) -> str:
    """Return the words alone in lower case, to compare what differs only in dress."""
    return " ".join(tokens(text))


def tokens(text: str) -> list[str]:
    """Return the words in lower case without apostrophes and hyphens, as men type them."""
    return [re.sub(r"['’]", "", part) for word in words(text.lower()) for part in word.split("-")]


def copied_from(text: str, source: SourceSentences) -> str | None:
    """Return the sentence that a text repeats, wholly or in a run of words; None where it is its own."""
    return source.like(tokens(text))


class SourceSentences:
    """Sentences of a source, ready to be compared with thousands of short texts.

    Args:
        found: The sentences.
        running: The running text, in which a copied run may cross from one sentence into the next.
    """

    def __init__(self, found: Iterable[str], running: str = "") -> None:
        self._sentences = [(set(tokens(one)), one) for one in found if len(tokens(one)) > 1]
        self._runs = {run: " ".join(run) for run in _runs(tokens(running))}
        for _, sentence in self._sentences:
            self._runs |= dict.fromkeys(_runs(tokens(sentence)), sentence)

    def like(self, said: list[str]) -> str | None:
        """Return what is copied in these tokens."""
        for run in _runs(said):
            if run in self._runs:
                return self._runs[run]
        mine = set(said)
        for theirs, sentence in self._sentences:
            longer = max(len(mine), len(theirs))
            alike = mine == theirs or (longer >= RUN and len(mine & theirs) >= SHARE * longer)
            if mine and alike:
                return sentence
        return None


def _runs(said: list[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(said[start : start + RUN]) for start in range(len(said) - RUN + 1))
