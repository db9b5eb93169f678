import copy
import pickle

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import StatementError

from bot.errors import KeyMissingError, PlaintextRefusedError, SealBrokenError
from bot.storage.models import InboxMessage, OutboxMessage, Person
from bot.storage.sealed import SealedBytes, sealed_columns

CANARY = "canary: nothing left in the tank"


@pytest.fixture
def message(person, he_writes):
    return he_writes(person(), CANARY)


def row_of(session, row_id, model=InboxMessage):
    return session.execute(select(model).filter_by(id=row_id)).scalar_one()


def test_what_was_set_is_opened_again(message, inbox_body):
    assert inbox_body(message) == {"text": CANARY}


@pytest.mark.parametrize("value", [{}, [], "", 0, None, "ümläut 🙏", {"a": [1, 2.5, None, True]}, "x" * 20_000])
def test_any_json_value_can_be_sealed(database, message, inbox_body, value):
    with database.write() as session:
        row_of(session, message).body = value
    assert inbox_body(message) == value


def test_a_null_column_reads_as_none(database, message, execute):
    execute("UPDATE inbox SET body_sealed = NULL")
    with database.read() as session:
        assert row_of(session, message).body is None


@pytest.mark.parametrize("plaintext", [CANARY, CANARY.encode(), bytearray(b"canary"), 7])
def test_plaintext_is_refused_and_not_shown(database, message, inbox_body, plaintext):
    with pytest.raises(StatementError) as caught, database.write() as session:
        row_of(session, message).body_sealed = plaintext
    assert isinstance(caught.value.orig, PlaintextRefusedError)
    assert "canary" not in str(caught.value)
    assert inbox_body(message) == {"text": CANARY}


def test_plaintext_is_refused_in_statements_too(database, message, inbox_body):
    statement = update(InboxMessage).values(body_sealed=b"canary")
    with pytest.raises(StatementError, match="takes only sealed blobs"), database.write() as session:
        session.execute(statement.execution_options(synchronize_session=False))
    assert inbox_body(message) == {"text": CANARY}


COMPARISONS = {
    "equal": lambda column: column == b"x",
    "unequal": lambda column: column != b"x",
    "turned round": lambda column: b"x" == column,  # noqa: SIM300 - the point of it
    "to a blob": lambda column: column == SealedBytes(b"x"),
    "to a column": lambda column: column == OutboxMessage.body_sealed,
    "less": lambda column: column < b"x",
    "in": lambda column: column.in_([b"x"]),
    "like": lambda column: column.like("%x%"),
    "contains": lambda column: column.contains("x"),
    "between": lambda column: column.between(b"a", b"b"),
    "sorted": lambda column: column.desc(),
}


@pytest.mark.parametrize("compare", COMPARISONS.values(), ids=COMPARISONS)
def test_comparing_a_sealed_column_is_refused(compare):
    with pytest.raises(PlaintextRefusedError, match="cannot be compared"):
        compare(InboxMessage.body_sealed)


def test_a_sealed_column_may_be_asked_whether_it_is_empty(database, message):
    with database.read() as session:
        assert session.query(InboxMessage).filter(InboxMessage.body_sealed.is_(None)).count() == 0
        assert session.query(InboxMessage).filter(InboxMessage.body_sealed.isnot(None)).count() == 1


def test_a_secret_shows_nothing(database, message):
    with database.read() as session:
        row = row_of(session, message)
        shown = f"{row.body} {row.body!r} {row!r} {[row.body]} {row.__dict__}"
    assert "<Secret>" in shown
    assert "canary" not in shown


def test_a_secret_has_no_truth_value(database, message):
    with database.read() as session, pytest.raises(TypeError, match="no truth value"):
        bool(row_of(session, message).body)


