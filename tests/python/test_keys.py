"""Which key ids are hashed with, and when a run may go on with it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from footfall.adapter import key_file
from footfall.builds.keys import (
    DEMO_KEY,
    Key,
    fingerprint,
    needs_new_key,
    new_key,
    padded_keys,
    resolve,
    weakness,
)
from footfall.builds.problems import BuildProblem

pytestmark = pytest.mark.library

OWN = "Zp4-own-key-of-a-shop"
OTHER = "another-own-key-4711"
PLACE = "secrets/footfall.key"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("password", "fewer than 20 characters"),
        (" " * 8, "fewer than 20 characters"),
        ("nineteen-characters", "fewer than 20 characters"),
        ("abcdefg" * 5, "fewer than 8 different"),
        ("Correct Horse Battery Staple", "well-known"),
        ("abcdefghijklmnopqrstuvwxyz", "well-known"),
        ("twenty-characters-ok", None),
        (OWN, None),
    ],
)
def test_weak_keys_are_named(key: str, said: str | None) -> None:
    found = weakness(key)
    assert found is None if said is None else said in str(found)
    assert weakness(new_key()) is None


def test_the_key_of_the_environment_comes_before_that_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "footfall.key"
    assert resolve("", file) == Key(DEMO_KEY, "demo")
    assert not file.parent.exists()
    key_file.create(file, OWN)
    # A second build at the same moment takes the key of the first.
    key_file.create(file, OTHER)
    assert resolve("", file) == Key(OWN, "file")
    assert resolve(OTHER, file) == Key(OTHER, "environment")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    for weak, where in (("password", "environment"), ("", "file")):
        file.write_text(weak)
        with pytest.raises(BuildProblem, match="DBT_ENV_SECRET" if weak else str(file)):
            resolve(weak, file)
        assert where


def test_padded_keys_and_fingerprints_are_those_of_hmac() -> None:
    for key in (OWN, OWN * 5):
        inner, outer = padded_keys(key)
        by_hand = hashlib.sha256(outer + hashlib.sha256(inner + b"footfall").digest()).hexdigest()
        assert by_hand == hmac.new(key.encode(), b"footfall", "sha256").hexdigest()
        assert fingerprint(key) == by_hand[:12]


def settled(
    key: Key,
    picked: Sequence[str] = ("custom",),
    noted: Mapping[str, Mapping[str, str]] | None = None,
    remade: Sequence[str] = (),
) -> bool:
    return needs_new_key(key, picked=picked, noted=noted or {}, remade=remade, key_file=PLACE)


def built_with(key: str, source: str = "custom") -> dict[str, dict[str, str]]:
    return {"events": {"key": fingerprint(key), "footfall_source": source}}


NOTHING = Key(DEMO_KEY, "demo")


def test_a_key_is_made_for_real_data_that_no_key_was_noted_of() -> None:
    assert settled(NOTHING)
    assert settled(NOTHING, ["storefront", "custom"])
    # Everything is rebuilt: no table that stays has a key.
    assert settled(NOTHING, noted=built_with(OTHER), remade=["events"])
    assert not settled(NOTHING, ["storefront"])
    assert not settled(NOTHING, ["storefront"], built_with(DEMO_KEY, "storefront"))
    assert not settled(Key(OWN, "file"))
    assert not settled(Key(OWN, "environment"), noted=built_with(OWN))
    # The check of the warehouse stops these, and says why.
    assert not settled(NOTHING, noted=built_with(DEMO_KEY, "storefront"))
    unfinished = {"events": {**built_with(OTHER)["events"], "unfinished": "full refresh"}}
    assert not settled(NOTHING, noted=unfinished)
    assert not settled(Key(OWN, "file"), noted=built_with(DEMO_KEY, "storefront"))


@pytest.mark.parametrize(
    ("key", "noted", "said"),
    [
        (NOTHING, built_with(OTHER), ["there is no key file secrets/footfall.key", "Restore it"]),
        (Key(OWN, "file"), built_with(OTHER), ["the key file secrets/footfall.key holds another"]),
        (Key(OWN, "environment"), built_with(OTHER), ["DBT_ENV_SECRET_FOOTFALL_KEY holds another"]),
        (NOTHING, built_with(DEMO_KEY), ["real data with the demo key", "--full-refresh", PLACE]),
        (Key(OWN, "file"), built_with(DEMO_KEY), ["real data with the demo key", "disclosed"]),
        (Key(DEMO_KEY, "environment"), {}, ["serves the simulated shop only"]),
        (Key(DEMO_KEY, "environment"), built_with(DEMO_KEY), ["the simulated shop only"]),
    ],
)
def test_a_run_stops_under_a_key_that_does_not_fit(
    key: Key, noted: Mapping[str, Mapping[str, str]], said: Sequence[str]
) -> None:
    with pytest.raises(BuildProblem) as stopped:
        settled(key, noted=noted)
    assert [text for text in said if text not in str(stopped.value)] == []
    # The shop's own key was lost: restoring it comes first.
    if "Restore" in str(stopped.value):
        assert str(stopped.value).index("Restore") < str(stopped.value).index("--full-refresh")


def test_the_simulated_shop_under_a_lost_key_asks_for_it() -> None:
    with pytest.raises(BuildProblem, match="Restore it from your backup"):
        settled(NOTHING, ["storefront"], built_with(OWN, "storefront"))
