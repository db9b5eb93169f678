"""What a man and the clinic's people wrote to each other is care: no export and no preview of one counts it."""

from datetime import timedelta

from bot.research.dialogues import Counts, dialogue_of, possible_turns
from bot.storage.clinic_models import Conversation
from bot.storage.columns import new_id
from bot.storage.models import Flag, InboxMessage, OutboxMessage, StaffAccount, Turn


def test_a_talk_with_staff_is_in_no_dialogue(database, person, clock):
    person_id, at = person(), clock()
    minutes = iter(range(1, 100))

    def when():
        return at + timedelta(minutes=next(minutes))

    def he_writes(session, text, *, has_turn):
        moment = when()
        row = InboxMessage(id=new_id(), door="telegram", update_id=moment.minute, person_id=person_id, kind="text")
        row.state, row.received_at = "done", moment
        session.add(row)
        row.body = {"text": text}
        if has_turn:
            session.add(Turn(id=row.id, person_id=person_id, at=moment, model="m"))

    def he_reads(session, text, lane="turn"):
        moment = when()
        row = OutboxMessage(id=new_id(), person_id=person_id, lane=lane, state="sent")
        row.created_at = row.due_at = row.sent_at = moment
        session.add(row)
        row.body = {"text": text, "buttons": []}

    with database.write() as session:
        session.add(StaffAccount(id="rosa", name="rosa", role="lead", password_hash="x", created_at=at))
        flag = Flag(id=new_id(), person_id=person_id, level="red", kind="screening", opened_at=at, due_at=at)
        session.add(flag)
        session.flush()
        he_writes(session, "cannot sleep", has_turn=True)
        he_reads(session, "What keeps you awake?")
        talk = Conversation(id=new_id(), person_id=person_id, flag_id=flag.id, staff_id="rosa", wrote_at=at)
        talk.opened_at = when()
        session.add(talk)
        he_reads(session, "Rosa writes: may I call?", lane="staff")
        he_writes(session, "yes, please call", has_turn=False)
        he_writes(session, "/checkin", has_turn=True)
        talk.closed_at = when()
        he_writes(session, "she was kind", has_turn=False)
    counts = Counts()
    with database.read() as session:
        texts = [turn.text for turn in dialogue_of(session, person_id, counts)]
        assert possible_turns(session, person_id) == len(texts)
    assert texts == ["cannot sleep", "What keeps you awake?", "/checkin", "she was kind"]
