"""Tables of staff's passkeys: the public halves, and the challenges that are out."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, String

from bot.storage.columns import Base, UtcDateTime, new_id

_ID = String(32)


class StaffPasskey(Base):
    """A passkey of somebody who works here. Only its public key is known; that opens no door."""

    __tablename__ = "staff_passkeys"
    id = Column(_ID, primary_key=True, default=new_id)
    staff_id = Column(_ID, ForeignKey("staff.id", ondelete="CASCADE"), nullable=False, index=True)
    name = Column(String(40), nullable=False)
    credential_id = Column(LargeBinary(1023), nullable=False, unique=True)  # its length: WebAuthn level 2, section 4
    public_key = Column(LargeBinary, nullable=False)
    sign_count = Column(
        BigInteger, nullable=False
    )  # 0 for ever on passkeys that a phone's maker copies between devices
    created_at = Column(UtcDateTime, nullable=False)
    used_at = Column(UtcDateTime)


class StaffChallenge(Base):
    """What one browser must sign next; its id is an HMAC of the browser's cookie and the purpose."""

    __tablename__ = "staff_challenges"
    id = Column(String(64), primary_key=True)
    challenge = Column(LargeBinary(32), nullable=False)
    made_at = Column(UtcDateTime, nullable=False)
