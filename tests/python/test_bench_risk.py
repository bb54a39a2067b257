"""What `make bench-risk` says of a file: the last line has all its keys, whatever it lacks."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import bench_risk
from bench_risk import FIGURES, last_line, print_figures
from conftest import WHOLE_STOREFRONT, Warehouse
from footfall.core.progress import silent
from footfall.risk.attempts import Attempts, read_attempts
from footfall.risk.files import PaymentFile
from footfall.risk.model import RiskSettings
from footfall.risk.rules import read_rules
from footfall.risk.splits import splits_of
from risk_comparing import MODELS, Compared, compare
from test_risk_scores import BEGAN, DAY, RULES, replaced, shop, source

FIRST = BEGAN.date()
LAST = FIRST + 55 * DAY
FEW_TREES = RiskSettings(rounds=10, ensembles=1)


def attempts_of(share: float, labels_after: datetime.timedelta | None = None) -> Attempts:
    """Eight weeks of a file: every payment has a label, and honest ones are known after a week."""
    rows = shop(weeks=8, a_week=300, share=share, customers=2000)
    is_fraud = pc.fill_null(rows["is_fraud"], False)
    later = pa.array([at + 7 * DAY for at in rows["attempted_at"].to_pylist()])
    labelled = pc.coalesce(rows["labelled_at"], pc.cast(later, rows["labelled_at"].type))
    rows = rows.set_column(rows.column_names.index("is_fraud"), "is_fraud", is_fraud)
    rows = rows.set_column(rows.column_names.index("labelled_at"), "labelled_at", labelled)
    if labels_after is not None:
        for name in ("labelled_at", "fraud_known_at"):
            rows = replaced(rows, name, is_fraud, BEGAN + labels_after)
    return read_attempts(*source(rows).read(None))


def compared(attempts: Attempts, **asked: str) -> list[Compared]:
    """Every model on the splits that are asked for."""
    rules = read_rules(RULES, attempts.names)
    has_times = not asked.get("delay")
    splits = splits_of(FIRST, LAST, has_label_times=has_times, **asked)
    return [
        compare(attempts, attempts.has_label, split, rules, FEW_TREES, silent) for split in splits
    ]


def said(attempts: Attempts, found: list[Compared]) -> dict:
    """The last line."""
    return last_line(PaymentFile(Path("a.csv"), len(attempts), 0, {}, []), attempts, found)


def test_the_last_line_holds_every_model_on_every_start(capsys: pytest.CaptureFixture[str]) -> None:
    attempts = attempts_of(share=0.2)
    starts = f"{FIRST + 14 * DAY},{FIRST + 28 * DAY}"
    found = compared(attempts, starts=starts, delay="7")
    line = said(attempts, found)
    assert set(line) == {*("rows", "customers", "days", "fraud_share", "split", "starts", "models")}
    assert (line["rows"], line["days"], len(line["starts"])) == (2400, 56, 2)
    assert line["fraud_share"] == pytest.approx(attempts.is_fraud.mean(), abs=1e-6)
    assert list(line["models"]) == list(MODELS)
    for name in MODELS:
        assert list(line["models"][name]) == list(FIGURES)
        of_starts = [one["models"][name]["auc"] for one in line["starts"]]
        assert line["models"][name]["auc"] == pytest.approx(np.mean(of_starts), abs=1e-6)
        assert min(of_starts) > 0.6
    # About 43 customers a day: all of them are reviewed, so all money is caught.
    assert line["models"]["footfall"]["money_caught"] == 1
    print_figures(found)
    printed = capsys.readouterr().out
    assert printed.count("days with fewer than 100 customers: 7 of 7") == 2


def test_what_cannot_be_fitted_is_null_and_times_of_labels_decide() -> None:
    """Of the last fifth of the days, first with no fraud known before it, then with the file's."""
    unknown = attempts_of(share=0.2, labels_after=60 * DAY)
    (late,) = compared(unknown)
    assert late.split.by_label_times
    assert (late.frauds_learnt, late.frauds_tested > 10) == (0, True)
    models = said(unknown, [late])["models"]
    assert list(models) == list(MODELS)
    for name in ("logistic", "random_forest"):
        assert models[name] == dict.fromkeys(FIGURES)
    # Rules decide, and what is odd among equal points.
    assert models["footfall"]["auc"] > models["rules"]["auc"] - 0.05 > 0.5

    attempts = attempts_of(share=0.2)
    (known,) = compared(attempts)
    start = np.datetime64(known.split.test_from).astype("datetime64[us]").astype(np.int64)
    assert known.frauds_learnt == int(attempts.labels(int(start)).sum()) > 20
    assert None not in said(attempts, [known])["models"]["random_forest"].values()

    # Fewer than twenty frauds: rules decide, but baselines are fitted.
    few = attempts_of(share=0.02)
    (one,) = compared(few, delay="7")
    assert 0 < one.frauds_learnt < 20
    assert set(one.models) == set(MODELS)


