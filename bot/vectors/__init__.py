"""Sentence vectors: what a message means, as 896 numbers. Plain numpy at run time, offline, no TensorFlow, no torch."""

from bot.vectors.encoder import DIMENSIONS, PARTS, encode, load

__all__ = ["DIMENSIONS", "PARTS", "encode", "load"]
