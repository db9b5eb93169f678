"""Several Rasa processes: a man belongs to one of them, and another takes him only while that one is not there."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import web

from bot.console.server import _free_port as free_port
from bot.errors import DialogueUnavailableError
from bot.turns.dialogue import HEALTH_PATH, TURN_PATH, DialogueClient, TurnRequest

pytestmark = pytest.mark.asyncio
MEN = [f"{number:032x}" for number in range(60)]


class Server:
    """Answers as the channel does, and notes whom it was asked about."""

    def __init__(self):
        self.port, self.asked, self.breaks = free_port(), [], False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    async def turn(self, request):
        self.asked.append((await request.json())["person"])
        if self.breaks:
            request.transport.abort()
        return web.json_response({"committed": True})

    async def health(self, _request):
        return web.json_response({"tracker_store": "SealedTrackerStore", "model": str(self.port)})

    @asynccontextmanager
    async def running(self):
        app = web.Application()
        app.router.add_post(TURN_PATH, self.turn)
        app.router.add_get(HEALTH_PATH, self.health)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        try:
            yield self
        finally:
            await runner.cleanup()


@asynccontextmanager
async def client_of(*servers):
    client = DialogueClient(", ".join(server.url for server in servers), "token", 30)
    try:
        yield client
    finally:
        await client.close()


async def ask(client, men=MEN):
    for man in men:
        await client.turn(TurnRequest(man, f"of {man}", "hello", "", {}))


async def test_each_man_has_one_process_and_each_process_about_half_of_the_men():
    servers = Server(), Server()
    async with AsyncExitStack() as stack:
        for server in servers:
            await stack.enter_async_context(server.running())
        client = await stack.enter_async_context(client_of(*servers))
        await ask(client)
        await ask(client)
    owned = [set(server.asked) for server in servers]
    assert not owned[0] & owned[1]
    assert owned[0] | owned[1] == set(MEN)
    assert min(map(len, owned)) > len(MEN) / 4
    assert [len(server.asked) for server in servers] == [2 * len(men) for men in owned]


async def test_men_of_a_process_that_is_away_are_taken_by_the_other_and_go_back():
    here, away = Server(), Server()
    async with here.running(), client_of(here, away) as client:
        await ask(client)
        assert sorted(here.asked) == MEN
        with pytest.raises(DialogueUnavailableError):
            await client.health()
        async with away.running():
            await ask(client)
            assert away.asked
            assert (await client.health())["model"] == str(away.port)


async def test_turn_that_one_process_has_taken_is_not_given_to_another():
    breaking, other = Server(), Server()
    breaking.breaks = True
    async with breaking.running(), other.running(), client_of(breaking, other) as client:
        failed = 0
        for man in MEN:
            try:
                await ask(client, [man])
            except DialogueUnavailableError:
                failed += 1
    assert failed == len(set(breaking.asked)) > 0
    assert not set(breaking.asked) & set(other.asked)


async def test_nobody_there_is_unavailable():
    async with client_of(Server(), Server()) as client:
        with pytest.raises(DialogueUnavailableError):
            await ask(client, MEN[:1])
