"""Make the screening's classifier: ``python scripts/screening/make.py WORK_FOLDER --teacher FOLDER --student FOLDER``.

1. A large encoder, the teacher, learns the levels of our phrases (three passes).
2. It judges a pool of messages like them, whose levels nobody has written.
3. The small encoder that is shipped learns the phrases' levels and the teacher's judgement of the pool.
4. Thresholds are chosen on the validation list and on ordinary messages that were kept back, and everything is
   written to ``bot/crisis/model``.

Each step leaves its result in the work folder and is skipped when that is there. Two cores take some two hours.
``tests/heldout`` is never opened.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from networks import Network, Student, Teacher
from phrases import Phrase, to_choose, to_learn
from publish import publish
from torch.nn import functional
from variations import Pool, typed

PASSES, STUDENT_PASSES = 3, 2
POOLED = 60_000
BATCH = 48
LAYERS, RANK = 6, 32
_SMOOTHING, _IMMINENT_WEIGHT = 0.05, 1.3
_WARMTH, _OWN_SHARE = 1.5, 0.4  # temperature of the teacher's judgement; weight of a written level beside it
Example = tuple[str, int | None, Sequence[float] | None]


def learn(network: Network, examples: Sequence[Example], *, passes: int, rate: float, harmless: Sequence[str]) -> None:
    """Fit a network to levels that were written and judgements that the teacher gave."""
    chance = random.Random(0)
    free = [part for part in network.parameters() if part.requires_grad]
    steps = passes * (len(examples) // BATCH + 1)
    optimiser = torch.optim.AdamW(free, lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / (0.06 * steps)) * max(0.0, 1 - step / steps)
    )
    for number in range(passes):
        network.train()
        start, total, batches = time.perf_counter(), 0.0, _batches(examples, harmless, chance)
        for batch in batches:
            loss = _loss(network(network.batch([text for text, _, _ in batch])), batch)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(free, 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"pass {number + 1}: loss {total / len(batches):.3f}, {time.perf_counter() - start:.0f} s", flush=True)
        show(network)


def _batches(examples: Sequence[Example], harmless: Sequence[str], chance: random.Random) -> list[list[Example]]:
    """Return shuffled batches of messages of like length; written phrases are typed anew at each pass."""
    shuffled = [
        (typed(text, harmless, chance, 0.6) if level is not None else text, level, judged)
        for text, level, judged in chance.sample(list(examples), len(examples))
    ]
    batches = []
    for start in range(0, len(shuffled), BATCH * 20):
        alike = sorted(shuffled[start : start + BATCH * 20], key=lambda example: len(example[0]))
        batches += [alike[at : at + BATCH] for at in range(0, len(alike), BATCH)]
    chance.shuffle(batches)
    return batches


def _loss(outputs: torch.Tensor, batch: Sequence[Example]) -> torch.Tensor:
    loss = torch.zeros(())
    written = [at for at, (_, level, _) in enumerate(batch) if level is not None]
    judged = [at for at, (_, level, _) in enumerate(batch) if level is None]
    if written:
        wanted = torch.tensor([batch[at][1] for at in written])
        weight = torch.tensor([1.0, 1.0, 1.0, _IMMINENT_WEIGHT])
        own = functional.cross_entropy(
            outputs[written], wanted, weight=weight, label_smoothing=_SMOOTHING, reduction="sum"
        )
        loss = loss + own * (_OWN_SHARE if judged else 1.0)
    if judged:
        wanted = functional.softmax(torch.tensor([batch[at][2] for at in judged]) / _WARMTH, -1)
        given = functional.log_softmax(outputs[judged] / _WARMTH, -1)
        loss = loss + functional.kl_div(given, wanted, reduction="sum") * _WARMTH**2
    return loss / len(batch)


def judge(network: Network, texts: Sequence[str]) -> torch.Tensor:
    """Return four outputs a text."""
    network.eval()
    outputs = torch.zeros(len(texts), 4)
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    with torch.no_grad():
        for start in range(0, len(order), 96):
            chosen = order[start : start + 96]
            outputs[chosen] = network(network.batch([texts[at] for at in chosen]))
    return outputs


def show(network: Network) -> None:
    """Print how the validation list stands, at the threshold that flags three in a hundred of its harmless lines."""
    lines, ordinary = to_choose()
    danger = functional.softmax(judge(network, [line.text for line in lines]), -1)[:, 2:].sum(1)
    levels = torch.tensor([line.level for line in lines])
    threshold = danger[levels == 0].quantile(0.97)
    found = {name: (danger[levels == at] >= threshold).float().mean().item() for name, at in (("high", 2), ("imm", 3))}
    alarms = functional.softmax(judge(network, [line.text for line in ordinary]), -1)[:, 2:].sum(1) >= threshold
    print(f"  at {threshold:.2f}: {found}, ordinary {alarms.float().mean():.3f}", flush=True)


def main() -> None:
    """Run the steps that have no result yet."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("work", type=Path)
    arguments.add_argument("--teacher", type=Path, required=True, help="folder of all-mpnet-base-v2, unpacked")
    arguments.add_argument("--student", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    chosen = arguments.parse_args()
    torch.manual_seed(0)
    phrases = to_learn()
    harmless = [phrase.text for phrase in phrases if phrase.level == 0 and len(phrase.text) < 60]
    pooled = _pooled(chosen.work, chosen.teacher, phrases, harmless, Student(chosen.student, layers=1, rank=1))
    student = Student(chosen.student, layers=LAYERS, rank=RANK)
    result = chosen.work / "student.pt"
    if not result.exists():
        written: list[Example] = [(phrase.text, phrase.level, None) for phrase in phrases]
        learn(student, [*written, *pooled], passes=STUDENT_PASSES, rate=8e-4, harmless=harmless)
        torch.save(student.state_dict(), result)
    student.load_state_dict(torch.load(result))
    publish(student, phrases, judge)


def _pooled(
    work: Path, teacher_folder: Path, phrases: Sequence[Phrase], harmless: Sequence[str], small: Student
) -> list[Example]:
    """Return the pool with the teacher's outputs."""
    path = work / "pool.json"
    if not path.exists():
        teacher = _taught(work, teacher_folder, phrases, harmless)
        pool = Pool(phrases, small.tokenizer._vocabulary, small.words.numpy(), seed=1)  # noqa: SLF001
        texts = [phrase.text for phrase in phrases] + [pool.draw() for _ in range(POOLED)]
        path.write_text(json.dumps([texts, judge(teacher, texts).tolist()]), encoding="utf-8")
    texts, outputs = json.loads(path.read_text(encoding="utf-8"))
    return [(text, None, output) for text, output in zip(texts, outputs, strict=True)]


def _taught(work: Path, folder: Path, phrases: Sequence[Phrase], harmless: Sequence[str]) -> Teacher:
    teacher, path = Teacher(folder), work / "teacher.pt"
    if not path.exists():
        examples: list[Example] = [(phrase.text, phrase.level, None) for phrase in phrases]
        learn(teacher, examples, passes=PASSES, rate=4e-5, harmless=harmless)
        torch.save(teacher.state_dict(), path)
    teacher.load_state_dict(torch.load(path))
    return teacher


if __name__ == "__main__":
    main()
