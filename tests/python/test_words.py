"""The words that readers see: every language says the same, and marts say what Python says."""

from __future__ import annotations

import ast
import calendar
import csv
import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from footfall.heads.drivers import known_ideas
from footfall.pages.theme import wording
from footfall.pages.theme.words import Words, WordsError, read_words, slots_of
from footfall.ranking.contributions import IDEAS

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "seeds/words"

pytestmark = pytest.mark.library


def disagreements(words: Words, others: Words) -> list[str]:
    """List what one language says and the other does not: messages, and slots of messages."""
    found = []
    for key in sorted(words.texts.keys() | others.texts.keys()):
        for one, other in ((words, others), (others, words)):
            if key in one and key not in other:
                found.append(f"{other.path.name} has no {key}")
        if key in words and key in others:
            ours, theirs = slots_of(words.text(key)), slots_of(others.text(key))
            if ours != theirs:
                found.append(f"{key}: {sorted(ours)} in {words.path.name}, {sorted(theirs)}")
    return found


def written(folder: Path, name: str, texts: dict[str, str]) -> Words:
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("message_key", "text"), *texts.items()])
    return read_words(path)


def test_all_languages_have_the_same_messages_and_slots() -> None:
    english = read_words(FOLDER / "en.csv")
    languages = [read_words(path) for path in sorted(FOLDER.glob("*.csv"))]
    assert english.texts in [language.texts for language in languages]
    for language in languages:
        assert disagreements(english, language) == []


def test_the_macro_lists_the_languages_there_are() -> None:
    text = (PROJECT / "macros/words/words.sql").read_text(encoding="utf-8")
    (listed,) = re.findall(r"macro languages\(\) %}\s*{% do return\((\[.*?\])\) %}", text)
    assert ast.literal_eval(listed) == sorted(path.stem for path in FOLDER.glob("*.csv"))


def test_a_language_that_says_less_or_more_is_found(tmp_path: Path) -> None:
    english = read_words(FOLDER / "en.csv")
    made_up = {key: f"«{text}»" for key, text in english.texts.items()}
    assert disagreements(english, written(tmp_path, "xx", made_up)) == []
    less = {key: text for key, text in made_up.items() if key != "reason.item"}
    assert disagreements(english, written(tmp_path, "xx", less)) == ["xx.csv has no reason.item"]
    more = {**made_up, "reason.more": "more"}
    assert disagreements(english, written(tmp_path, "xx", more)) == ["en.csv has no reason.more"]
    lost = {**made_up, "reason.item": "It is shown next: {things}."}
    assert disagreements(english, written(tmp_path, "xx", lost)) == [
        "reason.item: ['{item}'] in en.csv, ['{things}']"
    ]


def test_messages_in_messages_take_the_same_values(tmp_path: Path) -> None:
    words = written(
        tmp_path,
        "xx",
        {
            "join.sentences": "{before} {after}",
            "title": "Slow {stage}{@place}: {n}",
            "on": " on {device}",
            "in": " in {country}",
            "more": "More.",
        },
    )
    values = {"stage": "{n}", "@place": "on in", "device": "tv", "country": None, "n": "3"}
    assert words.filled("title", values) == "Slow {n} on tv in : 3"
    assert words.say("title", stage="cart", n=2, **{"@place": ""}) == "Slow cart: 2"
    assert words.sentences("more more", "{}") == "More. More."
    own = {"keys": "title", "values": {"stage": "cart", "n": 1, "@place": "in", "country": "DE"}}
    assert words.filled("title", {**values, "@place": own}) == "Slow {n}Slow cart in DE: 1: 3"
    nothing = {"keys": None, "values": None}
    assert words.filled("title", {**values, "@place": nothing}) == "Slow {n}: 3"


