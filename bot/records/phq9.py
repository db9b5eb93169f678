"""The Patient Health Questionnaire-9: fixed wording, exact score, plain bands.

Public domain. Source: Kroenke, Spitzer & Williams 2001, J Gen Intern Med 16:606-613.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEM = "Over the last 2 weeks, how often have you been bothered by any of the following problems?"
ANSWERS = ("Not at all", "Several days", "More than half the days", "Nearly every day")
ITEMS = (
    "Little interest or pleasure in doing things",
    "Feeling down, depressed, or hopeless",
    "Trouble falling or staying asleep, or sleeping too much",
    "Feeling tired or having little energy",
    "Poor appetite or overeating",
    "Feeling bad about yourself, or that you are a failure or have let yourself or your family down",
    "Trouble concentrating on things, such as reading the newspaper or watching television",
    "Moving or speaking so slowly that other people could have noticed? Or the opposite, being so fidgety or restless "
    "that you have been moving around a lot more than usual",
    "Thoughts that you would be better off dead or of hurting yourself in some way",
)
DIFFICULTY = (
    "How difficult have these problems made it for you to do your work, take care of things at home, or get along with "
    "other people?"
)
DIFFICULTY_ANSWERS = ("Not difficult at all", "Somewhat difficult", "Very difficult", "Extremely difficult")
PHQ9_MODERATE = 10  # score 0-27; sensitivity .88, specificity .88 for major depression; Kroenke et al. 2001
PHQ9_SEVERE = 20  # Kroenke et al. 2001
_BANDS = ((20, "severe"), (15, "moderately_severe"), (10, "moderate"), (5, "mild"), (0, "minimal"))


@dataclass(frozen=True)
class Phq9:
    """A finished questionnaire.

    Attributes:
        answers: Nine answers, each 0 to 3.
    """

    answers: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.answers) != len(ITEMS) or not all(answer in range(4) for answer in self.answers):
            raise ValueError("A PHQ-9 has nine answers from 0 to 3.")

    @property
    def total(self) -> int:
        """The sum, 0 to 27."""
        return sum(self.answers)

    @property
    def band(self) -> str:
        """The published band: minimal, mild, moderate, moderately_severe or severe."""
        return next(name for least, name in _BANDS if self.total >= least)

    @property
    def self_harm_item(self) -> int:
        """The answer to item 9, 0 to 3."""
        return self.answers[8]


def from_answers(answers: Sequence[int]) -> Phq9:
    """Return the finished questionnaire.

    Raises:
        ValueError: An answer is missing or out of range.
    """
    return Phq9(tuple(answers))
