"""A Rasa server of one's own on a free loopback port, for as long as one conversation lasts."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.config import PROJECT, Settings
from bot.errors import DialogueUnavailableError, SettingError
from bot.turns import DialogueClient

START_WITHIN_SECONDS = 120


@asynccontextmanager
async def own_server(settings: Settings, token: str) -> AsyncIterator[DialogueClient]:
    """Start Rasa for this database, wait until it is ready, and stop it at the end.

    Raises:
        SettingError: It did not come up.
    """
    port = _free_port()
    environment = os.environ | {
        "BALLAST_HOME": str(settings.home),
        "KEY_FILE": str(settings.key_file),
        "DATABASE_URL": settings.database_url,
        "BALLAST_PARENT_PID": str(os.getpid()),
    }
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-m", "bot.rasa.serve", str(port)],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    client = DialogueClient(f"http://127.0.0.1:{port}", token, settings.dialogue_timeout_seconds)
    try:
        await _ready(client, process)
        yield client
    finally:
        await client.close()
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _ready(client: DialogueClient, process: subprocess.Popen[bytes]) -> None:
    for _ in range(START_WITHIN_SECONDS * 10):
        if process.poll() is not None:
            raise SettingError("Rasa did not start. Run `make train`, then try again.")
        try:
            await client.health()
        except DialogueUnavailableError:
            await asyncio.sleep(0.1)
            continue
        return
    raise SettingError(f"Rasa was not ready within {START_WITHIN_SECONDS} s.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