def test_names_have_their_own_words_or_lose_their_strokes(tmp_path: Path) -> None:
    words = written(tmp_path, "xx", {"name.at_risk": "in danger"})
    assert [words.name("at_risk"), words.name("bought_later")] == ["in danger", "bought later"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key,text\n", r"the first line has to be message_key,text"),
        ("message_key,text\na,b\na,c\n", r"xx\.csv, line 3: the key 'a' occurs twice"),
        ("message_key,text\na,\n", r"line 2: a row is a key and a text"),
        ("message_key,text\na,b,c\n", r"line 2: a row is a key and a text"),
        ("message_key,text\na,to {be\n", r"line 2: a: a brace that belongs to no slot"),
    ],
)
def test_broken_words_are_named_by_line(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "xx.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WordsError, match=expected):
        read_words(path)


def test_a_missing_file_message_or_value_is_named(tmp_path: Path) -> None:
    with pytest.raises(WordsError, match="no such file"):
        read_words(tmp_path / "xx.csv")
    words = written(tmp_path, "xx", {"a": "{b}"})
    with pytest.raises(WordsError, match=r"xx\.csv: there is no message 'c'"):
        words.text("c")
    with pytest.raises(WordsError, match=r"a: the slot \{b\} has no value; there are: d"):
        words.say("a", d="e")


def test_what_the_seeds_name_has_words() -> None:
    words = read_words(FOLDER / "en.csv")
    for seed, column, prefix in (
        ("event_types", "stage", "stage"),
        ("next_best_actions", "next_best_action", "action"),
    ):
        with (PROJECT / f"seeds/{seed}.csv").open(encoding="utf-8") as file:
            names = {row[column] for row in csv.DictReader(file) if row[column]}
        assert {name for name in names if f"{prefix}.{name}" not in words} == set()
    with (PROJECT / "seeds/event_types.csv").open(encoding="utf-8") as file:
        frictions = {row["event_type"] for row in csv.DictReader(file)
                     if row["is_friction"] == "true"}  # fmt: skip
    assert {name for name in frictions if f"friction.{name}" not in words} == set()


def test_reasons_of_experiments_have_words_for_what_they_say() -> None:
    """Python names messages and fills slots; the macro that says them knows every slot."""
    words = read_words(FOLDER / "en.csv")
    made = {}
    for path in (PROJECT / "src/footfall/experiments").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "because":
                slots = {f"{{{slot.arg}}}" for slot in node.keywords}
                key = ast.literal_eval(node.args[0])
                assert made.setdefault(key, slots) == slots, key
                if path.name == "verdicts.py":
                    made[f"{key}_so_far"] = slots
    said = {key: set(slots_of(text)) for key, text in words.texts.items()
            if key.startswith(("experiment.", "uplift."))}  # fmt: skip
    assert made == said
    text = (PROJECT / "macros/words/words.sql").read_text(encoding="utf-8")
    (names,) = re.findall(r"macro experiment_reason.*?set names = (\[.*?\])", text, re.S)
    assert {f"{{{name}}}" for name in ast.literal_eval(names)} == set().union(*said.values())


def test_every_idea_says_both_ways_that_it_moves_a_score() -> None:
    words = read_words(FOLDER / "en.csv")
    named = {*known_ideas(), *IDEAS, "agreement", "rate"}
    ideas = {*named, "personal_new", "stretched", "other"}
    assert {key for key in words.texts if key.startswith("idea.") and key.endswith(".name")} == {
        f"idea.{idea}.name" for idea in named
    }
    assert {key.split(".")[1] for key in words.texts if key.startswith("idea.")} == ideas
    for idea in ideas:
        for way in ("up", "down"):
            assert words.text(f"idea.{idea}.{way}").endswith(f" moves the score {way}.")


def test_the_page_of_cards_says_what_the_cards_say() -> None:
    words = read_words(FOLDER / "en.csv")
    page = " ".join((PROJECT / "docs/model_cards.md").read_text(encoding="utf-8").split())
    cards = {key: text for key, text in words.texts.items() if key.startswith("card.")}
    scores = {key.split(".")[1] for key in cards if key.endswith(".purpose")}
    assert scores == {"recommendations", "churn", "value", "tier", "intent", "risk", "reviews"}
    for score in scores:
        for part in ("purpose", "training", "evaluation", "limits"):
            assert f"card.{score}.{part}" in cards
    for key, text in cards.items():
        if key.rsplit(".", 1)[-1] in {"purpose", "training", "limits"} and key.count(".") == 2:
            assert text.replace("{until}", "the as-of date") in page, key


def test_every_feature_of_risk_has_words_for_what_it_is() -> None:
    words = read_words(FOLDER / "en.csv")
    path = PROJECT / "models/intermediate/risk/_features__models.yml"
    (model,) = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    noted = ("_id", "_at", "_digest")
    features = [column["name"] for column in model["columns"] if not column["name"].endswith(noted)]
    assert len(features) > 70
    # What nobody is judged by: not a feature, nor a column that features are made of.
    never = {"age", "sex", "gender", "born", "birth", "birthday"}
    models = [PROJECT / "models/intermediate/risk/int_risk_features.sql"]
    files = (*models, *(PROJECT / "macros/risk").glob("*.sql"))
    comments = re.compile(r"\{#.*?#\}|--[^\n]*", re.S)
    queries = [comments.sub("", file.read_text()) for file in files]
    found = {word for text in (*features, *queries) for word in re.findall(r"[a-z]+", text.lower())}
    assert found & never == set()
    said = {name: slots_of(words.text(f"risk.{name}")) for name in features}
    kinds = ({"{@value}"}, {"{@percent}"}, {"{@answer}"})
    assert {name: slots for name, slots in said.items() if slots not in kinds} == {}
    asked = {name for name, slots in said.items() if slots == {"{@answer}"}}
    assert asked == {name for name in features if name.startswith("is_") or "_is_" in name}


def test_every_rule_that_is_there_from_the_start_has_words() -> None:
    """Reasons in the seed are words of the user's own: they go before."""
    words = read_words(FOLDER / "en.csv")
    with (PROJECT / "seeds/fraud_rules.csv").open(encoding="utf-8") as file:
        rules = {row["rule"]: row["reason"] for row in csv.DictReader(file)}
    said = {key.removeprefix("risk.rule.") for key in words.texts if key.startswith("risk.rule.")}
    assert said == {rule for rule, reason in rules.items() if not reason}
    assert len(said) > 10


def test_dates_and_durations_are_said_in_the_words_of_the_language() -> None:
    english = read_words(FOLDER / "en.csv")
    said = [
        wording.day(date(2025, 3, 7), english),
        wording.month(date(2025, 3, 7), english),
        *(wording.duration(seconds, english) for seconds in (12, 90, 5400, 129600)),
    ]
    assert said == ["7 March 2025", "Mar 2025", "12 s", "1.5 min", "1.5 h", "1.5 days"]
    assert wording.short_months(english).split("|") == list(calendar.month_abbr[1:])
    other = Words(
        {
            **english.texts,
            "month.3": "März",
            "month.short.3": "Mrz",
            "date.day": "{day}. {month} {year}",
            "unit.days": "{count} Tage",
        },
        english.path,
    )
    assert wording.day(date(2025, 3, 7), other) == "7. März 2025"
    assert wording.month(date(2025, 3, 7), other) == "Mrz 2025"
    assert wording.duration(129600, other) == "1.5 Tage"
