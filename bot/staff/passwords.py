"""Which passwords are too easy to guess.

Checked on this machine alone: by length, and by what a guesser would try first. The list of the 30,000 commonest
passwords of published breaches, and the words, names, dates and keyboard walks, come with zxcvbn (MIT).
"""

from __future__ import annotations

from zxcvbn import zxcvbn

SHORTEST_PASSWORD = 12  # characters; NIST SP 800-63B-4 asks for 15 without and 8 with a second factor
LONGEST_PASSWORD = 256
FEWEST_DIFFERENT = 5
FEWEST_GUESSES = 10**8  # zxcvbn's score of 3: "safely unguessable" behind a slow hash and a throttle
_LONGEST_JUDGED = 72  # characters; zxcvbn judges no more, and what follows can only make it harder to guess
_OUR_WORDS = ("ballast", "clinic", "staff", "reviewer", "lead", "researcher", "admin")


def weakness_of(password: str, name: str) -> str:
    """Return in one sentence what is wrong with a password, or nothing.

    Args:
        password: Already folded to the characters that are hashed.
        name: The account's, in lower case.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters. A few words will do."
    if len(set(password)) < FEWEST_DIFFERENT:
        return f"A password has at least {FEWEST_DIFFERENT} different characters."
    if len(name) > 3 and name in password.casefold():
        return "A password does not contain the account's name."
    if zxcvbn(password[:_LONGEST_JUDGED], user_inputs=[name, *_OUR_WORDS])["guesses"] < FEWEST_GUESSES:
        return "This password is among the first that a guesser tries. A few words that do not belong together will do."
    return ""
