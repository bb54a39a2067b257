"""Find the key that ids are hashed with, and judge it: a secret, and that of the warehouse.

The key of the environment comes first, then that of the key file. The demo key, which everybody can
read here, is for the simulated shop alone: with a list of ids it takes seconds to undo.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from footfall.builds.problems import BuildProblem
from footfall.builds.sources import DEFAULT_SOURCE
from footfall.builds.warehouse import UNFINISHED

DEMO_KEY = "footfall-demo-key"
#: The environment variable of the key.
VARIABLE = "DBT_ENV_SECRET_FOOTFALL_KEY"
_MIN_LENGTH = 20
_MIN_DISTINCT = 8
_BLOCK_BYTES = 64
_NEW_KEY_BYTES = 32
_NUMBER_DIGITS = 15

Origin = Literal["environment", "file", "demo"]


@dataclass(frozen=True)
class Key:
    """The key of a process.

    Attributes
    ----------
    text
        The key itself.
    origin
        Where it was found; `demo` where it was found nowhere.
    """

    text: str
    origin: Origin

    @property
    def fingerprint(self) -> str:
        """What is noted of it with the tables that it made, 12 hex digits."""
        return fingerprint(self.text)


def resolve(environment: str, key_file: Path) -> Key:
    """Return the key of the environment, else that of the key file, else the demo key.

    Parameters
    ----------
    environment
        What the environment variable holds, empty where it is not set.
    key_file
        Path of the key file, which need not be there.

    Raises
    ------
    BuildProblem
        The key is weak, or the file cannot be read.
    """
    if environment:
        if environment != DEMO_KEY:
            _refuse_weak(environment, VARIABLE)
        return Key(environment, "environment")
    try:
        found = key_file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return Key(DEMO_KEY, "demo")
    except (OSError, UnicodeDecodeError) as error:
        raise BuildProblem(
            f"The key file {key_file} cannot be read ({error}): restore it from your backup, or set"
            f" {VARIABLE}."
        ) from error
    _refuse_weak(found, f"The key file {key_file}")
    return Key(found, "file")


def _refuse_weak(key: str, where: str) -> None:
    reason = weakness(key)
    if reason is not None:
        raise BuildProblem(
            f"{where} {reason}, so ids that were hashed with it can be found by trying. Make one"
            " with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
        )


def weakness(key: str) -> str | None:
    """Say why a key is weak, or None where it is not."""
    if len(key) < _MIN_LENGTH:
        return f"holds a key of fewer than {_MIN_LENGTH} characters"
    if len(set(key)) < _MIN_DISTINCT:
        return f"holds a key of fewer than {_MIN_DISTINCT} different characters"
    if key.strip().lower() in _well_known():
        return "holds a key that is on the list of well-known texts (weak_keys.txt)"
    return None


@cache
def _well_known() -> frozenset[str]:
    lines = Path(__file__).with_name("weak_keys.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def new_key() -> str:
    """Return a random key, 64 hex digits."""
    return secrets.token_hex(_NEW_KEY_BYTES)


def fingerprint(key: str) -> str:
    """Return what is noted of a key, 12 hex digits that say nothing of it."""
    return hmac.digest(key.encode(), b"footfall", "sha256").hex()[:12]


def padded_keys(key: str) -> tuple[bytes, bytes]:
    """Return the inner and outer padded key of HMAC-SHA256, 64 bytes each (RFC 2104, 1997)."""
    return padded_bytes(key.encode())


def padded_bytes(raw: bytes) -> tuple[bytes, bytes]:
    """Return the same of a key that is bytes."""
    if len(raw) > _BLOCK_BYTES:
        raw = hashlib.sha256(raw).digest()
    block = raw.ljust(_BLOCK_BYTES, b"\0")
    return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)


def keyed_hash(key: str, text: str) -> str:
    """Return the keyed hash of a text as 64 hex digits, as the macro `hmac_sha256` makes it."""
    return hmac.digest(key.encode(), text.encode(), "sha256").hex()


def key_number(identity_key: str) -> int:
    """Return the head of a key as a 60-bit number, as the macro `key_number` makes it."""
    return int(identity_key[:_NUMBER_DIGITS], 16)


def needs_new_key(
    key: Key,
    *,
    picked: Sequence[str],
    noted: Mapping[str, Mapping[str, str]],
    remade: Sequence[str],
    key_file: str,
) -> bool:
    """Judge the key of a run that is about to build; say whether it is to make a key file first.

    Parameters
    ----------
    key
        The key that was found.
    picked
        Names of the sources that are read.
    noted
        What each table was built with, by the name of the table.
    remade
        Tables that this run makes anew, whatever they were built with.
    key_file
        Where the key file lies or would lie.

    Returns
    -------
    bool
        True where real sources are read, no key was found, and no table that stays was built with
        one.

    Raises
    ------
    BuildProblem
        The demo key meets real data, or tables that stay were built with another key.
    """
    is_real = any(name != DEFAULT_SOURCE for name in picked)
    if is_real and key.origin == "environment" and key.text == DEMO_KEY:
        raise BuildProblem(
            f"{VARIABLE} is the demo key, which everybody can read in this repository: it serves"
            " the simulated shop only. Unset it, and the next build makes a key of your own in"
            f" {key_file}; or set a secret of your own."
        )
    kept = {
        settings["key"]: settings.get("footfall_source", "")
        for table, settings in noted.items()
        if table not in remade and "key" in settings and UNFINISHED not in settings
    }
    for print_, source in kept.items():
        was_real = source != DEFAULT_SOURCE
        if print_ == fingerprint(DEMO_KEY) and was_real and is_real:
            raise BuildProblem(_migration(key, key_file))
        if print_ != key.fingerprint and (was_real or print_ != fingerprint(DEMO_KEY)):
            raise BuildProblem(_another_key(key, key_file))
    is_noted = any("key" in settings for table, settings in noted.items() if table not in remade)
    return is_real and key.origin == "demo" and not is_noted


def _migration(key: Key, key_file: str) -> str:
    makes = f"makes a key of your own in {key_file} and " if key.origin == "demo" else ""
    return (
        "This warehouse was built from real data with the demo key, which everybody can read in"
        " this repository: its keys can be turned back into ids within seconds. Build everything"
        f" once with --full-refresh, which {makes}gives each customer a new key. Treat what was"
        " published of it before as disclosed: delete it wherever it was copied to."
    )


def _another_key(key: Key, key_file: str) -> str:
    has = {
        "environment": f"{VARIABLE} holds another one",
        "file": f"the key file {key_file} holds another one",
        "demo": f"{VARIABLE} is not set and there is no key file {key_file}",
    }[key.origin]
    return (
        f"This warehouse was built with a key that is missing: {has}. Restore it from your backup."
        " If it is lost, build everything once with --full-refresh: each customer gets a new key,"
        " and what was published before no longer joins with what comes."
    )
