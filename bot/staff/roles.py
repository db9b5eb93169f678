"""Who may do what: one table of route x role. A route that is not in it is open to nobody."""

from __future__ import annotations

from collections.abc import Mapping

REVIEWER, LEAD, RESEARCHER, ADMIN = "reviewer", "lead", "researcher", "admin"
ROLES = (REVIEWER, LEAD, RESEARCHER, ADMIN)
STRANGER = "stranger"  # nobody is signed in

_SIGNED_IN = frozenset(ROLES)
_EVERYBODY = _SIGNED_IN | {STRANGER}
_CLINIC = frozenset({REVIEWER, LEAD})

ACCESS: Mapping[str, frozenset[str]] = {
    "static": _EVERYBODY,
    "health": _EVERYBODY,
    "sign_in.form": _EVERYBODY,
    "sign_in.submit": _EVERYBODY,
    "sign_in.sign_out": _SIGNED_IN,
    "queue.home": _SIGNED_IN,
    "queue.index": _CLINIC,
    "queue.show": _CLINIC,
    "queue.back": _CLINIC,
    "queue.reveal": _CLINIC,
    "queue.claim": _CLINIC,
    "queue.resolve": _CLINIC,
}

REASONS: Mapping[str, str] = {
    RESEARCHER: "Researchers do not open flags. They work with exports of men who agreed to research.",
    ADMIN: "Administrators look after accounts. Flags are opened by reviewers and leads.",
}


def may_enter(role: str, endpoint: str) -> bool:
    """Return whether somebody with this role, or a stranger, may use this route."""
    return role in ACCESS.get(endpoint, frozenset())
