"""Purchase intent: known at the event and nothing later, calibrated, better than its baselines."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from conftest import PROJECT, SMALL_SCORER, Warehouse
from footfall import attributions, heads
from footfall.adapter.sessions import Sessions
from footfall.core.progress import silent
from footfall.heads import HeadSettings, intent, intent_heads
from footfall.heads.prefixes import PREFIX_LENGTHS, read_prefixes

pytestmark = pytest.mark.long

SETTINGS = HeadSettings(bootstrap_replicates=50, threads=1)
START = datetime(2025, 3, 1, tzinfo=UTC)


def score(prefixes: pa.Table, states: pa.Table | None = None, *, recent_days: int = 7) -> pa.Table:
    """Scores by heads that are fitted to the same sessions."""
    stored = heads.train_intent(
        prefixes, states, settings=SETTINGS, recent_days=recent_days, progress=silent
    )
    return heads.score_intent(stored, prefixes, states, recent_days=recent_days, progress=silent)


@pytest.fixture(scope="module")
def prefixes() -> pa.Table:
    """Sessions of 90 days whose chance of a purchase hangs on carts and past orders."""
    generator = np.random.default_rng(3)
    now = START + timedelta(days=90)
    rows = []
    for session in range(6000):
        begun = START + timedelta(seconds=float(generator.uniform(0, 90 * 86400)))
        past, length = int(generator.poisson(0.8)), int(generator.choice([1, 3, 3, 5]))
        carts = 0
        drawn = generator.random()
        for prefix in (1, 3, 5):
            if prefix > length:
                break
            carts += int(generator.random() < 0.25)
            chance = 1 / (1 + np.exp(3.0 - 1.6 * carts - 0.8 * past))
            at = begun + timedelta(seconds=30 * prefix)
            rows.append(
                {
                    "session_id": f"s{session}",
                    "visitor_no": session,
                    "prefix_length": prefix,
                    "prefix_at": at,
                    "session_started_at": begun,
                    "now_at": now,
                    "device": "phone",
                    "channel": "mail" if session % 3 else "ads",
                    "entry_event_type": "view",
                    "last_event_type": "view",
                    "f_views": float(prefix - carts),
                    "f_carts": float(carts),
                    "f_checkouts": 0.0,
                    "f_furthest_stage": 3.0 if carts else 2.0,
                    "f_past_visits": float(past) if session % 5 else None,
                    "f_days_since_visit": 3.0 if past else None,
                    "buys_in_session": bool(drawn < chance),
                    "buys_in_7_days": bool(drawn < chance) if at < now - timedelta(7) else None,
                    "has_bought": False,
                    "is_open": False,
                    "chance": float(chance),
                }
            )
    return pa.Table.from_pylist(rows)


@pytest.fixture(scope="module")
def stored(prefixes: pa.Table) -> pa.Table:
    return heads.train_intent(prefixes, None, settings=SETTINGS, recent_days=7, progress=silent)


def test_the_latest_prediction_of_each_session_is_explained(
    prefixes: pa.Table, stored: pa.Table
) -> None:
    scored, told = (
        work(stored, prefixes, None, recent_days=7, progress=silent).to_pandas()
        for work in (heads.score_intent, attributions.explain_sessions)
    )
    latest = scored.sort_values("prefix_length").groupby("session_id").last()
    served = pd.concat(
        {0: latest["session_probability"], 7: latest["week_probability"]}, names=["horizon_days"]
    )
    sums = told.groupby(["horizon_days", "session_id"]).agg(
        length=("prefix_length", "first"),
        base=("base", "first"),
        moved=("contribution", "sum"),
        link_base=("link_base", "first"),
        link_moved=("link_contribution", "sum"),
        link_score=("link_score", "first"),
    )
    assert set(told["method"]) == {"log_mean"}
    assert set(sums.index) == set(served.index)
    served = served.loc[sums.index]
    lengths = latest["prefix_length"].loc[sums.index.get_level_values("session_id")]
    assert (sums["length"].to_numpy() == lengths.to_numpy()).all()
    np.testing.assert_allclose(sums["base"] + sums["moved"], served, atol=1e-12)
    links = sums["link_base"] + sums["link_moved"]
    np.testing.assert_allclose(links, sums["link_score"], atol=1e-9)
    np.testing.assert_allclose(sums["link_score"], np.log(served / (1.0 - served)), atol=1e-9)


def test_intent_ranks_as_the_truth_and_is_calibrated(prefixes: pa.Table, stored: pa.Table) -> None:
    scored = heads.score_intent(stored, prefixes, None, recent_days=7, progress=silent)
    assert scored.schema == heads.INTENT_SCHEMA
    assert set(scored["method"].to_pylist()) == {"fitted"}
    truth = {
        (row["session_id"], row["prefix_length"]): row["chance"] for row in prefixes.to_pylist()
    }
    rows = scored.to_pylist()
    true = np.array([truth[row["session_id"], row["prefix_length"]] for row in rows])
    told = np.array([row["session_probability"] for row in rows])
    ranks = [np.argsort(np.argsort(values)) for values in (true, told)]
    assert np.corrcoef(*ranks)[0, 1] > 0.8
    assert abs(told.mean() - true.mean()) < 0.03
    recent = pc.max(prefixes["prefix_at"]).as_py() - timedelta(days=7, hours=1)
    assert all(row["prefix_at"] >= recent for row in rows)


def test_back_test_has_baselines_intervals_and_calibration(prefixes: pa.Table) -> None:
    table = heads.backtest_intent(prefixes, settings=SETTINGS, test_days=28, progress=silent)
    assert table.schema == heads.BACKTEST_SCHEMA
    rows = table.to_pylist()
    models = {row["model"] for row in rows}
    assert models == {
        "attention_scorer",
        "features_only",
        "constant",
        "furthest_stage",
        "logistic_counts",
        "recency_frequency",
        "lightgbm",
    }
    assert {row["population"] for row in rows} >= {
        "in session, after 1 event",
        "7 days, after 3 events",
    }
    figures = {
        row["model"]: row["value"]
        for row in rows
        if row["population"] == "in session, after 3 events" and row["metric"] == "auc"
    }
    assert figures["attention_scorer"] > max(figures["furthest_stage"], figures["constant"]) + 0.02
    tenths = [row for row in rows if row["bin"] is not None and row["model"] == "attention_scorer"]
    assert tenths
    again = heads.backtest_intent(
        prefixes, settings=SETTINGS, test_days=28, previous=table, progress=silent
    )
    assert again is table


def test_intervals_resample_visitors_and_count_them(prefixes: pa.Table) -> None:
    """Every session three times, of the same visitor, is as certain as once.

    As independent sessions the intervals would be narrower by the root of three.
    """
    three = pa.concat_tables(
        prefixes.set_column(
            prefixes.schema.get_field_index("session_id"),
            "session_id",
            pc.binary_join_element_wise(prefixes["session_id"], copy, "-"),
        )
        for copy in ("a", "b", "c")
    )
    wanted = {
        "population": "in session, after 3 events",
        "metric": "brier",
        "model": "furthest_stage",
    }
    widths = []
    for table in (prefixes, three):
        tested = heads.backtest_intent(table, settings=SETTINGS, test_days=28, progress=silent)
        (row,) = (
            row
            for row in tested.to_pylist()
            if all(row[name] == value for name, value in wanted.items())
        )
        widths.append((row["upper_bound"] - row["lower_bound"], row["customer_count"]))
    (once, visitors), (thrice, counted) = widths
    assert counted == visitors
    assert thrice == pytest.approx(once, rel=0.15)


def test_a_state_that_tells_the_outcome_is_used_where_the_visitor_is_known(
    prefixes: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = np.random.default_rng(8)
    buys = {row["session_id"]: row["buys_in_session"] for row in prefixes.to_pylist()}
    states = pa.table(
        {
            "customer_no": list(range(len(buys))),
            "cutoff_date": [START.date() - timedelta(days=1)] * len(buys),
            "state": [
                [float(buys[f"s{n}"]) + generator.normal(0, 0.5), generator.normal()]
                if f"s{n}" in buys
                else [0.0, 0.0]
                for n in range(len(buys))
            ],
        },
        schema=pa.schema(
            [
                ("customer_no", pa.int64()),
                ("cutoff_date", pa.date32()),
                ("state", pa.list_(pa.float32())),
            ]
        ),
    )
    rows = read_prefixes(prefixes, states)
    hidden = rows.table["f_past_visits"].is_null().to_numpy()
    assert np.isnan(rows.states[hidden]).all()
    assert np.isfinite(rows.states[~hidden]).all()
    fits = []
    fit = intent._fit
    monkeypatch.setattr(intent, "_fit", lambda *given: fits.append(1) or fit(*given))
    table = heads.backtest_intent(
        prefixes, states, settings=SETTINGS, test_days=28, progress=silent
    )
    # Ours is one of the two ways, with the state or without; each is fitted twice, once to choose.
    assert len(fits) == 4 * len(set(table["population"].to_pylist()))
    figures = {
        row["model"]: row["value"]
        for row in table.to_pylist()
        if row["population"] == "in session, after 3 events" and row["metric"] == "auc"
    }
    assert figures["attention_scorer"] == figures["features_and_state"]
    assert figures["attention_scorer"] > figures["features_only"] + 0.05
    # A state of a later day is none.
    later = states.set_column(
        1, "cutoff_date", pa.array([START.date() + timedelta(days=400)] * len(buys))
    )
    assert np.isnan(read_prefixes(prefixes, later).states).all()


def test_outcomes_of_the_tested_days_have_no_say_in_what_is_predicted(prefixes: pa.Table) -> None:
    since = pc.max(prefixes["now_at"]).as_py() - timedelta(days=7)
    late = pc.greater_equal(prefixes["prefix_at"], pa.scalar(since))
    position = prefixes.schema.get_field_index("buys_in_session")
    flipped = pc.if_else(late, pc.invert(prefixes["buys_in_session"]), prefixes["buys_in_session"])
    changed = prefixes.set_column(position, "buys_in_session", flipped)
    before, after = (score(table).drop(["run_id", "run_metadata"]) for table in (prefixes, changed))
    assert before.equals(after)


def test_too_little_to_learn_from_is_told_as_the_rate(prefixes: pa.Table) -> None:
    few = prefixes.slice(0, 40)
    scored = score(few, recent_days=100)
    assert set(scored["method"].to_pylist()) == {"base_rate"}
    assert all(0 < row["week_probability"] < 1 for row in scored.to_pylist())
    nothing = score(prefixes.slice(0, 0))
    assert nothing.num_rows == 0
    with pytest.raises(ValueError, match="has_bought"):
        score(prefixes.drop(["has_bought"]))


def test_who_has_bought_has_no_chance_in_the_session_any_more(prefixes: pa.Table) -> None:
    position = prefixes.schema.get_field_index("has_bought")
    bought = pc.equal(prefixes["device"], "phone")
    changed = prefixes.set_column(position, "has_bought", bought)
    scored = score(changed)
    assert scored["session_probability"].null_count == scored.num_rows
    assert scored["week_probability"].null_count == 0
    assert json.loads(scored["run_metadata"][0].as_py())["score"] == "intent"


# --- stored heads ---------------------------------------------------------------------------------


def test_new_sessions_fit_and_test_nothing_until_a_week_has_ended(
    prefixes: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest event is on a Friday; what is learned and tested ended with Tuesday."""
    stored = heads.train_intent(prefixes, settings=SETTINGS, progress=silent)
    tested = heads.backtest_intent(prefixes, settings=SETTINGS, progress=silent)
    fresh = heads.score_intent(stored, prefixes, progress=silent)
    # An hour later sessions go on, and week-old outcomes become known.
    now = pc.max(prefixes["now_at"]).as_py()
    later = prefixes.to_pylist()
    for row in later:
        row["now_at"] = now + timedelta(hours=1)
    more = {**later[-1], "session_id": "new", "prefix_length": 1, "visitor_no": 10_000}
    more |= {"prefix_at": now, "session_started_at": now, "is_open": True}
    more |= {"buys_in_session": None, "buys_in_7_days": None}
    changed = pa.Table.from_pylist([*later, more], schema=prefixes.schema)
    made: list[str] = []
    fit = intent._fit

    def counted(*arguments: object) -> object:
        made.append("fit")
        return fit(*arguments)

    monkeypatch.setattr(intent, "_fit", counted)
    again = heads.train_intent(changed, settings=SETTINGS, previous=stored, progress=silent)
    assert again is stored
    assert (
        heads.backtest_intent(changed, settings=SETTINGS, previous=tested, progress=silent)
        is tested
    )
    scored = heads.score_intent(stored, changed, progress=silent)
    assert made == []
    assert "new" in scored["session_id"].to_pylist()
    assert "new" not in fresh["session_id"].to_pylist()
    # A session that was learned from changes: its outcome, found late.
    early = pc.equal(prefixes["session_id"], prefixes["session_id"][0])
    outcome = pc.if_else(early, pc.invert(prefixes["buys_in_session"]), prefixes["buys_in_session"])
    position = prefixes.schema.get_field_index("buys_in_session")
    touched = prefixes.set_column(position, "buys_in_session", outcome)
    anew = heads.train_intent(touched, settings=SETTINGS, previous=stored, progress=silent)
    assert made
    assert anew["run_id"][0] != stored["run_id"][0]
    found = heads.backtest_intent(touched, settings=SETTINGS, previous=tested, progress=silent)
    facts = json.loads(found["run_metadata"][0].as_py())
    assert facts["tested"] == ["buys_in_session"]
    whole = heads.backtest_intent(touched, settings=SETTINGS, progress=silent)
    columns = [name for name in whole.column_names if name != "run_metadata"]
    assert found.select(columns).equals(whole.select(columns))


