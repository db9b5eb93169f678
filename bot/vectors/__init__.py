"""Sentence vectors: what a message means, as 896 numbers. Plain numpy at run time, offline, no TensorFlow, no torch."""

from bot.vectors.encoder import DIMENSIONS, encode, load

__all__ = ["DIMENSIONS", "encode", "load"]
