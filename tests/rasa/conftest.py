"""Rasa in the tests' own process: its imports warn of much that is nobody's business here."""

import os
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import skops.io  # noqa: F401 - before TensorFlow, see bot.rasa.serve

    import bot.rasa.channel  # noqa: F401
