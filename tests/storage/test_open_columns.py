"""Whoever adds a column decides here, in sight of the reviewer, whether a thief may read it (design section 6)."""

from bot.storage import models
from bot.storage.sealed import SealedBlob

SEALED = {
    "buttons": {"choice_sealed"},
    "flags": {"reasons_sealed", "resolution_sealed"},
    "inbox": {"body_sealed", "screening_sealed"},
    "outbox": {"body_sealed"},
    "persons": {"chat_sealed", "settings_sealed"},
    "records": {"body_sealed"},
    "tracker_events": {"event_sealed"},
    "turns": {"reading_sealed"},
}
# Ids, times, states and counts only. ``chat_index`` is an HMAC, ``wrapped`` an encrypted key, ``mac`` a chain link.
OPEN = {
    "audit": {"seq", "at", "actor", "action", "subject", "mac"},
    "buttons": {"id", "person_id", "outbox_id", "used_at", "revision"},
    "consents": {"seq", "person_id", "kind", "version", "given", "at"},
    "flags": {
        *("id", "person_id", "level", "kind", "state", "version", "revision"),
        *("opened_at", "due_at", "claimed_by", "claimed_until", "closed_at"),
    },
    # When we owe him a word, of which kind, and whether he answered: what his flag, open as well, says already.
    "follow_ups": {"id", "person_id", "kind", "state", "due_at", "asked_at", "closed_at", "flag_id"},
    "inbox": {
        *("seq", "id", "door", "update_id", "person_id", "kind", "state"),
        *("received_at", "retry_at", "attempts", "revision"),
    },
    "outbox": {
        *("seq", "id", "person_id", "turn_id", "lane", "resend", "state"),
        *("created_at", "due_at", "sent_at", "attempts", "delivery_ref", "revision"),
    },
    "person_keys": {"person_id", "version", "kek_id", "wrapped"},
    "persons": {"id", "door", "chat_index", "created_at", "introduced_at", "unreachable_at", "revision"},
    "records": {"id", "person_id", "kind", "at", "revision"},
    "sign_in_failures": {"seq", "subject", "at"},
    "staff": {"id", "name", "role", "password_hash", "created_at", "disabled_at"},
    "staff_sessions": {"id", "staff_id", "created_at", "seen_at"},
    "tracker_events": {"seq", "id", "person_id", "session", "at", "revision"},
    "turns": {"id", "person_id", "at", "model", "revision"},
}


def columns(*, sealed):
    found = {}
    for table in models.Base.metadata.tables.values():
        names = {column.name for column in table.columns if isinstance(column.type, SealedBlob) is sealed}
        if names:
            found[table.name] = names
    return found


def test_every_open_column_is_on_the_list():
    assert columns(sealed=False) == OPEN


def test_every_sealed_column_is_on_the_list():
    assert columns(sealed=True) == SEALED


def test_every_sealed_row_counts_its_revisions_and_belongs_to_a_man():
    for name in SEALED:
        table = models.Base.metadata.tables[name]
        assert not table.c.revision.nullable
        assert name == "persons" or not table.c.person_id.nullable
