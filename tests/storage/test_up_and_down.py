"""Each migration goes up and down again with rows inside, on both databases, and what he said opens all the while."""

import pytest
import sqlalchemy
from alembic.script import ScriptDirectory

from bot.storage.migrate import _config, downgrade, head
from bot.storage.models import Base, Flag, InboxMessage, StaffAccount, StaffRecovery, StaffSession

REVISIONS = [script.revision for script in ScriptDirectory.from_config(_config(None)).walk_revisions()][::-1]


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_that_was_taken_back_comes_up_again_with_everything_in_it(
    database, person, he_writes, inbox_body, revision
):
    message = he_writes(person(), "nothing left")
    downgrade(database.engine, revision)
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == [revision]
        assert connection.exec_driver_sql("SELECT count(*) FROM inbox").scalar() == 1
    database.prepare()
    assert inbox_body(message) == {"text": "nothing left"}
    with database.read() as session:
        assert session.query(InboxMessage).count() == 1
    assert set(sqlalchemy.inspect(database.engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}


def test_taken_back_to_the_base_nothing_is_left_and_it_can_begin_anew(database, person):
    person()
    downgrade(database.engine, "base")
    assert sqlalchemy.inspect(database.engine).get_table_names() == ["alembic_version"]
    database.prepare()
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == [head()]


def test_who_holds_a_flag_still_holds_it_after_second_factors_went_and_came(database, person, clock):
    at, person_id = clock(), person()
    with database.write() as session:
        session.add(StaffAccount(id="rosa", name="rosa", role="lead", password_hash="x", totp_nonce="n", created_at=at))
        session.flush()
        session.add(StaffSession(id="s", staff_id="rosa", created_at=at, seen_at=at, confirmed_at=at))
        session.add(StaffRecovery(id="r", staff_id="rosa", created_at=at))
        flag = Flag(id="f" * 32, person_id=person_id, level="red", kind="screening", opened_at=at, due_at=at)
        flag.state, flag.claimed_by = "claimed", "rosa"
        session.add(flag)
    downgrade(database.engine, "0003")
    database.prepare()
    with database.read() as session:
        assert session.query(Flag).one().claimed_by == "rosa"
        assert session.query(StaffSession).one().confirmed_at is None
        assert session.query(StaffAccount).one().totp_nonce is None
        assert session.query(StaffRecovery).count() == 0
