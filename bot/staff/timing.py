"""Count and time the staff app's pages, by the class of their status and nothing else."""

from __future__ import annotations

import time

from flask import Flask, Response, g

from bot import measures


def install(app: Flask) -> None:
    """Time every page of an app; to be installed first, so that it sees what the other hooks refuse."""

    @app.before_request
    def begin() -> None:
        g.begun = time.perf_counter()

    @app.after_request
    def note(response: Response) -> Response:
        measures.staff_pages.add(f"{response.status_code // 100}xx")
        measures.staff_page_seconds.note(time.perf_counter() - g.begun)
        return response
