"""Every error that Ballast raises, one leaf per cause.

The message names the cause, the value unless it is private, and the remedy. No message ever holds what a man wrote.
"""

from __future__ import annotations


class BallastError(Exception):
    """Base of all errors that this program raises on purpose."""


class SettingError(BallastError):
    """A setting is missing, a placeholder or unusable. Raised at start, never later."""


class KeyFileError(BallastError):
    """The key file is missing, too open, damaged, or not the one this database was made with."""


class KeyMissingError(BallastError):
    """This person's key was destroyed or never made."""


class SealBrokenError(BallastError):
    """A sealed value cannot be opened: changed, moved to another row, or sealed with another key."""


class PlaintextRefusedError(BallastError):
    """Something that is not a sealed blob was about to be stored in, or compared with, a sealed column."""


class ClassifierError(BallastError):
    """The trained part of the screening cannot be used; the rules go on alone, and staff and operator are told."""


class StorageError(BallastError):
    """The database cannot be read or written now: locked, full, gone, or of another version."""


class DialogueUnavailableError(BallastError):
    """Rasa did not commit the turn: not running, too slow, or it answered with an error.

    Attributes:
        answered: Whether Rasa was there and refused, rather than away.
    """

    def __init__(self, message: str, *, answered: bool = False) -> None:
        super().__init__(message)
        self.answered = answered


class TransportError(BallastError):
    """A message could not be handed to the messenger."""


class SlowDownError(TransportError):
    """The messenger asks to wait; only this chat waits."""

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(f"The messenger asks to wait {retry_after_seconds:.0f} s.")
        self.retry_after_seconds = retry_after_seconds


class UnreachableError(TransportError):
    """The man blocked the bot or the chat is gone: no later try can succeed."""


class NotSentError(TransportError):
    """The messenger refused or could not be reached before it took the message: a later try is safe.

    Attributes:
        is_refused: Whether it would not have this message, rather than could not take any.
    """

    def __init__(self, message: str, *, is_refused: bool = False) -> None:
        super().__init__(message)
        self.is_refused = is_refused


class UncertainSendError(TransportError):
    """The connection broke after the message left: it may or may not have arrived."""


class FlagConflictError(BallastError):
    """Somebody else changed this flag in the meantime, or the step does not follow from its state."""


class DirectoryError(BallastError):
    """A directory entry is incomplete or malformed."""


class InputLineError(BallastError):
    """A line given to a ``--jsonl`` command is not the JSON object that it takes."""
