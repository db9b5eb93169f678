"""What the dialogue's process sets before it loads anything."""

import os
import subprocess
import sys

from bot.config import PROJECT

LOOK = """
import bot.rasa.serve, threadpoolctl
import numpy
print({pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"})
"""


def threads(**more):
    kept = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    command = [sys.executable, "-W", "ignore", "-c", LOOK]
    done = subprocess.run(command, env=kept | more, cwd=PROJECT, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.strip()


def test_a_message_is_read_by_one_thread_however_many_cores_there_are():
    assert threads() == "{1}"
