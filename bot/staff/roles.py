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
    "passkeys.form": _EVERYBODY,
    "passkeys.sign_in": _EVERYBODY,
    "passkeys.second": frozenset({HALF}),
    "passkeys.confirm": _SIGNED_IN,
    "passkeys.new": _SIGNED_IN | {NEW},
    "passkeys.adopt": _SIGNED_IN | {NEW},
    "passkeys.rename": _SIGNED_IN,
    "passkeys.remove": _SIGNED_IN,
    "passkeys.back": _SIGNED_IN,
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
    "alerts.index": _CLINIC,
    "alerts.show": _CLINIC,
    "alerts.take": _CLINIC,
    "rota.index": _CLINIC,
    "rota.ways": _CLINIC,
    "rota.back": _CLINIC,
    "rota.add": frozenset({LEAD}),
    "rota.remove": frozenset({LEAD}),
    "levels.index": frozenset({LEAD}),
    "levels.change": frozenset({LEAD}),
    "levels.change_hours": frozenset({LEAD}),
    "levels.back": frozenset({LEAD}),
    "places.index": frozenset({LEAD}),
    "places.new": frozenset({LEAD}),
    "places.add": frozenset({LEAD}),
    "places.show": frozenset({LEAD}),
    "places.save": frozenset({LEAD}),
    "places.step": frozenset({LEAD}),
    "places.back": frozenset({LEAD}),
    "sample.index": frozenset({LEAD}),
    "sample.following": frozenset({LEAD}),
    "sample.rate": frozenset({LEAD}),
    "sample.back": frozenset({LEAD}),
    "plots.in_time": frozenset({LEAD}),
    "plots.medians": frozenset({LEAD}),
    "plots.sample": frozenset({LEAD}),
    "coding.index": _RESEARCH,
    "coding.open_round": _RESEARCH,
    "coding.show": _RESEARCH,
    "coding.finish": _RESEARCH,
    "coding.onward": _RESEARCH,
    "coding.turn": _RESEARCH,
    "coding.code": _RESEARCH,
    "coding.differences": _RESEARCH,
    "release_review.index": _RESEARCH,
    "release_review.open_sample": _RESEARCH,
    "release_review.show": _RESEARCH,
    "release_review.onward": _RESEARCH,
    "release_review.turn": _RESEARCH,
    "release_review.done": _RESEARCH,
    "release_review.missed": _RESEARCH,
    "release_review.reveal": _RESEARCH,
    "release_review.wrong": _RESEARCH,
    "release_review.back": _RESEARCH,
    "looking.index": _RESEARCH,
    "looking.paper": _RESEARCH,
    "queue.home": _SIGNED_IN,
    "queue.index": _CLINIC,
    "queue.live": _CLINIC,
    "queue.take": _CLINIC,
    "queue.back": _CLINIC,
    "flag.show": _CLINIC,
    "flag.back": _CLINIC,
    "flag.reveal": _CLINIC,
    "flag.claim": _CLINIC,
    "flag.resolve": _CLINIC,
    "steps.give": _CLINIC,
    "steps.second": _CLINIC,
    "steps.answer": _CLINIC,
    "steps.note": _CLINIC,
    "steps.mark": _CLINIC,
    "steps.back": _CLINIC,
    "talk.back": _CLINIC,
    "talk.write": _CLINIC,
    "talk.leave": _CLINIC,
    "talk.live": _CLINIC,
    "trend.picture": _CLINIC,
    "identity.show": _CLINIC,
    "identity.reveal": _CLINIC,
    "identity.keep": _CLINIC,
    "identity.back": _CLINIC,
    "export.show": _CLINIC,
    "export.ask": _CLINIC,
    "export.file": _CLINIC,
    "export.back": _CLINIC,
    "reviews.index": frozenset({LEAD}),
    "reviews.review": frozenset({LEAD}),
    "reviews.decide": frozenset({LEAD}),
    "reviews.candidates": frozenset({LEAD}),
    "reviews.back": frozenset({LEAD}),
}

# Routes that an open page fetches by itself every few seconds: they keep no session awake.
BY_ITSELF = frozenset({"queue.live", "talk.live"})

# Routes that want the second factor anew when it was given more than ten minutes ago, and where to go back to then.
STEP_UP: Mapping[str, str] = {
    "account.authenticator": "account.authenticator",
    "account.adopt": "account.authenticator",
    "account.password": "account.password",
    "account.change_password": "account.password",
    "account.recovery": "account.index",
    "passkeys.new": "passkeys.new",
    "passkeys.adopt": "passkeys.new",
    "passkeys.remove": "account.index",
    "people.index": "people.index",
    "people.add": "people.index",
    "people.link": "people.index",
    "people.role": "people.index",
    "people.close": "people.index",
    "people.reopen": "people.index",
    "identity.show": "identity.show",
    "identity.reveal": "identity.show",
    "identity.keep": "identity.show",
    "export.file": "export.show",
    "release_review.reveal": "release_review.index",
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
