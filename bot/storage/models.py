"""Every table. What is sealed and what is open is decided here and nowhere else (design section 6).

Open: pseudonym, row ids, times, direction, key ids, flag level and state, staff ids, delivery state.
Sealed: texts, captions, intents, entities, slots, scores, notes, reasons, chat ids, settings.
``tallied`` names open columns that nobody may change unseen; sealed ones are covered in any case.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
)

from bot.storage.columns import Base, Sequence, UtcDateTime, new_id
from bot.storage.sealed import Sealed, SealedBlob

_ID = String(32)


def _person_column() -> Column:
    return Column(_ID, ForeignKey("persons.id", ondelete="CASCADE"), nullable=False, index=True)


class Person(Base):
    """A man. His id is his pseudonym; who he is on the messenger is sealed."""

    __tablename__ = "persons"
    id = Column(_ID, primary_key=True, default=new_id)
    tallied = ("door", "chat_index")
    door = Column(String(16), nullable=False)
    chat_index = Column(LargeBinary(32), nullable=False, unique=True)
    created_at = Column(UtcDateTime, nullable=False)
    introduced_at = Column(UtcDateTime)
    unreachable_at = Column(UtcDateTime)
    revision = Column(Integer, nullable=False, default=1)
    chat_sealed = Column(SealedBlob)
    chat = Sealed("chat_sealed")  # the chat id on his door
    settings_sealed = Column(SealedBlob)
    settings = Sealed("settings_sealed")  # region, language, tone, zone, quiet hours, check-ins, pause


class PersonKey(Base):
    """A person's data key, wrapped. Destroying it is how his data is erased."""

    __tablename__ = "person_keys"
    person_id = Column(_ID, ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True)
    version = Column(Integer, primary_key=True)
    kek_id = Column(String(32), nullable=False, index=True)
    wrapped = Column(LargeBinary, nullable=False)


class InboxMessage(Base):
    """What came in, committed before it is acknowledged. Later his side of the log."""

    __tablename__ = "inbox"
    seq = Column(Sequence, primary_key=True, autoincrement=True)
    id = Column(_ID, nullable=False, unique=True, default=new_id)
    door = Column(String(16), nullable=False)
    update_id = Column(BigInteger, nullable=False)
    person_id = _person_column()
    kind = Column(String(16), nullable=False)
    state = Column(String(16), nullable=False, default="pending")
    received_at = Column(UtcDateTime, nullable=False)
    retry_at = Column(UtcDateTime)
    attempts = Column(Integer, nullable=False, default=0)
    revision = Column(Integer, nullable=False, default=1)
    body_sealed = Column(SealedBlob)
    body = Sealed("body_sealed")  # {"text", "caption", "button", "command"}
    screening_sealed = Column(SealedBlob)
    screening = Sealed("screening_sealed")  # {"level", "kind", "reasons"}
    __table_args__ = (
        UniqueConstraint("door", "update_id"),
        Index("inbox_waiting", "state", "person_id", "seq"),
        Index("inbox_log", "person_id", "received_at"),
    )


class Turn(Base):
    """One turn that the dialogue has committed; its id is the inbox message's, so that it happens once."""

    __tablename__ = "turns"
    id = Column(_ID, primary_key=True)
    person_id = _person_column()
    at = Column(UtcDateTime, nullable=False)
    model = Column(String(80), nullable=False)
    revision = Column(Integer, nullable=False, default=1)
    reading_sealed = Column(SealedBlob)
    reading = Sealed("reading_sealed")  # {"intent", "confidence", "codes"}


class TrackerEvent(Base):
    """One event of Rasa's tracker."""

    __tablename__ = "tracker_events"
    seq = Column(Sequence, primary_key=True, autoincrement=True)
    id = Column(_ID, nullable=False, unique=True, default=new_id)
    person_id = _person_column()
    session = Column(Integer, nullable=False)
    at = Column(UtcDateTime, nullable=False)
    revision = Column(Integer, nullable=False, default=1)
    event_sealed = Column(SealedBlob)
    event = Sealed("event_sealed")
    __table_args__ = (Index("tracker_events_session", "person_id", "session", "seq"),)


class OutboxMessage(Base):
    """What is to be sent, committed before it is sent. Later our side of the log."""

    __tablename__ = "outbox"
    seq = Column(Sequence, primary_key=True, autoincrement=True)
    id = Column(_ID, nullable=False, unique=True, default=new_id)
    person_id = _person_column()
    turn_id = Column(_ID, index=True)
    lane = Column(String(16), nullable=False, default="turn")
    resend = Column(Boolean, nullable=False, default=True)
    state = Column(String(16), nullable=False, default="pending")
    created_at = Column(UtcDateTime, nullable=False)
    due_at = Column(UtcDateTime, nullable=False)
    sent_at = Column(UtcDateTime)
    attempts = Column(Integer, nullable=False, default=0)
    delivery_ref = Column(BigInteger)
    revision = Column(Integer, nullable=False, default=1)
    body_sealed = Column(SealedBlob)
    body = Sealed("body_sealed")  # {"text", "buttons": [{"label", "token"}]}
    __table_args__ = (
        Index("outbox_waiting", "state", "due_at"),
        Index("outbox_log", "person_id", "created_at"),
    )


