import numpy as np
import pytest

from bot.vectors import DIMENSIONS, encode, minilm
from bot.vectors.minilm import DIMENSIONS as ENGLISH
from bot.vectors.wordpiece import WordPiece

TEXTS = ["cannot sleep again", "", "schlafe seit Wochen nicht", "😀", "x" * 5_000, "\u0000 \u200b"]


def test_a_text_becomes_896_numbers_with_halves_of_length_one():
    vectors = encode(["cannot sleep again"])
    assert vectors.shape == (1, DIMENSIONS) == (1, 896)
    assert np.allclose(np.linalg.norm(vectors[0, :512]), 1, atol=1e-3)
    assert np.allclose(np.linalg.norm(vectors[0, 512:]), 1, atol=1e-3)


def test_any_text_has_a_finite_vector_that_is_the_same_in_any_company():
    together = encode(TEXTS)
    assert np.isfinite(together).all()
    for number, text in enumerate(TEXTS):
        assert np.allclose(encode([text])[0], together[number], atol=1e-4)


def test_texts_that_go_through_the_layers_together_do_not_see_one_another(monkeypatch):
    texts = ["i cant sleep at night", "no", "the lads at work would laugh if I told them", "ok then"]
    alone = np.vstack([encode([text], ("english",)) for text in texts])
    assert np.allclose(encode(texts, ("english",)), alone, atol=1e-5)
    monkeypatch.setattr(minilm, "_TOKENS_AT_ONCE", 9)  # two batches, and one text longer than a batch
    assert np.allclose(encode(texts, ("english",)), alone, atol=1e-5)


def test_alike_is_nearer_than_unlike():
    tired, weary, football = encode(["i cant sleep at night", "lying awake till four again", "united lost away"])
    assert tired @ weary > tired @ football


@pytest.mark.parametrize(("part", "columns"), [("multilingual", slice(0, 512)), ("english", slice(512, 512 + ENGLISH))])
def test_a_part_is_its_columns_of_the_whole(part, columns):
    assert np.allclose(encode(["cannot sleep"], parts=(part,)), encode(["cannot sleep"])[:, columns])


def test_words_are_split_into_known_pieces_between_two_marks():
    vocabulary = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "sleep": 3, "##less": 4, "!": 5}
    tokens = WordPiece(vocabulary, most_tokens=6).tokens
    assert tokens("Sleepless!") == [1, 3, 4, 5, 2]
    assert tokens("zzz") == [1, 0, 2]
    assert len(tokens("sleep " * 50)) == 6
