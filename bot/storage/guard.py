"""The triggers that keep the audit: they stand in the database, so that no program changes an entry in passing.

Who owns the tables can lift them; ``ballast verify`` says so then, and the chain shows what was changed.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

_TRIGGERS = {
    "sqlite": ("audit_refuses_delete", "audit_refuses_replace", "audit_refuses_update"),
    "postgresql": ("audit_refuses_delete", "audit_refuses_truncate", "audit_refuses_update"),
}
_QUERIES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit'::regclass AND tgenabled IN ('O', 'A')",
}


def is_audit_guarded(session: Any) -> bool:
    """Return whether the database itself refuses to change or delete audit entries."""
    dialect = session.get_bind().dialect.name
    return set(_TRIGGERS[dialect]) <= set(session.execute(text(_QUERIES[dialect])).scalars())
