"""Bytes that must never be shown: their repr, and so every traceback and debugger that prints locals, shows no key."""

from __future__ import annotations

from typing import NoReturn


class Key(bytes):
    """Key bytes. Slices stay keys; pickling and copying are refused."""

    def __repr__(self) -> str:
        return f"<Key of {len(self)} bytes>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("Keys are never pickled.")
