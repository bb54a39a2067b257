"""Progress lines that reach the console, dbt.log and JSON logs alike."""

from dbt.adapters.events.logging import AdapterLogger

_LOGGER = AdapterLogger("Footfall")


def log(message: str) -> None:
    """Print one line through dbt's own logger, so that `--log-format json` stays valid JSON."""
    _LOGGER.info(message)
