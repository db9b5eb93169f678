"""Tables of the clinic's alarms: who is told, when, how often; who is on call; what a lead has changed.

Nothing in them is about what a man said: a flag's id, levels, times, and staff's own addresses. So nothing is sealed.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, UniqueConstraint

from bot.storage.columns import Base, UtcDateTime, new_id

_ID = String(32)


class LevelRule(Base):
    """What one level asks for, where a lead has changed it (``bot.escalation.levels``)."""

    __tablename__ = "level_rules"
    level = Column(String(8), primary_key=True)
    acknowledge_minutes = Column(Integer, nullable=False)
    notifies = Column(Boolean, nullable=False)
    skips_closed_days = Column(Boolean, nullable=False)
    changed_by = Column(_ID, nullable=False)
    changed_at = Column(UtcDateTime, nullable=False)


class ClinicSetting(Base):
    """Hours, and the sentences that men are told about them, as a lead wrote them."""

    __tablename__ = "clinic_settings"
    name = Column(String(32), primary_key=True)
    value = Column(String(2000), nullable=False)
    changed_by = Column(_ID, nullable=False)
    changed_at = Column(UtcDateTime, nullable=False)


class Shift(Base):
    """From when to when somebody is on call, and in which place of the line."""

    __tablename__ = "shifts"
    id = Column(_ID, primary_key=True, default=new_id)
    staff_id = Column(_ID, ForeignKey("staff.id", ondelete="CASCADE"), nullable=False, index=True)
    tier = Column(Integer, nullable=False)
    starts_at = Column(UtcDateTime, nullable=False)
    ends_at = Column(UtcDateTime, nullable=False)
    made_by = Column(_ID, nullable=False)
    made_at = Column(UtcDateTime, nullable=False)
    __table_args__ = (Index("shifts_on_call", "ends_at", "starts_at"),)


class StaffContact(Base):
    """One way to reach somebody of the staff; the lowest place is tried first."""

    __tablename__ = "staff_contacts"
    id = Column(_ID, primary_key=True, default=new_id)
    staff_id = Column(_ID, ForeignKey("staff.id", ondelete="CASCADE"), nullable=False, index=True)
    place = Column(Integer, nullable=False)
    channel = Column(String(16), nullable=False)
    address = Column(String(256), nullable=False)


class Alarm(Base):
    """Where the telling about one flag stands; ``ms`` counts by the house's own clock (``bot.escalation.steady``)."""

    __tablename__ = "alarms"
    flag_id = Column(_ID, ForeignKey("flags.id", ondelete="CASCADE"), primary_key=True)
    level = Column(String(8), nullable=False)
    state = Column(String(8), nullable=False, index=True)
    episode = Column(Integer, nullable=False, default=1)
    step = Column(Integer, nullable=False, default=0)
    next_ms = Column(BigInteger, nullable=False)
    changed_at = Column(UtcDateTime, nullable=False)


class Notification(Base):
    """One message to one addressee on one channel: that it was owed, and what became of it."""

    __tablename__ = "notifications"
    id = Column(_ID, primary_key=True, default=new_id)
    flag_id = Column(_ID, ForeignKey("flags.id", ondelete="CASCADE"), nullable=False, index=True)
    level = Column(String(8), nullable=False)
    episode = Column(Integer, nullable=False)
    step = Column(Integer, nullable=False)
    tier = Column(Integer, nullable=False)
    addressee = Column(_ID, nullable=False)
    place = Column(Integer, nullable=False)
    channel = Column(String(16), nullable=False)
    state = Column(String(8), nullable=False)
    attempts = Column(Integer, nullable=False, default=0)
    created_at = Column(UtcDateTime, nullable=False)
    due_ms = Column(BigInteger, nullable=False)
    tried_at = Column(UtcDateTime)
    sent_at = Column(UtcDateTime)
    error = Column(String(40))
    __table_args__ = (
        UniqueConstraint("flag_id", "episode", "step", "addressee", "place"),
        Index("notifications_waiting", "state", "due_ms"),
        Index("notifications_tried", "channel", "tried_at"),
    )


class Beat(Base):
    """The worker's heartbeat and the house's clock, one row."""

    __tablename__ = "worker_beats"
    id = Column(Integer, primary_key=True)
    house_ms = Column(BigInteger, nullable=False)
    steady_ms = Column(BigInteger, nullable=False)
    boot = Column(String(64), nullable=False)
    wall_at = Column(UtcDateTime, nullable=False)
    jumped_at = Column(UtcDateTime)
    head_on = Column(String(10))


class DirectoryChange(Base):
    """An entry of the directory as a lead changed, added or withdrew it; public facts only."""

    __tablename__ = "directory_changes"
    entry_id = Column(String(64), primary_key=True)
    body = Column(String(4000), nullable=False)
    is_hidden = Column(Boolean, nullable=False, default=False)
    changed_by = Column(_ID, nullable=False)
    changed_at = Column(UtcDateTime, nullable=False)


class SampleWeek(Base):
    """One week's draw of unflagged messages: out of how many."""

    __tablename__ = "sample_weeks"
    week = Column(String(8), primary_key=True)
    eligible = Column(Integer, nullable=False)
    drawn_at = Column(UtcDateTime, nullable=False)


class SampledMessage(Base):
    """One drawn message and how it was rated. It leads to the man only through his message, and with it to nobody."""

    __tablename__ = "sampled_messages"
    id = Column(_ID, primary_key=True, default=new_id)
    week = Column(String(8), ForeignKey("sample_weeks.week"), nullable=False, index=True)
    message_id = Column(_ID, nullable=False, unique=True)
    rating = Column(String(8))
    rated_by = Column(_ID)
    rated_at = Column(UtcDateTime)
