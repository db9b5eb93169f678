"""Let a person from the clinic write to a man through the bot, and give him back to the dialogue afterwards."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from bot.consent import STORAGE, answer_of
from bot.content import label, say
from bot.errors import KeyMissingError, SealBrokenError, UnreachableError
from bot.escalation import audit, conversations
from bot.logs import log_event
from bot.storage.clinic_models import Conversation
from bot.storage.models import Flag, Person
from bot.turns import outbox
from bot.turns.messages import Reply, ReplyButton
from bot.turns.people import settings_of

_log = logging.getLogger("ballast.staffed")
LONGEST_TEXT = 2_000  # characters; with the line above it well within one message of the messenger


def write_to_him(session: Any, flag: Flag, *, staff_id: str, signature: str, text: str, at: datetime) -> Conversation:
    """Queue what a member of staff writes; the first time he is told that a person writes, and that the program waits.

    Args:
        session: The transaction.
        flag: On whose page it was written.
        staff_id: Who writes.
        signature: The line that stands above each of these messages, such as ``Rosa writes:``.
        text: At most ``LONGEST_TEXT`` characters.
        at: Now.

    Raises:
        UnreachableError: He has blocked the bot or had everything wiped; nothing was queued.
    """
    person = session.get(Person, flag.person_id)
    if person.chat_sealed is None or person.unreachable_at is not None:
        raise UnreachableError("He has blocked the bot or left the chat. Nothing can be sent to him through it.")
    talk = conversations.open_talk(session, person.id)
    if talk is None:
        talk = conversations.begin_talk(session, person_id=person.id, flag_id=flag.id, staff_id=staff_id, at=at)
        keeps_nothing = answer_of(session, person.id, STORAGE) is False
        _say(session, person, "staff_joins_unlogged" if keeps_nothing else "staff_joins", at)
    talk.flag_id, talk.staff_id, talk.wrote_at = flag.id, staff_id, at
    outbox.queue(session, person.id, [Reply(f"{signature}\n{text}")], at=at, turn_id=talk.id, lane=outbox.STAFF)
    audit(session, actor=staff_id, action="flag.write", subject=flag.id, at=at)
    return talk


def hand_back(session: Any, talk: Conversation, *, by: str, at: datetime) -> None:
    """End a talk and tell him that it is the program again.

    Args:
        session: The transaction.
        talk: An open talk.
        by: Who ends it: a staff id, ``person`` (he sent /stop) or ``ballast`` (nobody has written for too long).
        at: Now.
    """
    person = session.get(Person, talk.person_id)
    conversations.end_talk(session, talk, by=by, at=at)
    if person.chat_sealed is None or person.unreachable_at is not None:
        return
    if _can_be_told(person):
        _say(session, person, {"person": "staff_stopped", "ballast": "staff_quiet"}.get(by, "staff_leaves"), at)
    else:
        log_event(_log, "talk.ended_unsaid", level=logging.ERROR, flag=talk.flag_id)


def ask_to_share(session: Any, flag: Flag, *, staff_id: str, at: datetime) -> None:
    """Ask him whether the clinic may pass his case on; his button is recorded as a consent of its own.

    Raises:
        UnreachableError: He has blocked the bot or had everything wiped; nothing was queued.
    """
    person = session.get(Person, flag.person_id)
    if person.chat_sealed is None or person.unreachable_at is not None:
        raise UnreachableError("He has blocked the bot or left the chat. He cannot be asked through it.")
    (*first, last) = say("share_case_question", settings_of(person)["region"])
    choices = tuple(ReplyButton(label(name), f"gate:{name}") for name in ("share_case_yes", "share_case_no"))
    replies = [*(Reply(bubble) for bubble in first), Reply(last, choices)]
    outbox.queue(session, person.id, replies, at=at, lane=outbox.STAFF, resend=False)
    audit(session, actor=staff_id, action="flag.export_asked", subject=flag.id, at=at)


def end_talk_on(session: Any, flag: Flag, *, by: str, at: datetime) -> None:
    """End the talk that was led on a flag, when the flag is closed; another flag's talk goes on."""
    talk = conversations.open_talk(session, flag.person_id)
    if talk is not None and talk.flag_id == flag.id:
        hand_back(session, talk, by=by, at=at)


def end_quiet_talks(session: Any, door: str, *, at: datetime) -> int:
    """End the talks in which staff have gone quiet; where he waits for an answer staff are told. Return how many.

    A man whose settings cannot be opened is given back without a word: he must not keep the others from theirs.
    """
    talks = conversations.quiet_talks(session, door, at=at)
    for talk in talks:
        waits = conversations.unread_of(session, [talk.person_id])[talk.person_id]
        hand_back(session, talk, by="ballast", at=at)
        if waits and _can_be_told(session.get(Person, talk.person_id)):
            conversations.note_unanswered(session, talk, at=at)
    return len(talks)


def _can_be_told(person: Person) -> bool:
    """Return whether we know which words to use: settings that cannot be opened must not stop everything else."""
    try:
        return bool(settings_of(person)["region"])
    except (SealBrokenError, KeyMissingError):
        return False


def _say(session: Any, person: Person, name: str, at: datetime) -> None:
    replies = [Reply(bubble) for bubble in say(name, settings_of(person)["region"])]
    outbox.queue(session, person.id, replies, at=at, lane=outbox.STAFF)
