"""The environment that ``bot/__main__.py`` gives python-telegram-bot before it is imported."""

import os

os.environ.setdefault("PTB_TIMEDELTA", "true")  # RetryAfter cannot even be raised without it: it warns