def test_features_are_measured_on_as_many_attempts_as_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three payments on four days, five times in a row: each four days later than the last."""
    path = tmp_path / "payments.csv"
    path.write_text(
        "occurred_at,customer_id,amount,is_fraud,terminal_id\n"
        "2024-01-01 10:00:00,a,5,1,t1\n"
        "2024-01-02 10:00:00,b,6,0,t2\n"
        "2024-01-04 10:00:00,a,7,0,t1\n"
    )
    found: list[tuple] = []

    def measured(connection: duckdb.DuckDBPyConnection, folder: Path) -> float:
        found.extend(
            connection.sql(
                "select attempt_id, customer_no, terminal_token, amount, cast(shop_day as varchar),"
                " attempted_at - shop_day::timestamp, known_at - attempted_at,"
                " fraud_known_at - attempted_at"
                " from intermediate.int_payment_attempts order by attempted_at"
            ).fetchall()
        )
        return 1.5

    monkeypatch.setattr(bench_risk, "build", lambda *given: None)
    monkeypatch.setattr(bench_risk, "features_cost", measured)
    monkeypatch.setattr("sys.argv", ["bench_risk.py", f"--file={path}", "--attempts=13"])
    bench_risk.main()
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {
        "attempts": 13,
        "cpu_seconds": 1.5,
    }
    assert len({attempt for attempt, *_ in found}) == len(found) == 13
    days = [day for _, _, _, _, day, *_ in found]
    assert days[:6] == [f"2024-01-0{day}" for day in (1, 2, 4, 5, 6, 8)]
    assert days[-1] == "2024-01-17"
    # Customer, terminal, amount, hour and delays are those of the file.
    for place, row in enumerate(found):
        of_file = found[place % 3]
        assert (row[1:4], row[5:]) == (of_file[1:4], of_file[5:])


def simulated_file(path: Path) -> None:
    """Forty-two days of payments with every column that is recognised, under names of others.

    One customer in twelve is a fraudster, who pays large amounts with a card that is shared.
    """
    draw = np.random.default_rng(4)
    lines = [
        "paid,buyer,amount,is_fraud,device_id,card_token,terminal_id,address_key,ip_prefix,country,"
        "card_country,registered_at,outcome,channel,shoe_size"
    ]
    for day in range(42):
        for number in range(24):
            buyer = int(draw.integers(96))
            is_fraud = int(buyer % 12 == 0 and draw.random() < 0.7)
            amount = round(float(np.exp(draw.normal(2 + 1.5 * is_fraud, 0.5))), 2)
            at = datetime.datetime(2024, 3, 1) + datetime.timedelta(day, hours=number * 0.9)
            card = f"card-{buyer // 24 if is_fraud else buyer + 10}"
            country = "FR" if is_fraud and draw.random() < 0.5 else "DE"
            failed = "declined" if is_fraud and draw.random() < 0.3 else "paid"
            lines.append(
                f"{at},b{buyer},{amount},{is_fraud},d{buyer},{card},t{draw.integers(9)},a{buyer},"
                f"ip{buyer // 6},DE,{country},2024-01-{1 + buyer % 28:02d},{failed},web,42"
            )
    path.write_text("\n".join(lines) + "\n")


def test_a_file_with_every_column_is_judged_from_end_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once by starts and once by the days of the first of them, with the same figures."""
    path = tmp_path / "payments.csv"
    simulated_file(path)

    def built(folder: Path, variables: dict[str, int], select: str) -> Path:
        assert variables == {"risk_label_delay_days": 7}
        # What dbt has parsed names a catalogue after its file.
        warehouse, file = Warehouse(folder, WHOLE_STOREFRONT), folder / "bench.duckdb"
        file.rename(warehouse.path)
        warehouse.built(select.split())
        return warehouse.path.rename(file)

    def judged(*options: str) -> tuple[str, dict]:
        words = [f"--file={path}", "--map=paid:occurred_at,buyer:customer_id", "--threads=1"]
        monkeypatch.setattr("sys.argv", ["bench_risk.py", *words, *options])
        bench_risk.main()
        printed = capsys.readouterr().out
        return printed, json.loads(printed.splitlines()[-1])

    monkeypatch.setattr(bench_risk, "build", built)
    printed, by_starts = judged("--starts=2024-03-08,2024-03-15", "--delay=7")
    first_lines = printed.splitlines()[:2]
    assert first_lines == [
        "Columns used: paid as occurred_at, buyer as customer_id, amount, is_fraud,"
        " device_id as device, card_token as card, terminal_id as terminal, address_key as address,"
        " ip_prefix as ip, country, card_country, registered_at, outcome, channel",
        "Columns ignored: shoe_size",
    ]
    assert (by_starts["rows"], by_starts["customers"], by_starts["days"]) == (1008, 96, 42)
    assert set(by_starts) == {
        *("rows", "customers", "days", "fraud_share", "split", "starts", "models")
    }
    for figures in (by_starts["models"], *(one["models"] for one in by_starts["starts"])):
        assert list(figures) == list(MODELS)
        assert all(list(of_model) == list(FIGURES) for of_model in figures.values())
    assert by_starts["models"]["footfall"]["auc"] > 0.9

    # Known on a test day are customers with a fraud dated from the first training day up to, not
    # including, seven days before: they leave.
    payments = [line.split(",") for line in path.read_text().splitlines()[1:]]
    rows = [
        (datetime.date.fromisoformat(at[:10]), who, fraud == "1")
        for at, who, _, fraud, *_ in payments
    ]
    for one in by_starts["starts"]:
        begin = datetime.date.fromisoformat(one["train"][0])
        first, last = (datetime.date.fromisoformat(day) for day in one["test"])
        assert (first - begin, last - first) == (14 * DAY, 6 * DAY)
        left = [
            is_fraud
            for day, who, is_fraud in rows
            if first <= day <= last
            and not any(
                fraud and other == who and begin <= when < day - 7 * DAY
                for when, other, fraud in rows
            )
        ]
        assert (one["tested"], one["frauds_tested"]) == (len(left), sum(left))
        assert one["tested"] < sum(first <= day <= last for day, *_ in rows)

    _, by_days = judged(
        "--train=2024-03-08,2024-03-14", "--delay=7", "--test=2024-03-22,2024-03-28"
    )
    assert by_days["split"] == by_starts["split"]
    assert by_days["starts"] == by_starts["starts"][:1]
