"""The benchmark of orders: any file of purchases in, one JSON object with every baseline out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest

PROJECT = Path(__file__).resolve().parents[2]
BENCHMARKS = PROJECT / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import bench_value

    return bench_value


def orders_file(folder: Path, customers: int = 250) -> Path:
    """A year of purchases and a few refunds, two rows of some days alike."""
    generator = np.random.default_rng(2)
    lines = ["customer_id,ordered_at,amount"]
    for customer in range(customers):
        rate, day = generator.gamma(1.0, 0.05) + 0.005, generator.uniform(0, 120)
        while day < 365:
            at = datetime(2024, 1, 1) + timedelta(days=float(np.floor(day)))
            amount = round(float(generator.lognormal(3.0, 0.5)), 2)
            lines.append(f"{customer},{at.date()},{amount}")
            if generator.random() < 0.1:
                lines.append(f"{customer},{at.date()},{amount}")
            if generator.random() < 0.05:
                lines.append(f"{customer},{at.date()},{-amount}")
            day += generator.exponential(1 / rate)
    path = folder / "orders.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_purchases_and_refunds_become_events(bench, tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select * from (values"
            " (7, date '2024-02-01', 12.5), (7, date '2024-02-03', -2.5))"
            f" as t(customer_id, ordered_at, amount)) to '{path}' (format parquet)"
        )
    events, last = bench.read_orders(path)
    assert last == date(2024, 2, 3)
    assert events["event_type"].to_pylist() == ["purchase", "refund"]
    assert events["amount"].to_pylist() == [12.5, -2.5]
    assert events["customer_id"].to_pylist() == ["7", "7"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("customer_id,ordered_at\n1,2024-01-01\n", "lacks the column amount"),
        ("customer_id,ordered_at,amount\n1,2024-01-01,much\n", "1 of 1 rows have no usable amount"),
        ("customer_id,ordered_at,amount\n1,soon,2\n", "1 of 1 rows have no usable ordered_at"),
    ],
)
def test_a_file_that_does_not_fit_is_told_so(
    bench, tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        bench.read_orders(path)
    with pytest.raises(ValueError, match="does not exist"):
        bench.read_orders(tmp_path / "nowhere.csv")


@pytest.mark.long
@pytest.mark.rare
def test_the_last_line_has_every_model_of_every_score(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "bench_value.py"), str(orders_file(tmp_path))]
    done = subprocess.run(
        [*command, "--horizon", "30", "--cut", "2024-11-15"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DBT_PROFILES_DIR": str(PROJECT)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["cut"], last["horizon_days"]) == ("2024-11-15", 30)
    shared = {"attention_scorer", "constant", "last_window_spend", "lightgbm"}
    assert last["churn"].keys() >= shared | {
        "recency",
        "frequency",
        "logistic_rfm",
        "bg_nbd",
        "pareto_nbd",
    }
    assert last["value"].keys() >= shared | {"poisson_rfm", "bg_nbd", "pareto_nbd"}
    assert last["tier"].keys() >= shared | {"softmax_rfm"}
    ours = last["churn"]["attention_scorer"]
    assert {"auc", "pr_auc", "brier", "log_loss", "ece", "auc_lead_lower"} <= ours.keys()
    assert ours["auc"] > 0.6
    assert {"mae", "rmse", "gini", "total_ratio", "interval_coverage"} <= last["value"][
        "attention_scorer"
    ].keys()


def test_a_window_that_ends_after_the_last_row_cannot_be_judged(
    bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(orders_file(tmp_path, customers=20)), "--horizon", "30", "--cut", "2024-12-20"]
    monkeypatch.setattr(sys, "argv", ["bench_value.py", *words])
    with pytest.raises(SystemExit) as stopped:
        bench.main()
    assert stopped.value.code == 2
    assert "ends after the last row" in capsys.readouterr().err
