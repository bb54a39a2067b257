import datetime

import pytest

from footfall.recommender.settings import ScorerSettings

pytestmark = pytest.mark.library


def test_defaults_and_conversions():
    settings = ScorerSettings.from_mapping(
        {"epochs": "4", "dropout": 0, "as_of": "2024-02-01", "allow_repeats": "false", "dim": None}
    )
    assert settings.epochs == 4
    assert settings.as_of == datetime.date(2024, 2, 1)
    assert settings.allow_repeats is False
    assert settings.dim == ScorerSettings().dim


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epoch": 3}, "unknown setting 'epoch' of the recommendations: use .*epochs"),
        (
            {"epochs": "many"},
            r"'epochs' .*\(var 'scorer_epochs'\) is 'many': it must be a whole number",
        ),
        ({"epochs": 1.5}, "is 1.5: it must be a whole number"),
        ({"epochs": True}, "whole number"),
        ({"epochs": 0}, r"\(var 'scorer_epochs'\) is 0: it must be 1 or more"),
        ({"dropout": 1}, "'dropout' of the recommendations is 1.0: it must be in"),
        ({"dropout": "nan"}, "is 'nan': it must be a number"),
        ({"learning_rate": 0}, "'learning_rate' .* is 0.0: it must be above 0"),
        ({"device": "tpu"}, "'device' .* is 'tpu': it must be one of auto, cpu, cuda"),
        ({"as_of": "soon"}, r"\(var 'scorer_as_of'\) is 'soon': it must be a date such as"),
        ({"allow_repeats": 3}, "it must be true or false"),
        (
            {"test_cutoff": "2024-02-01", "as_of": "2024-01-01"},
            "'test_cutoff' .* is 2024-02-01, after as_of 2024-01-01",
        ),
    ],
)
def test_errors_name_the_var(values, message):
    with pytest.raises(ValueError, match=message):
        ScorerSettings.from_mapping(values)


def test_what_only_shapes_the_list_needs_no_training():
    one = ScorerSettings(top_k=5, allow_repeats=False, in_stock_only=True, threads=1)
    assert one.deciding() == ScorerSettings().deciding()
    assert ScorerSettings(seed=8).deciding() != ScorerSettings().deciding()
