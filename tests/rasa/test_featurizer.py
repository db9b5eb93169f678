"""What the featurizer gives a message: vectors of the whole and of its clauses, with slips mended."""

from __future__ import annotations

import pytest

# Rasa's own imports warn; they are made inside the tests, where that may be let pass.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")


def message(text):
    from rasa.shared.nlu.training_data.message import Message

    return Message(data={"text": text})


def test_a_slip_is_mended_before_it_is_read_and_the_message_stays_his(tmp_path):
    from rasa.engine.storage.local_model_storage import LocalModelStorage
    from rasa.engine.storage.resource import Resource
    from rasa.shared.nlu.training_data.training_data import TrainingData

    from bot.rasa.sentence_featurizer import VECTOR, SentenceFeaturizer

    storage, resource = LocalModelStorage(tmp_path), Resource("featurizer")
    config = SentenceFeaturizer.get_default_config()
    lesson = TrainingData([message("my family brushed it off again")])
    SentenceFeaturizer.create(config, storage, resource, None).train(lesson)
    slipped, right = message("my famliy brushed it off"), message("my family brushed it off")
    SentenceFeaturizer.load(config, storage, resource, None).process([slipped, right])
    assert slipped.get("text") == "my famliy brushed it off"
    assert abs(slipped.get(VECTOR) - right.get(VECTOR)).max() < 1e-5


def test_each_clause_gets_a_vector_of_its_own():
    from bot.rasa.sentence_featurizer import CLAUSES, SentenceFeaturizer

    said = message("lost my job and the wife thinks im lazy")
    SentenceFeaturizer(["multilingual"]).process([said])
    assert [part for part, _ in said.get(CLAUSES)] == ["lost my job", "the wife thinks im lazy"]
    assert {vector.shape for _, vector in said.get(CLAUSES)} == {(512,)}