def test_the_first_session_of_a_length_is_scored_by_heads_that_stand(prefixes: pa.Table) -> None:
    """Nobody had reached the tenth event when the heads were fitted: the rate of all is told."""
    stored = heads.train_intent(prefixes, settings=SETTINGS, progress=silent)
    now = pc.max(prefixes["now_at"]).as_py()
    later = prefixes.to_pylist()
    first = {**later[-1], "session_id": "first", "prefix_length": 10, "visitor_no": 10_000}
    first |= {"prefix_at": now, "session_started_at": now, "is_open": True}
    first |= {"buys_in_session": None, "buys_in_7_days": None}
    changed = pa.Table.from_pylist([*later, first], schema=prefixes.schema)
    again = heads.train_intent(changed, settings=SETTINGS, previous=stored, progress=silent)
    assert again is stored
    scored = heads.score_intent(again, changed, progress=silent).to_pylist()
    (told,) = (row for row in scored if row["session_id"] == "first")
    assert told["method"] == "base_rate"
    # Seven days are kept for scoring, and what becomes of a session is known after a day.
    until = datetime.fromtimestamp(intent_heads.window_of(prefixes).until / 1e6, UTC)
    origin = pa.scalar(until - timedelta(days=7 + 1))
    known = prefixes.filter(pc.less(prefixes["prefix_at"], origin))["buys_in_session"]
    bought = pc.sum(known).as_py()
    assert told["session_probability"] == pytest.approx((bought + 0.5) / (len(known) + 10))


