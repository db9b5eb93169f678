"""Ask Rasa for one turn over its channel on loopback. Committed means: it is in the outbox."""

from __future__ import annotations

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

    Args:
        base_url: Rasa's address.
        token: Shared secret from the key file.
        timeout_seconds: How long a turn may take.
    """

    def __init__(self, base_url: str, token: str, timeout_seconds: float) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        # Loopback only: a proxy from the environment must not see a man's words.
        self._client = httpx.AsyncClient(base_url=base_url, headers=headers, timeout=timeout_seconds, trust_env=False)

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
        try:
            response = await self._client.post(TURN_PATH, json=body)
        except httpx.HTTPError as error:
            raise DialogueUnavailableError(f"Rasa cannot be reached ({type(error).__name__}).") from error
        if response.status_code != httpx.codes.OK:
            answered = response.status_code == httpx.codes.INTERNAL_SERVER_ERROR
            raise DialogueUnavailableError(
                f"Rasa did not commit the turn (status {response.status_code}).", answered=answered
            )
        if not _says_committed(response):  # whoever answers there, it is not our channel
            raise DialogueUnavailableError("What answers at RASA_URL is not Ballast's channel.")

    async def health(self, *, with_turn: bool = False) -> dict[str, Any]:
        """Return what the channel reports about itself.

        Args:
            with_turn: Have it run a turn of nobody first.

        Raises:
            DialogueUnavailableError: Rasa is not there, has no model, stores its trackers elsewhere, or cannot answer.
        """
        try:
            response = await self._client.get(HEALTH_PATH, params={"turn": "1"} if with_turn else {})
        except httpx.HTTPError as error:
            raise DialogueUnavailableError(f"Rasa cannot be reached ({type(error).__name__}).") from error
        if response.status_code != httpx.codes.OK:
            raise DialogueUnavailableError(f"Rasa is not ready (status {response.status_code}).")
        found: dict[str, Any] = response.json()
        return found

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()


def _says_committed(response: httpx.Response) -> bool:
    try:
        told = response.json()
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("committed") is True
