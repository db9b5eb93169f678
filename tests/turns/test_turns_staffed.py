"""A person from the clinic writes through the bot: he is told, is heard there and nowhere else, and comes back."""

from datetime import timedelta

import pytest

from bot.consent import SHARE, STORAGE, answer_of, has_given, record_answer
from bot.errors import NotSentError, UnreachableError
from bot.escalation import conversations, follow_ups, open_flag
from bot.storage.clinic_models import Conversation
from bot.storage.columns import new_id
from bot.storage.models import Flag, InboxMessage, OutboxMessage, Person, StaffAccount
from bot.turns import Kind, staffed
from bot.turns.his_data import everything_of

pytestmark = pytest.mark.asyncio

TEXT = "You asked for one of us. Can you talk on the phone?"
CRISIS = "I am going to kill myself tonight"


@pytest.fixture
def house(path):
    return House(path)


@pytest.fixture
def execute():
    """Change the database as somebody with the file would."""

    def run(house, statement):
        with house.database.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    return run


class House:
    """The path with a man who asked for a person, and Rosa who takes his flag."""

    def __init__(self, path):
        self.path, self.clock, self.database = path, path.clock, path.database
        self.person_id, self.rosa = path.consent(), new_id()
        with self.database.write() as session:
            row = StaffAccount(id=self.rosa, name="rosa", role="lead", password_hash="x", created_at=self.clock())
            session.add(row)
            flag = open_flag(
                session, person_id=self.person_id, level="yellow", kind="person", reasons=["asked"], at=self.clock()
            )
            self.flag_id = flag.id

    def write(self, text=TEXT):
        with self.database.write() as session:
            flag = session.get(Flag, self.flag_id)
            more = {"signature": "Rosa writes:", "text": text, "at": self.clock()}
            staffed.write_to_him(session, flag, staff_id=self.rosa, **more)

    def hand_back(self):
        with self.database.write() as session:
            talk = conversations.open_talk(session, self.person_id)
            staffed.hand_back(session, talk, by=self.rosa, at=self.clock())

    def is_open(self):
        with self.database.read() as session:
            return conversations.open_talk(session, self.person_id) is not None

    def unread(self):
        with self.database.read() as session:
            return conversations.unread_of(session, [self.person_id]).get(self.person_id)


async def test_he_is_told_first_that_a_person_writes_and_reads_who(house):
    house.write()
    await house.path.work()
    house.write("Or shall I write here?")
    await house.path.work()
    told = house.path.wording("staff_joins")
    assert house.path.heard() == [*told, f"Rosa writes:\n{TEXT}", "Rosa writes:\nOr shall I write here?"]
    assert "person" in told[0]
    assert "program" in told[0]
    assert "/stop" in told[0]


async def test_his_answers_go_to_staff_and_not_to_the_dialogue_until_they_hand_back(house):
    house.write()
    await house.path.work()
    assert await house.path.says("yes, in ten minutes") == []
    assert await house.path.says("I am in the car") == []
    assert house.path.dialogue.asked == []
    assert house.unread() == 2
    house.hand_back()
    await house.path.work()
    assert house.path.heard()[-1:] == house.path.wording("staff_leaves")
    assert await house.path.says("so what now") == ["re: so what now"]


async def test_a_crisis_is_screened_answered_and_flagged_as_always(house):
    house.write()
    await house.path.work()
    said = await house.path.says(CRISIS)
    assert said == house.path.wording("safety_imminent")
    assert house.path.dialogue.asked == []
    flags = {flag.kind: flag.level for flag in house.path.rows(Flag)}
    assert flags == {"person": "yellow", "screening": "red"}
    assert house.unread() == 1


@pytest.mark.parametrize("command", ["/help", "/me", "/settings", "/region"])
async def test_commands_are_answered_by_the_program_all_the_while(house, command):
    house.write()
    await house.path.work()
    assert await house.path.says(command)
    assert house.is_open()


async def test_buttons_of_before_still_work(house):
    await house.path.says("/region")
    house.write()
    await house.path.work()
    assert await house.path.presses("UK") == house.path.wording("region_done", "uk")


async def test_forget_wipes_the_talk_too(house):
    house.write()
    await house.path.says("/forget")
    await house.path.presses("Wipe it")
    assert house.path.rows(Conversation) == []
    assert house.path.rows(OutboxMessage) == []


async def test_stop_ends_the_talk_and_the_dialogue_hears_it(house):
    house.write()
    await house.path.work()
    assert await house.path.says("/stop") == [*house.path.wording("staff_stopped"), "re: /stop"]
    assert not house.is_open()
    assert [row.ended_by for row in house.path.rows(Conversation)] == ["person"]


async def test_a_voice_message_is_answered_honestly_and_a_caption_goes_to_staff(house):
    house.write()
    await house.path.work()
    assert await house.path.says(None, kind=Kind.MEDIA, content="voice") == house.path.wording("cannot_see")
    assert await house.path.says("my kitchen", kind=Kind.MEDIA, content="picture") == []


async def test_whoever_has_not_answered_the_first_questions_is_heard_by_staff_all_the_same(house):
    await house.path.says(CRISIS, chat="9")
    person = house.path.person("9")
    with house.database.write() as session:
        flag = session.query(Flag).filter_by(person_id=person.id).one()
        more = {"signature": "Rosa writes:", "text": TEXT, "at": house.clock()}
        staffed.write_to_him(session, flag, staff_id=house.rosa, **more)
    await house.path.work()
    assert await house.path.says("my brother is here", chat="9") == []
    with house.database.read() as session:
        assert conversations.unread_of(session, [person.id]) == {person.id: 1}