def test_every_length_of_the_prefix_table_has_a_head() -> None:
    sql = (PROJECT / "models/intermediate/features/int_prefix_acts.sql").read_text()
    block = sql.split("prefixes as (")[1].split(")")[0]
    assert tuple(map(int, re.findall(r"select (\d+)", block))) == PREFIX_LENGTHS


def test_a_session_that_turns_out_to_be_of_another_visitor_is_tested_where_it_counts(
    prefixes: pa.Table,
) -> None:
    """A login stitches a session of the last days: its id and visitor change, nothing else."""
    stored = heads.train_intent(prefixes, settings=SETTINGS, progress=silent)
    tested = heads.backtest_intent(prefixes, settings=SETTINGS, progress=silent)
    window = intent_heads.window_of(prefixes)
    rows = prefixes.to_pylist()
    unknown = [row for row in rows if row["f_past_visits"] is None]
    last = max(
        (row for row in unknown if row["prefix_at"].timestamp() * 1e6 < window.until),
        key=lambda row: row["prefix_at"],
    )
    for row in rows:
        if row["session_id"] == last["session_id"]:
            row |= {"session_id": "stitched", "visitor_no": 10_000}
    stitched = pa.Table.from_pylist(rows, schema=prefixes.schema)
    assert (
        heads.train_intent(stitched, settings=SETTINGS, previous=stored, progress=silent) is stored
    )
    again = heads.backtest_intent(stitched, settings=SETTINGS, previous=tested, progress=silent)
    # Intervals resample visitors: those of the session's own days are made again, no others.
    assert json.loads(again["run_metadata"][0].as_py())["tested"] == ["buys_in_session"]
    whole = heads.backtest_intent(stitched, settings=SETTINGS, progress=silent)
    columns = [name for name in whole.column_names if name != "run_metadata"]
    assert again.select(columns).equals(whole.select(columns))


