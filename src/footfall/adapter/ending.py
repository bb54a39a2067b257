"""What a build says last, whatever has become of the database.

The hooks at the end of a run ask DuckDB. One that fails keeps those after it from running, and on a
full disk DuckDB may answer nothing any more. So the plugin listens to what dbt says, and adds what
the hooks could not.
"""

from collections.abc import Callable

import duckdb
from dbt_common.events.base_types import EventMsg
from dbt_common.events.event_manager_client import get_event_manager

from footfall.adapter.progress import log
from footfall.adapter.publication import describe_standing, published_name
from footfall.builds.failures import advice_on

#: The event with which dbt ends each command.
_END = "CommandCompleted"


class Ending:
    """Listens to one command of dbt, and speaks once, at its end."""

    def __init__(self, warehouse: str, say: Callable[[str], None] = log) -> None:
        """Say nothing of a publication, unless `begin` is called."""
        self._warehouse = warehouse
        self._say = say
        self._is_open = False
        self._advice: dict[str, None] = {}

    def begin(self) -> None:
        """Note that the command builds something, so that it has to say what was published."""
        self._is_open = True

    def publication_is_said(self) -> None:
        """Note that what was published, or why nothing was, has been said."""
        self._is_open = False

    def listen(self, event: EventMsg) -> None:
        """Take in what dbt says."""
        if event.info.name == _END:
            self._speak()
        elif event.info.level == "error" and (advice := advice_on(event.info.msg)):
            self._advice[advice] = None

    def _speak(self) -> None:
        advice, self._advice = self._advice, {}
        if self._is_open:
            self._is_open = False
            folder, name = published_name(self._warehouse)
            with duckdb.connect() as connection:
                standing = describe_standing(connection, folder, name)
            self._say(f"  Nothing published: the run broke off before its end. {standing}")
        for line in advice:
            self._say(f"  {line}")


def listening(warehouse: str) -> Ending:
    """Return an ending that listens to the command that dbt is at."""
    ending = Ending(warehouse)
    get_event_manager().add_callback(ending.listen)
    return ending
