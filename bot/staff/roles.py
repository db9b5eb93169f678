"""Who may do what: one table of route x role. A route that is not in it is open to nobody."""

from __future__ import annotations

from collections.abc import Mapping

ISSUER = "Ballast"  # what authenticators show beside the name
REVIEWER, LEAD, RESEARCHER, ADMIN = "reviewer", "lead", "researcher", "admin"
ROLES = (REVIEWER, LEAD, RESEARCHER, ADMIN)
STRANGER = "stranger"  # nobody is signed in
HALF = "half"  # the password was right, the second factor is still to come
NEW = "new"  # the password was right, and the account has no second factor yet

_SIGNED_IN = frozenset(ROLES)
_HOMES = ("queue.index", "people.index", "coding.index", "account.index")
_EVERYBODY = _SIGNED_IN | {STRANGER, HALF, NEW}
_CLINIC = frozenset({REVIEWER, LEAD})
_RESEARCH = frozenset({RESEARCHER})
_HEADS = frozenset({LEAD, ADMIN})

ACCESS: Mapping[str, frozenset[str]] = {
    "static": _EVERYBODY,
    "health": _EVERYBODY,
    "sign_in.form": _EVERYBODY,
    "sign_in.submit": _EVERYBODY,
    "sign_in.sign_out": _SIGNED_IN | {HALF, NEW},
    "sign_in.code": frozenset({HALF}),
    "sign_in.check_code": frozenset({HALF}),
    "account.authenticator": _SIGNED_IN | {NEW},
    "account.adopt": _SIGNED_IN | {NEW},
    "account.index": _SIGNED_IN,
    "account.confirm": _SIGNED_IN,
    "account.check": _SIGNED_IN,
    "account.password": _SIGNED_IN,
    "account.change_password": _SIGNED_IN,
    "account.recovery": _SIGNED_IN,
    "account.end_session": _SIGNED_IN,
    "account.end_sessions": _SIGNED_IN,
    "account.awake": _SIGNED_IN,
    "welcome.form": _EVERYBODY,
    "welcome.submit": _EVERYBODY,
    "people.index": _HEADS,
    "people.add": _HEADS,
    "people.link": _HEADS,
    "people.role": _HEADS,
    "people.close": _HEADS,
    "people.reopen": _HEADS,
    "people.back": _HEADS,
    "report.index": frozenset({LEAD}),
    "report.looks": frozenset({LEAD}),
    "coding.index": _RESEARCH,
    "coding.open_round": _RESEARCH,
    "coding.show": _RESEARCH,
    "coding.finish": _RESEARCH,
    "coding.onward": _RESEARCH,
    "coding.turn": _RESEARCH,
    "coding.code": _RESEARCH,
    "coding.differences": _RESEARCH,
    "review.index": _RESEARCH,
    "review.open_sample": _RESEARCH,
    "review.show": _RESEARCH,
    "review.onward": _RESEARCH,
    "review.turn": _RESEARCH,
    "review.done": _RESEARCH,
    "review.missed": _RESEARCH,
    "review.reveal": _RESEARCH,
    "review.wrong": _RESEARCH,
    "review.back": _RESEARCH,
    "looking.index": _RESEARCH,
    "looking.paper": _RESEARCH,
    "queue.home": _SIGNED_IN,
    "queue.index": _CLINIC,
    "queue.show": _CLINIC,
    "queue.back": _CLINIC,
    "queue.reveal": _CLINIC,
    "queue.claim": _CLINIC,
    "queue.resolve": _CLINIC,
}

# Routes that want the second factor anew when it was given more than ten minutes ago, and where to go back to then.
STEP_UP: Mapping[str, str] = {
    "account.authenticator": "account.authenticator",
    "account.adopt": "account.authenticator",
    "account.password": "account.password",
    "account.change_password": "account.password",
    "account.recovery": "account.index",
    "people.index": "people.index",
    "people.add": "people.index",
    "people.link": "people.index",
    "people.role": "people.index",
    "people.close": "people.index",
    "people.reopen": "people.index",
    "review.reveal": "review.index",
}

REASONS: Mapping[str, str] = {
    RESEARCHER: "Researchers do not open flags. They work with exports of men who agreed to research.",
    ADMIN: "Administrators look after accounts. Flags are opened by reviewers and leads.",
}


def home_of(role: str) -> str:
    """Return the page that somebody with this role begins with."""
    return next(page for page in _HOMES if may_enter(role, page))


def may_enter(role: str, endpoint: str) -> bool:
    """Return whether somebody with this role, or a stranger, may use this route."""
    return role in ACCESS.get(endpoint, frozenset())
