"""Keep keys out of core dumps and out of other processes' reach."""

from __future__ import annotations

import ctypes
import resource
import sys

_PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 3, 4  # linux/prctl.h


def harden_process() -> bool:
    """Forbid core dumps, and on Linux also reading this process's memory by others of the same account.

    Returns:
        Whether this process is now closed to others; False where the system knows no such thing (macOS).

    Source: prctl(2), PR_SET_DUMPABLE: no core dump, no ptrace, ``/proc/PID`` belongs to root.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return not is_dumpable()


def is_dumpable() -> bool:
    """Return whether Linux would write this process's memory to a core file."""
    return bool(ctypes.CDLL(None, use_errno=True).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0))
