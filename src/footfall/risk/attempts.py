"""Attempts to pay as arrays: features, and what is known of labels at a moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.arrays import Array, FloatArray, IntArray

MICROSECONDS_A_DAY = 86_400_000_000
#: Later than any moment: of labels that never came.
NEVER = np.iinfo(np.int64).max
#: What is read of `int_payment_attempts`.
COLUMNS = (
    "attempt_id",
    "visitor_no",
    "attempted_at",
    "known_at",
    "shop_day",
    "amount",
    "outcome",
    "outcome_known_at",
    "is_fraud",
    "labelled_at",
    "fraud_known_at",
    "fraud_cleared_at",
    "fraud_again_at",
)
_KEY = "attempt_id"


@dataclass(frozen=True)
class Attempts:
    """Attempts in the order of their moments.

    Attributes
    ----------
    ids
        Their keys, text [attempts].
    names
        Of the features that at least one attempt has.
    features
        NaN where unknown, float32 [attempts, features].
    asked_at, known_at
        When each was made and known, in microseconds since 1970-01-01 UTC, [attempts].
    shop_day
        The day in the shop, in days since 1970-01-01, [attempts].
    customer_no
        Whose each was; of equal scores the smaller number comes first. An attempt of nobody known
        has a number of its own, below 0, [attempts].
    amount
        0 where it is unknown, [attempts].
    is_fraud
        What is known of it today, [attempts].
    fraud_known_at, cleared_at
        When its label of fraud came in, and when it was taken back; :data:`NEVER` where neither
        happened, [attempts].
    again_at
        When it was taken for fraud again after that; :data:`NEVER` where it was not, or no longer
        is, [attempts].
    honest_known_at
        When it was first called honest, of those that were never called fraud; :data:`NEVER` where
        nobody did, [attempts].
    failed_at
        When it was known that the payment had failed; :data:`NEVER` where it had not, [attempts].
    has_label
        Whether anything is known of it today, for better or worse, [attempts].
    """

    ids: pa.Array
    names: list[str]
    features: Array
    asked_at: IntArray
    known_at: IntArray
    shop_day: IntArray
    customer_no: IntArray
    amount: FloatArray
    is_fraud: Array
    fraud_known_at: IntArray
    cleared_at: IntArray
    again_at: IntArray
    honest_known_at: IntArray
    failed_at: IntArray
    has_label: Array

    def __len__(self) -> int:
        return len(self.asked_at)

    @property
    def day(self) -> IntArray:
        """Return the day of each attempt in UTC, in days since 1970-01-01, [attempts]."""
        days: IntArray = self.asked_at // MICROSECONDS_A_DAY
        return days

    def is_closed(self, moment: int, delay_days: int) -> Array:
        """Return whether a label counts by a moment: it had its time to come in, or came in.

        What failed without a label says nothing of honesty: nobody charges back what was never
        paid. All that is asked for was known before the moment, so what comes in later changes no
        answer. For that reason a label of honesty does not cut the waiting short: of a payment
        that is called fraud after that, nobody keeps when it was called honest.

        Parameters
        ----------
        moment
            In microseconds since 1970-01-01 UTC.
        delay_days
            After which an attempt without a label counts as honest.

        Returns
        -------
        bool [attempts]
        """
        waited: Array = self.known_at + delay_days * MICROSECONDS_A_DAY <= moment
        is_labelled = self.fraud_known_at < moment
        has_failed = self.failed_at < moment
        closed: Array = (self.known_at < moment) & (is_labelled | (waited & ~has_failed))
        return closed

    def is_labelled(self, moment: int) -> Array:
        """Return whether somebody had said fraud or honest by a moment, bool [attempts].

        This is for files, whose rows have one label each.
        """
        known: Array = (self.fraud_known_at < moment) | (self.honest_known_at < moment)
        return known

    def labels(self, moment: int) -> FloatArray:
        """Return 1 where fraud was known before a moment and not taken back by then, [attempts]."""
        known = (self.fraud_known_at < moment) & (self.cleared_at >= moment)
        return (known | (self.again_at < moment)).astype(np.float64)


def feature_names(table: pa.Table) -> list[str]:
    """Return the columns of `int_risk_features` that are features, in their order."""
    return [
        field.name
        for field in table.schema
        if field.name != _KEY and pa.types.is_floating(field.type)
    ]


def read_attempts(attempts: pa.Table, features: pa.Table) -> Attempts:
    """Put attempts and features together, ordered by moment and then by id.

    Parameters
    ----------
    attempts
        `int_payment_attempts`.
    features
        `int_risk_features`, of the same attempts or some of them.

    Raises
    ------
    ValueError
        When features are there for an attempt that is not.
    """
    place = pc.index_in(features[_KEY], attempts[_KEY].combine_chunks())
    if place.null_count:
        raise ValueError(
            f"{place.null_count} rows of int_risk_features are of no attempt of "
            "int_payment_attempts: build both"
        )
    rows = attempts.take(place)
    asked, ids = _microseconds(rows, "attempted_at"), rows[_KEY].combine_chunks()
    order = pc.sort_indices(
        pa.table({"asked": asked, _KEY: ids}), [("asked", "ascending"), (_KEY, "ascending")]
    )
    rows, places = rows.take(order), np.asarray(order)
    names = [
        name for name in feature_names(features) if features[name].null_count < len(features[name])
    ]
    values = np.empty((rows.num_rows, len(names)), dtype=np.float32)
    for column, name in enumerate(names):
        values[:, column] = _float(features[name])[places]
    fraud_known_at = _microseconds(rows, "fraud_known_at")
    is_honest = pc.fill_null(pc.equal(rows["is_fraud"], False), False)
    is_honest = np.asarray(is_honest).astype(bool) & (fraud_known_at == NEVER)
    has_failed = np.asarray(pc.fill_null(pc.equal(rows["outcome"], "error"), False)).astype(bool)
    known_at = _microseconds(rows, "known_at")
    return Attempts(
        ids=rows[_KEY].combine_chunks(),
        names=names,
        features=values,
        asked_at=_microseconds(rows, "attempted_at"),
        known_at=known_at,
        shop_day=np.asarray(rows["shop_day"].cast(pa.int32()).cast(pa.int64())),
        customer_no=_numbers_of(rows["visitor_no"]),
        amount=np.nan_to_num(_float(rows["amount"])),
        is_fraud=np.asarray(pc.fill_null(rows["is_fraud"], False)).astype(bool),
        fraud_known_at=fraud_known_at,
        cleared_at=_microseconds(rows, "fraud_cleared_at"),
        again_at=_microseconds(rows, "fraud_again_at"),
        honest_known_at=np.where(is_honest, _microseconds(rows, "labelled_at"), NEVER),
        failed_at=np.where(has_failed, _failed_at(rows, known_at), NEVER),
        has_label=np.asarray(pc.is_valid(rows["is_fraud"])).astype(bool),
    )


def _numbers_of(visitors: pa.ChunkedArray) -> IntArray:
    """Return whose each attempt is; nobody known is somebody else each time."""
    nobody = -1 - np.arange(len(visitors))
    numbers: IntArray = np.asarray(pc.fill_null(visitors.cast(pa.int64()), -1))
    return np.where(np.asarray(pc.is_valid(visitors)), numbers, nobody)


def _failed_at(rows: pa.Table, known_at: IntArray) -> IntArray:
    """Return when the outcome was known, that of an attempt without such a time with itself."""
    found = _microseconds(rows, "outcome_known_at")
    return np.where(found == NEVER, known_at, found)


def _microseconds(rows: pa.Table, name: str) -> IntArray:
    moments = rows[name].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    values: IntArray = np.asarray(pc.fill_null(moments, int(NEVER)))
    return values


def _float(column: pa.ChunkedArray) -> FloatArray:
    values: FloatArray = np.asarray(
        column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64
    )
    return values