# --- leakage, through the whole SQL part ---------------------------------------------------------


def shop_events() -> list[dict[str, str]]:
    """Visits of forty customers on devices of their own; most log in half-way, some never."""
    generator = np.random.default_rng(6)
    events = []
    for customer in range(40):
        at = START + timedelta(hours=float(generator.uniform(0, 240)))
        for visit in range(6):
            at += timedelta(hours=float(generator.exponential(60)))
            login = int(generator.integers(0, 6))
            for number in range(int(generator.integers(1, 13))):
                at += timedelta(seconds=float(generator.uniform(1, 200)))
                known = number >= login and customer % 4 != 0
                kinds = ["view", "view", "search", "add_to_cart", "checkout", "purchase"]
                kind = "login" if number == login and known else str(generator.choice(kinds))
                events.append(
                    {
                        "event_id": f"{customer}-{visit}-{number}",
                        "customer_id": f"c{customer}" if known else "",
                        "device_id": f"d{customer}-{visit % 2}",
                        "event_at": at.isoformat(),
                        "event_type": kind,
                        "item_id": "i1" if kind != "login" else "",
                        "order_id": f"o{customer}-{visit}" if kind == "purchase" else "",
                        "amount": "10" if kind == "purchase" else "",
                    }
                )
    return sorted(events, key=lambda event: event["event_at"])


