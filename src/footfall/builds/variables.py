"""Every var of the project: the kind of value that it takes, and whether it shapes tables.

The defaults and what each is for are in dbt_project.yml. The vars that hold the paths of sources
come from `sources.yml`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import yaml

from footfall.builds.formats import is_format
from footfall.builds.sources import Input, sources
from footfall.builds.zones import is_zone, zone_like

_ENTITIES = ("events", "items", "customers", "reviews")


@dataclass(frozen=True)
class Kind:
    """A kind of value: what a message says that it takes, the test of a value, and a near match."""

    takes: str
    accepts: Callable[[Any], bool]
    like: Callable[[Any], str | None] = lambda _: None


@dataclass(frozen=True)
class Variable:
    """A var.

    Parameters
    ----------
    kind
        What it takes.
    shapes_tables
        Whether incremental tables that were built with another value must be rebuilt.
    """

    kind: Kind
    shapes_tables: bool = False


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_encoding(value: Any) -> bool:
    try:
        # A line ends at the same byte in all of these.
        return "a\n".encode(value) == b"a\n"
    except (LookupError, TypeError, UnicodeError):
        return False


def _is_date(value: Any) -> bool:
    # Other ways of ISO 8601 to write a day are not those of SQL.
    text = str(value)
    try:
        return len(text) == len("1990-01-01") and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_moment(value: Any) -> bool:
    text = str(value)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    # Python takes any character between day and time.
    return text[10:11] in ("", " ", "T")


def _are_days_ahead(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_whole(x) and x > 0 for x in value)


def _are_names(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(to, str | None) for to in value.values())


def _are_columns(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        entity in _ENTITIES
        # A mapping may leave all of them to be filled in.
        and isinstance(names, Mapping | None)
        and all(isinstance(column, str) or _are_texts(column) for column in (names or {}).values())
        for entity, names in value.items()
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(x, str) for x in value)


def _are_by_entity(accepts: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, Mapping)
        and all(
            entity in _ENTITIES
            and isinstance(each, list)
            and bool(each)
            and all(map(accepts, each))
            for entity, each in value.items()
        )
    )


def _are_paths(value: Any) -> bool:
    return isinstance(value, str) or _are_texts(value)


def _are_typed_paths(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _are_paths(paths) for name, paths in value.items())
    return _are_paths(value)


def _are_formats(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        str(table).split(".")[0] in sources()
        and isinstance(columns, Mapping)
        and all(map(is_format, columns.values()))
        for table, columns in value.items()
    )


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _or_null(accepts: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: not value or accepts(value)


ANY = Kind("any value", lambda _: True)
WHOLE = Kind("a whole number, 0 or more", lambda value: _is_whole(value) and value >= 0)
POSITIVE = Kind("a whole number, 1 or more", lambda value: _is_whole(value) and value >= 1)
POSITIVE_OR_NULL = Kind(
    "a whole number, 1 or more, or null",
    lambda value: value is None or (_is_whole(value) and value >= 1),
)
TRUE_OR_FALSE = Kind("true or false", lambda value: isinstance(value, bool))
SHARE = Kind("a number between 0 and 1", lambda value: _is_number(value) and 0 < value < 1)
SHARE_OR_ALL = Kind("a number above 0, up to 1", lambda value: _is_number(value) and 0 < value <= 1)
AMOUNT = Kind("a number, 0 or more", lambda value: _is_number(value) and value >= 0)
FACTOR = Kind("a number above 1", lambda value: _is_number(value) and value > 1)
DATE = Kind("a date such as 1990-01-01", _is_date)
DATE_OR_NULL = Kind("a date such as 2026-01-01, or null", _or_null(_is_date))
MOMENT_OR_NULL = Kind("a date or time such as 2026-06-01, or null", _or_null(_is_moment))
ATTRIBUTES = Kind(
    "a list of columns of customers such as [country, age_band, attributes.income]",
    lambda value: isinstance(value, list) and all(isinstance(x, str) and x for x in value),
)
DATES = Kind(
    "a list of dates such as [2026-01-01]",
    lambda value: isinstance(value, list) and all(map(_is_date, value)),
)
DAYS_AHEAD = Kind("a list of days such as [30, 90]", _are_days_ahead)
ROWS = Kind("events or records", lambda value: value in ("events", "records"))
ZONE = Kind("the IANA name of a time zone such as Europe/Berlin", is_zone, zone_like)
UNITS = Kind("major or minor", lambda value: value in ("major", "minor"))
CLOCK = Kind("utc, shop or null", lambda value: value in ("utc", "shop", None))
TEXT_OR_NULL = Kind("text, or null", _or_null(lambda value: isinstance(value, str)))
ENCODING_OR_NULL = Kind(
    "the name of an encoding such as windows-1252 or gbk, or null for UTF-8",
    _or_null(_is_encoding),
)
WORDS = Kind('a list of words in quotes such as ["null", "n/a"]', _are_words)
PROPERTIES = Kind("a list of properties such as [experiment_id, experiment]", _are_texts)
LANGUAGE = Kind(
    "the name of a file of seeds/words without its ending, such as en",
    lambda value: isinstance(value, str) and value.isidentifier(),
)
NAMES_OR_NULL = Kind(
    "a list of names such as [email, phone], or null",
    _or_null(
        lambda value: isinstance(value, list) and all(isinstance(x, str) and x for x in value)
    ),
)
EVENT_NAMES = Kind("names of events such as {product_page: view}", _or_null(_are_names))
COLUMNS = Kind(
    f"columns by table ({', '.join(_ENTITIES)}) such as {{events: {{customer_id: user_id}}}}",
    _or_null(_are_columns),
)
HEADERS = Kind(
    f"names of columns by table ({', '.join(_ENTITIES)}) such as "
    "{events: [customer_id, event_at, event_type]}",
    _or_null(_are_by_entity(lambda name: isinstance(name, str))),
)
WIDTHS = Kind(
    f"widths of columns by table ({', '.join(_ENTITIES)}) such as {{events: [8, 19, 12]}}",
    _or_null(_are_by_entity(lambda width: _is_whole(width) and width > 0)),
)
PATHS = Kind("a path, or a list of paths", _or_null(_are_paths))
TYPED_PATHS = Kind(
    "a path, a list of paths, or paths by event type such as {purchase: orders.csv}",
    _or_null(_are_typed_paths),
)
FORMATS = Kind(
    "formats by source and table such as {custom.events: {event_at: day_first, amount:"
    " decimal_comma}}; there are day_first, month_first, year_first, decimal_point, decimal_comma,"
    " and patterns of times such as '%d%m%Y'",
    _or_null(_are_formats),
)

#: The vars of dbt_project.yml, in its order.
PROJECT_VARIABLES: Mapping[str, Variable] = {
    # Its names are judged with the sources, and tables note the list in one order.
    "footfall_source": Variable(ANY),
    "language": Variable(LANGUAGE),
    "storefront_seed": Variable(WHOLE, shapes_tables=True),
    "storefront_customers": Variable(POSITIVE, shapes_tables=True),
    "storefront_until": Variable(MOMENT_OR_NULL),
    "segment_schema": Variable(TEXT_OR_NULL, shapes_tables=True),
    "segment_traits": Variable(NAMES_OR_NULL),
    "custom_events_relation": Variable(TEXT_OR_NULL, shapes_tables=True),
    "snowplow_relation": Variable(TEXT_OR_NULL, shapes_tables=True),
    "custom_event_type": Variable(TEXT_OR_NULL, shapes_tables=True),
    "custom_campaigns_are_kept": Variable(TRUE_OR_FALSE, shapes_tables=True),
    "shop_hosts": Variable(NAMES_OR_NULL, shapes_tables=True),
    "custom_encoding": Variable(ENCODING_OR_NULL, shapes_tables=True),
    "custom_header": Variable(HEADERS, shapes_tables=True),
    "custom_widths": Variable(WIDTHS, shapes_tables=True),
    "custom_columns": Variable(COLUMNS, shapes_tables=True),
    "custom_event_names": Variable(EVENT_NAMES, shapes_tables=True),
    "custom_vocabulary": Variable(TEXT_OR_NULL, shapes_tables=True),
    "custom_rows_are": Variable(ROWS, shapes_tables=True),
    "custom_amounts_are": Variable(UNITS, shapes_tables=True),
    "custom_times_without_offset_are": Variable(CLOCK, shapes_tables=True),
    "custom_keep_identical_rows": Variable(TRUE_OR_FALSE, shapes_tables=True),
    "custom_items_relation": Variable(TEXT_OR_NULL),
    "custom_customers_relation": Variable(TEXT_OR_NULL),
    "custom_reviews_relation": Variable(TEXT_OR_NULL),
    # Not a shaping var: it may say what the values have said before. decide_formats judges it.
    "column_formats": Variable(FORMATS),
    "words_for_nothing": Variable(WORDS, shapes_tables=True),
    "words_for_yes": Variable(WORDS),
    "max_devices_per_customer": Variable(POSITIVE),
    "min_share_in_catalogue": Variable(SHARE),
    "masked_properties": Variable(NAMES_OR_NULL, shapes_tables=True),
    "shop_time_zone": Variable(ZONE, shapes_tables=True),
    "earliest_event_date": Variable(DATE, shapes_tables=True),
    "keep_months": Variable(POSITIVE_OR_NULL),
    "erasure_retrain_days": Variable(WHOLE),
    "future_tolerance_minutes": Variable(WHOLE, shapes_tables=True),
    "max_rejected_share": Variable(SHARE_OR_ALL),
    "reporting_currency": Variable(TEXT_OR_NULL, shapes_tables=True),
    "session_gap_minutes": Variable(POSITIVE, shapes_tables=True),
    "session_max_minutes": Variable(POSITIVE, shapes_tables=True),
    "session_cut_at_midnight": Variable(TRUE_OR_FALSE, shapes_tables=True),
    "session_cut_at_campaign_change": Variable(TRUE_OR_FALSE, shapes_tables=True),
    "engaged_max_pause_seconds": Variable(POSITIVE, shapes_tables=True),
    "bot_min_events": Variable(POSITIVE, shapes_tables=True),
    "bot_max_seconds_per_event": Variable(POSITIVE, shapes_tables=True),
    "order_window_days": Variable(POSITIVE, shapes_tables=True),
    "order_numbers_restart": Variable(TRUE_OR_FALSE, shapes_tables=True),
    "funnel_window_days": Variable(POSITIVE, shapes_tables=True),
    "drop_off_window_days": Variable(POSITIVE, shapes_tables=True),
    "paths_kept": Variable(POSITIVE, shapes_tables=True),
    "path_max_steps": Variable(POSITIVE, shapes_tables=True),
    "attribution_window_days": Variable(POSITIVE),
    "attribution_half_life_days": Variable(POSITIVE),
    "attribution_counts_campaigns": Variable(TRUE_OR_FALSE),
    "pain_window_months": Variable(POSITIVE),
    "pain_min_sessions": Variable(POSITIVE),
    "slow_step_ratio": Variable(FACTOR),
    "pain_false_discovery_rate": Variable(SHARE),
    "experiments_relation": Variable(TEXT_OR_NULL),
    "experiment_properties": Variable(PROPERTIES),
    "variant_properties": Variable(PROPERTIES),
    "experiment_winsor_quantile": Variable(SHARE_OR_ALL),
    "experiment_history_days": Variable(POSITIVE),
    "risk_verdicts_relation": Variable(TEXT_OR_NULL),
    "risk_reviews_a_day": Variable(WHOLE),
    "risk_cost_of_review": Variable(AMOUNT),
    "risk_review_finds": Variable(SHARE_OR_ALL),
    "risk_share_lost": Variable(SHARE_OR_ALL),
    "risk_cost_of_wrong_block": Variable(AMOUNT),
    "risk_share_lost_by_wrong_block": Variable(SHARE_OR_ALL),
    "risk_review_share_without_labels": Variable(SHARE_OR_ALL),
    "cutoff_months": Variable(POSITIVE),
    "more_cutoff_dates": Variable(DATES),
    "horizons_days": Variable(DAYS_AHEAD),
    "value_horizons_days": Variable(DAYS_AHEAD),
    "vip_share": Variable(SHARE),
    "high_risk_probability": Variable(SHARE),
    "medium_risk_probability": Variable(SHARE),
    "contact_cost": Variable(AMOUNT),
    "save_rate": Variable(SHARE),
    "explained_by_permutations": Variable(WHOLE),
    "explains_value": Variable(TRUE_OR_FALSE),
    "scores_texts": Variable(TRUE_OR_FALSE),
    "explains_recommendations": Variable(TRUE_OR_FALSE),
    "intent_history_days": Variable(POSITIVE),
    "intent_recent_days": Variable(POSITIVE),
    "backtest_cutoffs": Variable(POSITIVE),
    "largest_skill_drop": Variable(SHARE),
    "gate_max_calibration_error": Variable(SHARE),
    "gate_min_total_ratio": Variable(SHARE),
    "gate_max_total_ratio": Variable(AMOUNT),
    "gate_max_age_days": Variable(POSITIVE),
    "gates_fail_the_build": Variable(TRUE_OR_FALSE),
    "failed_gates_keep_the_publication": Variable(TRUE_OR_FALSE),
    # The names in it are judged by `footfall.builds.attributes`.
    "fairness_attributes": Variable(ATTRIBUTES),
    "fairness_largest_gap": Variable(SHARE),
    "fairness_gates_fail_the_build": Variable(TRUE_OR_FALSE),
    "drift_warn": Variable(SHARE),
    "drift_fail": Variable(AMOUNT),
    "top_k": Variable(POSITIVE),
    "allow_repeats": Variable(TRUE_OR_FALSE),
    "in_stock_only": Variable(TRUE_OR_FALSE),
    "backtest_days": Variable(POSITIVE),
    "scorer_as_of": Variable(DATE_OR_NULL),
    "scorer_seed": Variable(WHOLE),
    "scorer_epochs": Variable(POSITIVE),
    "scorer_warm_epochs": Variable(POSITIVE),
    "scorer_time_budget_seconds": Variable(POSITIVE),
    "scorer_full_after_days": Variable(WHOLE),
    "scorer_full_after_share": Variable(SHARE),
    "scorer_full_after_fall": Variable(SHARE),
    "scorer_threads": Variable(WHOLE),
    "risk_label_delay_days": Variable(WHOLE),
    "risk_max_shared": Variable(POSITIVE),
    "risk_scored_days": Variable(POSITIVE),
    "risk_rules_days": Variable(POSITIVE),
    "lifecycle_at_risk_days": Variable(POSITIVE, shapes_tables=True),
    "lifecycle_lapsed_days": Variable(POSITIVE, shapes_tables=True),
    "lifecycle_retained_order_days": Variable(POSITIVE, shapes_tables=True),
    "lifecycle_loyal_orders": Variable(POSITIVE, shapes_tables=True),
    "segment_learned_on": Variable(DATE_OR_NULL),
    "segment_hysteresis": Variable(SHARE),
    "contact_when_consent_is_unknown": Variable(TRUE_OR_FALSE),
}


def _path_kind(one: Input) -> Kind:
    if one.contains:
        return TEXT_OR_NULL
    return TYPED_PATHS if one.var == "custom_events_path" else PATHS


def path_variables() -> Mapping[str, Variable]:
    """Return the vars that hold paths of sources.

    What each build reads as a whole may move; a file that is read as it grows may not.
    """
    return {
        one.var: Variable(_path_kind(one), shapes_tables=not one.read_anew)
        for source in sources().values()
        for one in source.inputs
    }


def variables() -> Mapping[str, Variable]:
    """Return every var of the project, by name."""
    return {**PROJECT_VARIABLES, **path_variables()}


def var_names() -> list[str]:
    """Return the names of all vars of the project."""
    return list(variables())


def read_values(values: str) -> dict[str, Any]:
    """Return the values of vars from YAML, which keeps dates apart from text as JSON does not."""
    read: dict[str, Any] = yaml.safe_load(values)
    return read
