"""Each migration goes up and down again with rows inside, on both databases, and what he said opens all the while."""

import pytest
import sqlalchemy
from alembic.script import ScriptDirectory

from bot.storage.migrate import _config, downgrade, head
from bot.storage.models import Base, InboxMessage

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
