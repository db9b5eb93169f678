"""What a lead changes in the directory reaches men, and a broken change never takes a number away."""

from datetime import timedelta

import pytest

from bot.content import say
from bot.directory import find
from bot.directory.entries import entries, own_entries, use_changes
from bot.errors import DirectoryError
from bot.escalation import places
from bot.escalation.places import change_entry, refresh, undo_change

GROUP = {
    "id": "miami-invented-group",
    "kinds": ["men"],
    "regions": ["us-miami"],
    "name": "An Invented Group",
    "what": "men who meet",
    "phone": "555-0100",
    "source": "https://group.example",
    "checked_on": "2026-11-20",
}


@pytest.fixture(autouse=True)
def as_delivered():
    places._read_at.clear()
    yield
    places._read_at.clear()
    use_changes(())


@pytest.fixture
def change(database, clock):
    def run(row, **more):
        with database.write() as session:
            change_entry(session, row, staff_id="rosa", at=clock(), **more)
        refresh(database, at=clock())

    return run


def filed(entry_id):
    entry = next(entry for entry in own_entries() if entry.id == entry_id)
    return {**entry.__dict__, "checked_on": entry.checked_on}


def names(kind, region="us-miami"):
    return [entry.name for entry in find(kind, region, most=50)]


def test_an_added_entry_is_told_and_undone_again(database, clock, change, audited):
    change(GROUP)
    assert names("men")[-1] == "An Invented Group"
    assert ("rosa", "directory.change", GROUP["id"]) in audited()
    with database.write() as session:
        assert undo_change(session, GROUP["id"], staff_id="rosa", at=clock())
        assert not undo_change(session, GROUP["id"], staff_id="rosa", at=clock())
    refresh(database, at=clock())
    assert entries() == own_entries()


def test_a_changed_number_stands_in_the_safety_reply(change):
    change({**filed("us-988"), "phone": "555-0199"})
    assert any("555-0199" in bubble for bubble in say("safety_high", "us-miami"))
    assert [entry.id for entry in entries()] == [entry.id for entry in own_entries()]  # in its old place


def test_a_withdrawn_entry_is_told_to_nobody(change):
    change(filed("us-crisis-text-line"), is_hidden=True)
    assert "Crisis Text Line" not in names("crisis")


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": ""},
        {"source": "my memory"},
        {"checked_on": ""},
        {"checked_on": None},
        {"checked_on": "2026-11-23"},
        {"checked_on": "yesterday"},
        {"name": ""},
        {"kinds": ["bank"]},
        {"regions": ["mars"]},
        {"colour": "red"},
    ],
)
def test_an_entry_without_source_day_or_sense_is_refused(change, wrong, audited):
    with pytest.raises(DirectoryError):
        change({**GROUP, **wrong})
    assert audited() == []
    assert entries() == own_entries()


def test_a_row_that_cannot_be_read_leaves_the_file_standing(database, clock, change, execute):
    change({**filed("us-988"), "phone": "555-0199"})
    execute("UPDATE directory_changes SET body = '{broken'")
    clock.forward(minutes=2)
    refresh(database, at=clock())
    assert entries() == own_entries()


def test_other_processes_see_it_within_a_minute(database, clock, change):
    refresh(database, at=clock())
    change(GROUP)
    use_changes(())  # another process, which has read before the change
    places._read_at[database.url] = clock()
    clock.forward(seconds=59)
    refresh(database, at=clock())
    assert "An Invented Group" not in names("men")
    clock.now += timedelta(seconds=1)
    refresh(database, at=clock())
    assert "An Invented Group" in names("men")
