"""Each person's data keys: made, wrapped under the key file's current key, opened for one transaction."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import func, select

from bot.crypto import KeyRing, PersonKeys, unwrap_key, wrap_key
from bot.crypto.key import Key
from bot.crypto.keyring import KEY_BYTES
from bot.errors import KeyFileError, KeyMissingError, SealBrokenError
from bot.storage.models import Person, PersonKey


class Vault:
    """Opens person keys with the key ring. Plain keys live as long as the session that asked for them."""

    def __init__(self, keyring: KeyRing) -> None:
        self.keyring = keyring

    def __repr__(self) -> str:
        return "<Vault>"

    def make_key(self, session: Any, person_id: str) -> None:
        """Give a new person his first data key, in the caller's transaction."""
        session.connection()  # takes the writers' turn first: a rotation cannot slip in between
        self.keyring = self.keyring.current()
        data_key = Key(secrets.token_bytes(KEY_BYTES))
        kek_id = self.keyring.current_kek_id
        wrapped = wrap_key(data_key, kek=self.keyring.keks[kek_id], kek_id=kek_id, person_id=person_id, version=1)
        session.add(PersonKey(person_id=person_id, version=1, kek_id=kek_id, wrapped=wrapped))
        self._opened(session)[person_id] = PersonKeys(person_id, {1: data_key})

    def keys_of(self, session: Any, person_id: str) -> PersonKeys:
        """Return a person's data keys, opened once a session.

        Raises:
            KeyMissingError: He has none: erased, or never known.
            KeyFileError: The key file in use is not the one his key was wrapped with.
        """
        opened = self._opened(session)
        if person_id not in opened:
            with session.no_autoflush:
                rows = session.execute(select(PersonKey).filter_by(person_id=person_id)).scalars().all()
            if not rows:
                raise KeyMissingError("This person has no data key: it was destroyed or never made.")
            opened[person_id] = PersonKeys(person_id, {row.version: self._unwrap(row) for row in rows})
        return opened[person_id]

    def has_key(self, session: Any, person_id: str) -> bool:
        """Return whether there is a data key of this person, opened or not."""
        return session.execute(select(PersonKey.version).filter_by(person_id=person_id).limit(1)).scalar() is not None

    def check_fits(self, session: Any) -> None:
        """Refuse to start with a key file that cannot open this database.

        Raises:
            KeyFileError: Some person's key was wrapped with a key that the file does not hold, or known men would
                not be found again.
        """
        for kek_id in session.execute(select(PersonKey.kek_id).distinct()).scalars():
            self._kek(kek_id)
        # After a restore there may be men whose key is gone, until the ledger has been replayed.
        known = select(Person).join(PersonKey, PersonKey.person_id == Person.id).where(Person.chat_sealed.isnot(None))
        person = session.execute(known.limit(1)).scalar()
        if person is not None and self.keyring.chat_index(person.door, person.chat.reveal()) != person.chat_index:
            raise KeyFileError("The key file's index key is not the one this database was made with.")

    def _kek(self, kek_id: str) -> bytes:
        if kek_id not in self.keyring.keks:  # another process may have rotated
            self.keyring = self.keyring.current()
        if kek_id not in self.keyring.keks:
            raise KeyFileError(
                f"The key file has no key {kek_id}, with which this database was sealed. "
                "Point KEY_FILE at the right file."
            )
        return self.keyring.keks[kek_id]

    def count_by_kek(self, session: Any) -> dict[str, int]:
        """Return how many data keys are wrapped under each key-encryption key."""
        query = select(PersonKey.kek_id, func.count()).group_by(PersonKey.kek_id)
        return dict(tuple(row) for row in session.execute(query))

    def rewrap(self, session: Any, *, limit: int) -> int:
        """Wrap up to ``limit`` data keys anew under the current key-encryption key; return how many there were.

        Content is not touched. Stopped midway, what was committed is done and the rest is found again.
        """
        session.connection()
        self.keyring = self.keyring.current()
        kek_id = self.keyring.current_kek_id
        rows = session.execute(select(PersonKey).where(PersonKey.kek_id != kek_id).limit(limit)).scalars().all()
        for row in rows:
            place = {"person_id": row.person_id, "version": row.version}
            row.wrapped = wrap_key(self._unwrap(row), kek=self._kek(kek_id), kek_id=kek_id, **place)
            row.kek_id = kek_id
        return len(rows)

    def count_unopenable(self, session: Any) -> int:
        """Return how many data keys do not open with the key file."""
        count = 0
        for row in session.execute(select(PersonKey)).scalars():
            try:
                self._unwrap(row)
            except (SealBrokenError, KeyFileError):
                count += 1
        return count

    def _unwrap(self, row: PersonKey) -> bytes:
        return unwrap_key(
            bytes(row.wrapped),
            kek=self._kek(row.kek_id),
            kek_id=row.kek_id,
            person_id=row.person_id,
            version=row.version,
        )

    @staticmethod
    def _opened(session: Any) -> dict[str, PersonKeys]:
        found: dict[str, PersonKeys] = session.info.setdefault("opened_keys", {})
        return found