class ButtonToken(Base):
    """A button that was offered: opaque on the messenger, opened here, good for one use."""

    __tablename__ = "buttons"
    id = Column(_ID, primary_key=True, default=new_id)
    person_id = _person_column()
    outbox_id = Column(_ID, nullable=False, index=True)
    used_at = Column(UtcDateTime)
    revision = Column(Integer, nullable=False, default=1)
    choice_sealed = Column(SealedBlob)
    choice = Sealed("choice_sealed")  # {"label", "payload"}


class Consent(Base):
    """One answer to one question of consent, with the wording's version. The newest of a kind counts."""

    __tablename__ = "consents"
    tallied = ("kind", "version", "given", "at")
    seq = Column(Sequence, primary_key=True, autoincrement=True)
    person_id = _person_column()
    kind = Column(String(16), nullable=False)
    version = Column(String(16), nullable=False)
    given = Column(Boolean, nullable=False)
    at = Column(UtcDateTime, nullable=False)


class Record(Base):
    """A score, plan or note of one man."""

    __tablename__ = "records"
    id = Column(_ID, primary_key=True, default=new_id)
    person_id = _person_column()
    kind = Column(String(16), nullable=False)
    at = Column(UtcDateTime, nullable=False)
    revision = Column(Integer, nullable=False, default=1)
    body_sealed = Column(SealedBlob)
    body = Sealed("body_sealed")


class Flag(Base):
    """Something that a person at the clinic must look at."""

    __tablename__ = "flags"
    tallied = ("level", "kind", "opened_at")
    id = Column(_ID, primary_key=True, default=new_id)
    person_id = _person_column()
    level = Column(String(8), nullable=False)
    kind = Column(String(16), nullable=False)
    state = Column(String(16), nullable=False, default="open", index=True)
    version = Column(Integer, nullable=False, default=1)
    opened_at = Column(UtcDateTime, nullable=False)
    due_at = Column(UtcDateTime, nullable=False)
    claimed_by = Column(_ID, ForeignKey("staff.id"))
    claimed_until = Column(UtcDateTime)
    closed_at = Column(UtcDateTime, index=True)
    reopened_at = Column(UtcDateTime)  # the last time that a new red opened it again; its clock begins there
    revision = Column(Integer, nullable=False, default=1)
    reasons_sealed = Column(SealedBlob)
    reasons = Sealed("reasons_sealed")  # [{"at", "level", "reasons", "message_id"}], newest last
    resolution_sealed = Column(SealedBlob)
    resolution = Sealed("resolution_sealed")  # {"outcome", "note", "by"}
    __table_args__ = (Index("flags_queue", "state", "level", "due_at"),)


class FollowUp(Base):
    """A word that we owe him at a certain time: a check-back after a crisis, or a reminder that he asked for.

    What is said is decided when it is due; the row holds no words, so that nothing in it needs a seal.
    """

    __tablename__ = "follow_ups"
    id = Column(_ID, primary_key=True, default=new_id)  # also the id of the inbox row that it becomes when due
    person_id = _person_column()
    kind = Column(String(16), nullable=False)
    state = Column(String(16), nullable=False, default="pending")
    due_at = Column(UtcDateTime, nullable=False)
    asked_at = Column(UtcDateTime)
    closed_at = Column(UtcDateTime)
    flag_id = Column(_ID, ForeignKey("flags.id", ondelete="SET NULL"))  # the flag that made it; none for a reminder
    __table_args__ = (Index("follow_ups_due", "state", "due_at"),)


class AuditEntry(Base):
    """One link of the audit chain: who did what to which row, never what it said."""

    __tablename__ = "audit"
    seq = Column(Sequence, primary_key=True, autoincrement=True)
    at = Column(UtcDateTime, nullable=False)
    actor = Column(String(64), nullable=False)
    action = Column(String(32), nullable=False)
    subject = Column(String(64), nullable=False, index=True)
    mac = Column(LargeBinary(32), nullable=False)


