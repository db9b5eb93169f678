from pathlib import Path

import pytest
import yaml

from bot import content
from bot.config import REGIONS
from bot.content import label, region_words, say, typed_choice, word_for_sign
from bot.content.texts import DOCTOR

BOOK = yaml.safe_load((Path(content.__file__).parent / "en.yml").read_text(encoding="utf-8"))
NOT_TEXTS = {"pieces", "buttons", "consent_words", "signs", "times"}
# What his settings and times fill in.
WORDS = {
    name: f"<{name}>"
    for name in ("place", "tone", "check_ins", "zone", "quiet", "pause", "when", "day", "time", "begins", "ends")
}
TEXTS = {name: variations for name, variations in BOOK.items() if name not in NOT_TEXTS}
SAFETY = sorted(name for name in TEXTS if name.startswith("safety_"))
MOST_WORDS = 60
each_text = pytest.mark.parametrize("name", TEXTS)
each_region = pytest.mark.parametrize("region", REGIONS)


def variations_of(name, region):
    return [say(name, region, turn=turn, words=WORDS) for turn in range(len(TEXTS[name]))]


@each_region
@each_text
def test_every_text_can_be_said_everywhere_with_nothing_left_to_fill_in(name, region):
    for bubbles in variations_of(name, region):
        assert bubbles
        for bubble in bubbles:
            assert bubble == bubble.strip() != ""
            assert "{" not in bubble
            assert "None" not in bubble
            assert len(bubble) < 1500


@each_text
def test_a_bubble_is_short(name):
    for bubbles in TEXTS[name]:
        for bubble in bubbles:
            said = bubble.replace("{crisis}", "").replace("{staff}", TEXTS["staff_default"][0][0])
            prose = [part for part in said.splitlines() if not part.startswith("/")]  # not a list of commands
            assert len(" ".join(prose).split()) <= MOST_WORDS, bubble


@each_text
def test_variations_differ_in_every_bubble_but_the_list_of_numbers(name):
    for bubbles in zip(*TEXTS[name], strict=True):
        prose = [bubble.removesuffix("{crisis}") for bubble in bubbles]
        assert len(set(prose)) == len(prose)


@each_text
def test_a_text_said_again_goes_on_to_the_next_variation_and_round(name):
    said = [say(name, "uk", turn=turn, words=WORDS) for turn in range(2 * len(TEXTS[name]))]
    assert said[: len(TEXTS[name])] == said[len(TEXTS[name]) :]


@each_text
def test_nothing_shouts(name):
    assert "!" not in "".join(bubble for bubbles in TEXTS[name] for bubble in bubbles)


@each_region
@pytest.mark.parametrize("name", [name for name in SAFETY if name != "safety_static"])
def test_every_safety_reply_names_people_who_answer(name, region):
    for bubbles in variations_of(name, region):
        assert region_words(region)["crisis"] in "\n".join(bubbles)


@each_region
@pytest.mark.parametrize("name", ["safety_imminent", "safety_other", "safety_violence", "safety_static"])
def test_what_cannot_wait_names_the_emergency_number(name, region):
    for bubbles in variations_of(name, region):
        assert f"call {region_words(region)['emergency']}".casefold() in " ".join(bubbles).casefold()


@pytest.mark.parametrize("name", ["safety_high", "safety_imminent"])
def test_the_gravest_replies_are_not_said_twice_alike(name):
    assert len(TEXTS[name]) >= 2


def test_the_clinics_own_hours_are_said_where_it_wrote_them():
    own = "Nobody reads this until Monday 8:00."
    assert own in " ".join(say("person_asked", "uk", staff=own))
    assert own not in " ".join(say("person_asked", "uk"))
    assert TEXTS["staff_default"][0][0] in " ".join(say("person_asked", "uk"))


def test_braces_in_the_clinics_sentence_or_a_name_are_no_fields():
    assert "{crisis}" in " ".join(say("person_asked", "uk", staff="See {crisis}."))


def test_a_language_without_a_file_gets_english():
    assert say("intro", "de", language="de") == say("intro", "de")
    assert label("forget_yes", language="xx") == label("forget_yes")


def test_an_unknown_text_or_region_is_an_error_and_not_silence():
    with pytest.raises(KeyError):
        say("nothing", "uk")
    with pytest.raises(KeyError):
        say("intro", "mars")


@each_region
def test_each_region_has_its_words_and_its_button(region):
    words = region_words(region)
    assert all(words.values())
    assert words["doctor"] == DOCTOR[region]
    assert 1 <= len(words["crisis"].splitlines()) <= 3
    assert label(region)


def test_buttons_fit_on_a_phone_and_differ():
    labels = list(BOOK["buttons"].values())
    assert all(isinstance(text, str) and 0 < len(text) <= 25 for text in labels)
    assert len(set(labels)) == len(labels)


TYPED = [(form, choice) for choice, forms in BOOK["consent_words"].items() for form in forms]


@pytest.mark.parametrize(("form", "choice"), TYPED)
def test_consent_may_be_typed_as_men_type(form, choice):
    for said in (form, form.upper(), form.capitalize(), f"  {form} ", f"{form}.", f"{form}!!", form.replace("'", "’")):
        assert typed_choice(said) == choice


@pytest.mark.parametrize(
    "said", ["", " ", ".", "yes but what do you do with it", "not sure", "maybe", "I want to die", "4", "👍", "nothing"]
)
def test_anything_else_is_no_answer(said):
    assert typed_choice(said) is None


def test_no_word_means_two_answers_and_each_answer_has_a_text_and_button():
    forms = [form for form, _ in TYPED]
    assert len(set(forms)) == len(forms)
    assert all(isinstance(form, str) for form in forms)
    assert set(BOOK["consent_words"]) <= set(TEXTS) & set(BOOK["buttons"])


@pytest.mark.parametrize(("sign", "word"), BOOK["signs"].items())
def test_a_lone_sign_stands_for_its_word_in_any_skin_and_number(sign, word):
    assert word_for_sign(sign) == word
    for more in (f" {sign}\n", sign * 3, f"{sign} {sign}", f"{sign}\U0001f3fd", f"{sign}\ufe0f"):
        assert word_for_sign(more) == word


@pytest.mark.parametrize("text", ["", " ", "\ufe0f", "👍👎", "👍 ok", "yes", "🔫", "😀", "."])
def test_other_signs_stand_for_nothing(text):
    assert word_for_sign(text) is None
