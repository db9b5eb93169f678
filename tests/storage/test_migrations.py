import threading

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.errors import StorageError
from bot.storage import Database, migrate
from bot.storage.columns import Base
from bot.storage.migrate import head
from bot.storage.models import FollowUp, Person


def tables(database):
    """Return all columns and indexes as the database sees them."""
    looked_at = sqlalchemy.inspect(database.engine)
    found = {}
    for name in sorted(looked_at.get_table_names()):
        columns = [(column["name"], str(column["type"]), column["nullable"]) for column in looked_at.get_columns(name)]
        found[name] = columns, sorted(index["name"] for index in looked_at.get_indexes(name))
    return found


def version(database):
    with database.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()


def test_the_migrations_make_exactly_the_tables_of_the_models(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_comparison_sees_a_table_that_no_migration_makes(database, execute):
    execute("DROP TABLE sign_in_failures")
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert "add_table" in [difference[0] for difference in differences]


def test_preparing_twice_is_harmless(database, person):
    person_id, before = person(), tables(database)
    database.prepare()
    assert tables(database) == before
    assert version(database) == [head()]
    with database.read() as session:
        assert session.get(Person, person_id).chat.reveal().startswith("chat of")


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ballast.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = server.make()
    yield server.url(name)
    server.drop(name)


def test_many_that_start_at_once_make_one_database(empty_url, keyring):
    databases = [Database(empty_url, keyring) for _ in range(4)]
    failures = []

    def start(database):
        try:
            database.prepare()
        except Exception as error:  # noqa: BLE001 - any failure fails the test below
            failures.append(error)

    threads = [threading.Thread(target=start, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert version(databases[0]) == [head()]
    for database in databases:
        database.close()


def test_a_database_of_a_newer_version_is_refused(database, execute):
    execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageError, match="newer version"):
        database.prepare()
    assert version(database) == ["9999"]


def test_the_table_of_follow_ups_goes_down_and_up_again_with_data_inside(database, person, clock):
    before, person_id = tables(database), person()
    row = FollowUp(id="f" * 32, person_id=person_id, kind="day", due_at=clock())
    with database.write() as session:
        session.add(row)
    with database.engine.execution_options(ballast_write=True).begin() as connection:
        command.downgrade(migrate._config(connection), "0001")
    assert "follow_ups" not in tables(database)
    with database.read() as session:
        assert session.get(Person, person_id).chat.reveal().startswith("chat of")
    database.prepare()
    assert tables(database) == before
    with database.read() as session:
        assert session.query(FollowUp).count() == 0
