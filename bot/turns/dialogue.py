"""Ask Rasa for one turn over its channel on loopback. Committed means: it is in the outbox."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import httpx

from bot.errors import DialogueUnavailableError

TURN_PATH = "/webhooks/ballast/turn"
HEALTH_PATH = "/webhooks/ballast/health"


@dataclass(frozen=True)
class TurnRequest:
    """One message for the dialogue.

    Attributes:
        person_id: Whose turn; Rasa's sender id.
        message_id: Inbox id; a repeated one runs nothing.
        text: His words, without leading slashes, or empty for a button.
        payload: What a pressed button of ours stands for, such as ``/affirm``; empty for words.
        metadata: Screening level and kind, region, language and tone.
    """

    person_id: str
    message_id: str
    text: str
    payload: str
    metadata: dict[str, Any]


class DialogueClient:
    """Talks to Rasa's channel with the bearer token.

    Where there are several Rasa processes a man belongs to one of them, so that his tracker stays in its memory. While
    that one is not there another takes him: each asks the database whether what it remembers is the newest.

    Args:
        base_url: Rasa's address, or several with commas between them, in the same order in every gateway.
        token: Shared secret from the key file.
        timeout_seconds: How long a turn may take.
    """

    def __init__(self, base_url: str, token: str, timeout_seconds: float) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        # Loopback only: a proxy from the environment must not see a man's words.
        kept: dict[str, Any] = {"headers": headers, "timeout": timeout_seconds, "trust_env": False}
        self._clients = [httpx.AsyncClient(base_url=url.strip(), **kept) for url in base_url.split(",")]

    async def turn(self, request: TurnRequest) -> None:
        """Have one message answered; returns when its replies are committed.

        Raises:
            DialogueUnavailableError: Rasa is down, too slow, or could not commit; the message stays in the inbox.
        """
        body = {
            "person": request.person_id,
            "message_id": request.message_id,
            "text": request.text,
            "payload": request.payload,
            "metadata": request.metadata,
        }
        response = await self._post(request.person_id, body)
        if response.status_code != httpx.codes.OK:
            answered = response.status_code == httpx.codes.INTERNAL_SERVER_ERROR
            raise DialogueUnavailableError(
                f"Rasa did not commit the turn (status {response.status_code}).", answered=answered
            )
        if not _says_committed(response):  # whoever answers there, it is not our channel
            raise DialogueUnavailableError("What answers at RASA_URL is not Ballast's channel.")

    async def _post(self, person_id: str, body: dict[str, Any]) -> httpx.Response:
        """Ask his process, or the next one that takes connections; what one has taken is not given to another."""
        first = zlib.crc32(person_id.encode()) % len(self._clients)
        for client in (*self._clients[first:], *self._clients[:first]):
            try:
                return await client.post(TURN_PATH, json=body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
            except httpx.HTTPError as error:
                raise DialogueUnavailableError(f"Rasa cannot be reached ({type(error).__name__}).") from error
        raise DialogueUnavailableError("Rasa cannot be reached (nobody listens there).")

    async def health(self, *, with_turn: bool = False) -> dict[str, Any]:
        """Return what the channel reports about itself; of several processes the last one's word, if all are well.

        Args:
            with_turn: Have it run a turn of nobody first.

        Raises:
            DialogueUnavailableError: Rasa is not there, has no model, stores its trackers elsewhere, or cannot answer.
        """
        found = [await self._health_of(client, with_turn=with_turn) for client in self._clients]
        return found[-1]

    async def _health_of(self, client: httpx.AsyncClient, *, with_turn: bool) -> dict[str, Any]:
        try:
            response = await client.get(HEALTH_PATH, params={"turn": "1"} if with_turn else {})
        except httpx.HTTPError as error:
            raise DialogueUnavailableError(f"Rasa cannot be reached ({type(error).__name__}).") from error
        if response.status_code != httpx.codes.OK:
            raise DialogueUnavailableError(f"Rasa is not ready (status {response.status_code}).")
        found: dict[str, Any] = response.json()
        return found

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            await client.aclose()


def _says_committed(response: httpx.Response) -> bool:
    try:
        told = response.json()
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("committed") is True