async def test_after_half_an_hour_without_staff_the_program_comes_back_by_itself(house):
    house.write()
    await house.path.work()
    house.clock.forward(minutes=29)
    await house.path.work()
    assert house.is_open()
    house.clock.forward(minutes=1)
    await house.path.work()
    assert not house.is_open()
    assert house.path.heard()[-1:] == house.path.wording("staff_quiet")
    assert house.path.reasons() == ["asked"]  # he was not waiting for an answer


async def test_staff_are_told_when_he_waited_in_vain(house):
    house.write()
    await house.path.says("are you there")
    house.clock.forward(minutes=30)
    await house.path.work()
    assert house.path.reasons()[-1] == "wrote to staff and nobody from the clinic answered him"
    assert "911" in house.path.heard()[-1]
    with house.database.write() as session:
        session.get(Flag, house.flag_id).state = "resolved"
        session.get(Flag, house.flag_id).closed_at = house.clock()
    house.write()
    await house.path.says("and now")
    house.clock.forward(minutes=30)
    await house.path.work()
    assert sorted(flag.state for flag in house.path.rows(Flag)) == ["open", "resolved"]


async def test_a_man_whose_settings_are_damaged_keeps_nobody_elses_talk_open(house, execute):
    house.write()
    await house.path.work()
    execute(house, "UPDATE persons SET settings_sealed = x'00'")
    house.clock.forward(minutes=30)
    await house.path.work()
    assert not house.is_open()


async def test_each_text_of_staff_begins_the_half_hour_anew(house):
    house.write()
    house.clock.forward(minutes=25)
    house.write("Still here.")
    house.clock.forward(minutes=25)
    await house.path.work()
    assert house.is_open()


async def test_nothing_else_asks_him_meanwhile_and_what_was_due_comes_afterwards(house):
    with house.database.write() as session:
        follow_ups.schedule(session, person_id=house.person_id, flag_id=house.flag_id, at=house.clock())
    house.clock.forward(minutes=25)
    house.write()
    house.clock.forward(minutes=20)
    await house.path.work()
    assert house.path.dialogue.asked == []
    house.hand_back()
    await house.path.work()
    assert [asked.payload for asked in house.path.dialogue.asked] == ['/check_back{"kind": "silence"}']


async def test_whoever_blocked_the_bot_is_not_written_to(house):
    house.write()
    house.path.messenger.failures = [UnreachableError("403")]
    await house.path.work()
    assert {row.state for row in house.path.rows(OutboxMessage)} == {"undeliverable"}
    with pytest.raises(UnreachableError):
        house.write("Are you there?")
    assert len(house.path.rows(OutboxMessage)) == 2
    house.hand_back()
    assert len(house.path.rows(OutboxMessage)) == 2
    await house.path.says("I am back")
    house.write("Good to see you.")


async def test_it_overtakes_what_the_program_still_has_to_say_and_the_crisis_overtakes_it(house):
    house.path.messenger.failures = [NotSentError("later")]
    await house.path.says("tell me more")
    house.write()
    house.path.receive(CRISIS)
    house.clock.forward(minutes=1)
    await house.path.sender.drain()
    lanes = [house.path.outbox_texts(lane=lane) for lane in ("crisis", "staff", "turn")]
    assert house.path.heard() == [text for texts in lanes for text in texts]


async def test_without_a_log_he_is_told_what_stays_and_for_how_long(house):
    with house.database.write() as session:
        record_answer(session, person_id=house.person_id, kind=STORAGE, given=False, at=house.clock())
    house.write()
    await house.path.work()
    assert house.path.heard()[:1] == house.path.wording("staff_joins_unlogged")
    await house.path.says("yes")
    house.clock.forward(minutes=20)
    await house.path.conductor.drain()
    house.path.conductor._sweep()
    with house.database.read() as session:
        assert session.query(InboxMessage).filter(InboxMessage.body_sealed.isnot(None)).count() == 1
    house.hand_back()
    await house.path.work()
    house.clock.forward(minutes=11)
    house.path.conductor._sweep()
    with house.database.read() as session:
        assert session.query(InboxMessage).filter(InboxMessage.body_sealed.isnot(None)).count() == 0
    assert house.path.outbox_texts_left() == 0


async def test_his_own_file_says_which_lines_were_a_persons(house):
    house.write()
    house.clock.forward(minutes=1)
    await house.path.says("yes")
    with house.database.read() as session:
        found = everything_of(session, session.get(Person, house.person_id), at=house.clock())
    assert [message["from"] for message in found["messages"]] == ["Ballast", "clinic staff", "you"]


async def test_a_talk_ends_sooner_than_a_night_is_long():
    assert timedelta(minutes=15) <= conversations.QUIET_AFTER <= timedelta(hours=1)


async def test_he_decides_by_a_button_whether_his_case_is_passed_on_and_can_take_it_back(house):
    with house.database.write() as session:
        flag = session.get(Flag, house.flag_id)
        staffed.ask_to_share(session, flag, staff_id=house.rosa, at=house.clock())
    await house.path.work()
    assert house.path.heard() == house.path.wording("share_case_question")
    assert await house.path.presses("Yes, they may") == house.path.wording("share_case_yes")
    with house.database.read() as session:
        assert has_given(session, house.person_id, SHARE)
    await house.path.says("/settings")
    await house.path.presses("Passing on my file")
    assert await house.path.presses("No, keep it here") == house.path.wording("share_case_no")
    with house.database.read() as session:
        assert answer_of(session, house.person_id, SHARE) is False
    await house.path.says("/settings")
    assert "Passing on my file" not in dict(house.path.messenger.sent[-1][2])