@pytest.mark.long
def test_a_prefix_knows_nothing_of_what_came_after_it(tmp_path: Path) -> None:
    """Every feature is the same in a warehouse that ends with the last event of the prefix."""
    events = shop_events()
    path = tmp_path / "events.csv"
    warehouse = Warehouse(
        tmp_path,
        {
            **SMALL_SCORER,
            "footfall_source": "custom",
            "custom_events_path": str(path),
            "intent_history_days": 3650,
        },
    )

    def features(until: str) -> dict[tuple[str, int], tuple]:
        kept = [event for event in events if event["event_at"] <= until]
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(events[0]))
            writer.writeheader()
            writer.writerows(kept)
        warehouse.forget()
        warehouse.built(("+int_session_prefixes",))
        names = [
            name
            for (name,) in warehouse.query(
                "select column_name from information_schema.columns"
                " where table_name = 'int_session_prefixes' and left(column_name, 2) = 'f_'"
                " order by column_name"
            )
        ]
        rows = warehouse.query(
            "select epoch_us(prefix_at), prefix_length, epoch_us(session_started_at), device,"
            f" channel, last_event_type, {', '.join(names)}"
            " from intermediate.int_session_prefixes"
        )
        return {(row[0], row[1], row[2]): row[3:] for row in rows}

    whole = features(events[-1]["event_at"])
    told = 0
    for place in (len(events) // 3, 2 * len(events) // 3):
        moment = events[place]["event_at"]
        cut = features(moment)
        assert len(cut) > 50
        for key, values in cut.items():
            assert whole[key] == values, key
        told += sum(values[-1] is not None for values in cut.values())
    assert told > 0


def test_sessions_of_the_last_days_are_picked_by_the_database_and_score_the_same(
    prefixes: pa.Table,
) -> None:
    states = pa.table(
        {
            "customer_no": np.arange(6000, dtype=np.int64).repeat(2),
            "cutoff_date": pa.array([START.date(), START.date() + timedelta(85)] * 6000),
            "state": pa.array(
                list(np.random.default_rng(5).normal(size=(12000, 3))), pa.list_(pa.float64())
            ),
        }
    )
    clocks = prefixes.append_column("prefix_clock_at", prefixes["prefix_at"]).append_column(
        "now_clock_at", prefixes["now_at"]
    )
    stored = heads.train_intent(clocks, states, settings=SETTINGS, progress=silent)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        sessions = Sessions(connection.from_arrow(clocks), connection.from_arrow(states))
        picked, theirs = sessions.recent(7)
        history, all_states = sessions.history()
    assert 0 < picked.num_rows < clocks.num_rows / 10
    assert set(theirs["customer_no"].to_pylist()) == set(picked["visitor_no"].to_pylist())
    assert (history.num_rows, all_states.num_rows) == (clocks.num_rows, 2 * 6000)
    assert heads.score_intent(stored, picked, theirs, progress=silent).equals(
        heads.score_intent(stored, clocks, states, progress=silent)
    )


def test_a_shop_without_sessions_has_no_recent_ones(prefixes: pa.Table) -> None:
    nothing = prefixes.slice(0, 0).append_column("now_clock_at", prefixes["now_at"].slice(0, 0))
    schema = pa.schema(
        [
            ("customer_no", pa.int64()),
            ("cutoff_date", pa.date32()),
            ("state", pa.list_(pa.float64())),
        ]
    )
    with duckdb.connect() as connection:
        sessions = Sessions(
            connection.from_arrow(nothing), connection.from_arrow(schema.empty_table())
        )
        picked, states = sessions.recent(7)
    assert (picked.num_rows, states.num_rows) == (0, 0)