class ResearchProtocol(Base):
    """What an ethics board or a clinic allowed: for which purpose, under which wording of consent, until when."""

    __tablename__ = "research_protocols"
    name = Column(String(64), primary_key=True)
    purpose = Column(String(64), nullable=False)
    wording = Column(String(16), nullable=False)  # version of the research question that its men were asked
    consent_days = Column(Integer, nullable=False)  # how long a yes counts
    registered_by = Column(String(64), nullable=False)
    registered_at = Column(UtcDateTime, nullable=False)
    expires_at = Column(UtcDateTime, nullable=False)
    closed_at = Column(UtcDateTime)


class ResearchExport(Base):
    """One export as a job: who, why, under which protocol, what came of it."""

    __tablename__ = "research_exports"
    id = Column(_ID, primary_key=True, default=new_id)
    protocol = Column(String(64), ForeignKey("research_protocols.name"), nullable=False)
    purpose = Column(String(64), nullable=False)
    staff = Column(String(64), nullable=False)
    formats = Column(String(64), nullable=False)
    state = Column(String(16), nullable=False)
    started_at = Column(UtcDateTime, nullable=False)
    ended_at = Column(UtcDateTime)
    dialogues = Column(Integer, nullable=False, default=0)
    turns = Column(Integer, nullable=False, default=0)
    withheld = Column(Integer, nullable=False, default=0)
    sha256 = Column(String(64))  # of the export's list of hashes
    release = Column(String(16))  # open or controlled; none for jobs of before there were two


class ResearchPseudonym(Base):
    """That a dialogue is in an export, under a keyed pseudonym: without the key file it leads to nobody."""

    __tablename__ = "research_pseudonyms"
    export_id = Column(_ID, ForeignKey("research_exports.id", ondelete="CASCADE"), primary_key=True)
    pseudonym = Column(String(16), primary_key=True)


class StaffAccount(Base):
    """Somebody who works here.

    The secret of his authenticator is not stored: it is derived from the key file, his id and ``totp_nonce``.
    """

    __tablename__ = "staff"
    id = Column(_ID, primary_key=True, default=new_id)
    name = Column(String(64), nullable=False, unique=True)
    role = Column(String(16), nullable=False)
    password_hash = Column(String(256), nullable=False)
    totp_nonce = Column(_ID)  # none while he has no authenticator
    totp_step = Column(BigInteger)  # the last half minute whose code was taken; none is taken twice
    created_at = Column(UtcDateTime, nullable=False)
    disabled_at = Column(UtcDateTime)


class StaffSession(Base):
    """A signed-in browser. Its id is the SHA-256 of the cookie's value, so that the table opens no door."""

    __tablename__ = "staff_sessions"
    id = Column(String(64), primary_key=True)
    staff_id = Column(_ID, ForeignKey("staff.id", ondelete="CASCADE"), nullable=False, index=True)
    created_at = Column(UtcDateTime, nullable=False)
    seen_at = Column(UtcDateTime, nullable=False)
    confirmed_at = Column(UtcDateTime)  # the last time that the second factor was given; none: password only
    browser = Column(String(40))


class StaffRecovery(Base):
    """A recovery code that was not used yet, as its SHA-256; the code has 120 random bits."""

    __tablename__ = "staff_recovery"
    id = Column(String(64), primary_key=True)
    staff_id = Column(_ID, ForeignKey("staff.id", ondelete="CASCADE"), nullable=False, index=True)
    created_at = Column(UtcDateTime, nullable=False)


class StaffLink(Base):
    """A link with which somebody sets his password, good once; as the SHA-256 of its token."""

    __tablename__ = "staff_links"
    id = Column(String(64), primary_key=True)
    staff_id = Column(_ID, ForeignKey("staff.id", ondelete="CASCADE"), nullable=False, index=True)
    created_at = Column(UtcDateTime, nullable=False)
    expires_at = Column(UtcDateTime, nullable=False)


class SignInFailure(Base):
    """A failed sign-in, kept for the throttle window only."""

    __tablename__ = "sign_in_failures"
    seq = Column(Sequence, primary_key=True, autoincrement=True)
    subject = Column(String(64), nullable=False, index=True)
    at = Column(UtcDateTime, nullable=False)


class Tally(Base):
    """How many rows a man has and their keyed sum; the scope ``all`` holds everybody's (``bot.storage.tally``)."""

    __tablename__ = "tallies"
    scope = Column(_ID, primary_key=True)
    rows = Column(BigInteger, nullable=False)
    serial = Column(BigInteger, nullable=False)
    total = Column(LargeBinary(32), nullable=False)
    mac = Column(LargeBinary(32), nullable=False)


from bot.storage import alarm_models as _alarm_models  # noqa: E402, F401 - so that the metadata is whole
from bot.storage import clinic_models as _clinic_models  # noqa: E402, F401
from bot.storage import coding_models as _coding_models  # noqa: E402, F401
from bot.storage import passkey_models as _passkey_models  # noqa: E402, F401
from bot.storage import review_models as _review_models  # noqa: E402, F401
