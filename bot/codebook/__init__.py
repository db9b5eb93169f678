"""The 25 codes of the conversation and the study's Table 3 behind them."""

from bot.codebook.codes import Code, code_ids, codes, themes

__all__ = ["Code", "code_ids", "codes", "themes"]