@pytest.mark.parametrize("leak", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_is_never_pickled_or_copied(database, message, leak):
    with database.read() as session, pytest.raises(TypeError, match="never pickled"):
        leak(row_of(session, message).body)


def test_a_row_outside_a_session_can_be_neither_set_nor_read(database, message, person):
    with database.read() as session:
        row = row_of(session, message)
        session.expunge(row)
    for touch in (lambda: row.body, lambda: setattr(row, "body", {"text": "x"})):
        with pytest.raises(KeyMissingError, match="in a session"):
            touch()


def test_an_old_blob_put_back_is_refused(database, message, execute, inbox_body):
    (old,) = execute("SELECT body_sealed FROM inbox")[0]
    with database.write() as session:
        row_of(session, message).body = {"text": "what he says now"}
    assert inbox_body(message) == {"text": "what he says now"}
    execute("UPDATE inbox SET body_sealed = :old", old=old)
    with pytest.raises(SealBrokenError, match=r"inbox\.body was changed or moved"):
        inbox_body(message)


def test_writing_one_column_binds_the_others_to_the_new_revision_too(database, message, execute):
    (old,) = execute("SELECT screening_sealed FROM inbox")[0]
    with database.write() as session:
        row_of(session, message).body = {"text": "what he says now"}
    with database.read() as session:
        assert row_of(session, message).screening.reveal() == {"level": "none", "reasons": []}
    execute("UPDATE inbox SET screening_sealed = :old", old=old)
    with database.read() as session, pytest.raises(SealBrokenError):
        row_of(session, message).screening.reveal()


def test_a_changed_blob_is_not_overwritten_unseen(database, message, execute):
    execute("UPDATE inbox SET body_sealed = zeroblob(300)")
    with pytest.raises(SealBrokenError), database.write() as session:
        row_of(session, message).body = {"text": "new"}


def test_a_blob_moved_to_another_row_of_the_same_man_is_refused(person, he_writes, execute, inbox_body):
    person_id = person()
    first, second = he_writes(person_id, "first"), he_writes(person_id, "second")
    execute(
        "UPDATE inbox SET body_sealed = (SELECT body_sealed FROM inbox WHERE id = :first) WHERE id = :second",
        first=first,
        second=second,
    )
    assert inbox_body(first) == {"text": "first"}
    with pytest.raises(SealBrokenError):
        inbox_body(second)


def test_a_blob_moved_to_another_column_is_refused(database, message, execute):
    execute("UPDATE inbox SET screening_sealed = body_sealed")
    with database.read() as session, pytest.raises(SealBrokenError, match=r"inbox\.screening"):
        row_of(session, message).screening.reveal()


def test_a_blob_moved_to_a_row_of_another_table_is_refused(database, person, he_writes, we_write, execute):
    person_id = person()
    message = he_writes(person_id)
    we_write(person_id, row_id=message)
    execute("UPDATE outbox SET body_sealed = (SELECT body_sealed FROM inbox)")
    with database.read() as session, pytest.raises(SealBrokenError, match=r"outbox\.body"):
        row_of(session, message, OutboxMessage).body.reveal()


def test_a_row_given_to_another_man_is_refused(person, message, execute, inbox_body):
    execute("UPDATE inbox SET person_id = :other", other=person())
    with pytest.raises(SealBrokenError):
        inbox_body(message)


def test_a_key_given_to_another_man_is_refused(person, message, execute, inbox_body):
    other = person()
    execute("DELETE FROM person_keys WHERE person_id = :other", other=other)
    execute("UPDATE person_keys SET person_id = :other", other=other)
    execute("UPDATE inbox SET person_id = :other", other=other)
    with pytest.raises(SealBrokenError, match="cannot be opened with this key file"):
        inbox_body(message)


def test_stored_lengths_differ_only_by_bucket(person, he_writes, execute):
    person_id = person()
    for text in ("no", "a longer line than that", "x" * 90):
        he_writes(person_id, text)
    assert execute("SELECT count(DISTINCT length(body_sealed)) FROM inbox") == [(1,)]


def test_every_sealed_blob_column_has_its_descriptor():
    for mapper in Person.registry.mappers:
        blobs = {column.key for column in mapper.columns if type(column.type).__name__ == "SealedBlob"}
        assert {sealed.blob_attribute for sealed in sealed_columns(mapper.class_)} == blobs
