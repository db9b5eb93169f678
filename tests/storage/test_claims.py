"""Claims: one man is with one process, a killed one holds nothing, and on SQLite there is room for one bot."""

from __future__ import annotations

import pytest

from bot.errors import StorageError
from bot.storage import Claims, Sole


@pytest.fixture
def claims(database):
    made = []

    def make(door="telegram"):
        made.append(Claims(database, door))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.only("postgres")
def test_what_one_holds_no_other_gets_until_it_is_given_back(claims):
    one, other = claims(), claims()
    assert one.take("work:a")
    assert one.take("work:a")  # asked again it is still his
    assert not other.take("work:a")
    assert other.take("work:b")
    assert other.take("send:a")
    one.give_back("work:a")
    assert other.take("work:a")
    assert not one.take("work:a")


@pytest.mark.only("postgres")
def test_doors_do_not_touch_one_another(claims):
    assert claims("telegram").take("work:a")
    assert claims("console").take("work:a")


@pytest.mark.only("postgres")
def test_claims_end_with_the_connection(claims, execute):
    one, other = claims(), claims()
    assert one.take("work:a")
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    execute(f"{others} AND datname = current_database()")
    with pytest.raises(StorageError):
        one.keep()
    assert other.take("work:a")
    assert not one.take("work:a")  # it knows that it has lost it, and asks over a new connection


@pytest.mark.only("postgres")
def test_giving_back_over_a_broken_connection_is_no_error(claims, execute):
    one = claims()
    assert one.take("work:a")
    execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    one.give_back("work:a")
    assert one.take("work:a")


@pytest.mark.only("postgres")
def test_postgres_has_room_for_several(database):
    Sole(database, "telegram").close()
    one, other = Sole(database, "telegram"), Sole(database, "telegram")
    one.close(), other.close()


@pytest.mark.only("sqlite")
def test_sqlite_has_room_for_one_of_each_door(database):
    one = Sole(database, "telegram")
    with pytest.raises(StorageError, match="one process") as refusal:
        Sole(database, "telegram")
    assert "\n" not in str(refusal.value)
    Sole(database, "console").close()
    one.close()
    Sole(database, "telegram").close()


@pytest.mark.only("sqlite")
def test_on_sqlite_every_claim_is_granted(claims):
    one = claims()
    assert one.take("work:a")
    one.keep()
    one.give_back("work:a")
    one.give_back("work:a")
