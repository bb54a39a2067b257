"""Whether a build publishes its marts, and what it says of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from footfall.builds.nodes import Node
from footfall.builds.shortfall import describe_shortfall


def reason_not_to_publish(
    command: str, is_partial: bool, results: Sequence[Mapping[str, str]], nodes: Iterable[Node]
) -> str | None:
    """Say what speaks against publishing: only what a whole build has made and tested is published.

    Parameters
    ----------
    command
        The command of dbt that ran.
    is_partial
        Whether it made tables without all their rows.
    results
        The `unique_id`, `name` and `status` of all that the build got to.
    nodes
        Models, seeds and tests of the project.

    Returns
    -------
    str or None
        A sentence without its full stop; None where nothing speaks against it.
    """
    if command != "build":
        return f"only a whole `dbt build` publishes, and this was `dbt {command}`"
    if is_partial:
        return "this build made the tables without all their rows (--empty or --sample)"
    shortfall = describe_shortfall(results)
    if shortfall is not None:
        return shortfall
    done = {result["unique_id"] for result in results}
    # Unit tests judge the code, not the data: a build may leave them out. Tests of models that are
    # switched off are nodes too, but depend on nothing.
    left_out = sorted(
        node.unique_id.split(".")[2]
        for node in nodes
        if node.unique_id not in done
        and node.materialized != "ephemeral"
        and (node.kind != "test" or node.inputs)
    )
    if left_out:
        return f"this build left out {len(left_out)} models, seeds or tests, such as {left_out[0]}"
    return None


def reason_to_keep(
    failed: Mapping[str, str], failed_before: Sequence[str] | None, *, keeps: bool
) -> str | None:
    """Say why an earlier publication stays as it is: it shows a score that is held back now.

    Parameters
    ----------
    failed
        What this run holds back, in words, by the subject of the gate that failed.
    failed_before
        The subjects that the earlier publication holds back itself; None where there is none.
    keeps
        Whether the project is set to keep it (var `failed_gates_keep_the_publication`).

    Returns
    -------
    str or None
        A sentence without its full stop; None where the earlier publication shows nothing that
        this run does not.
    """
    if failed_before is None or not keeps:
        return None
    new = {subject: why for subject, why in failed.items() if subject not in failed_before}
    if not new:
        return None
    first = next(iter(new.values())).rstrip(".")
    more = f" (and {len(new) - 1} more)" if len(new) > 1 else ""
    return (
        f"what is published shows a score that does not pass its gates now. {first}{more}. Var "
        "`failed_gates_keep_the_publication: false` publishes the marts without it"
    )


def marts_to_publish(described: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Describe the public marts as a publication takes them.

    Parameters
    ----------
    described
        Models, seeds and tests as `described_node` takes them. Public marts have `mart`, None
        elsewhere: `relation`, `description`, `columns` (`description` by name, and `published_as`,
        None where its YAML says nothing) and `primary_key`, the columns that dbt takes for one.
        Tests that some columns together identify rows have `identifies`, the model and the columns.

    Returns
    -------
    list of dict
        By name: `name`, `relation`, `description`, `columns` (descriptions by name), `key` and
        `published_as` (forms by name of the column).
    """
    tested: dict[str, Sequence[str]] = {}
    models: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = []
    for node in described:
        if node.get("identifies"):
            tested.setdefault(*node["identifies"])
        if node.get("mart"):
            models.append((node["name"], node, node["mart"]))
    return [
        {
            "name": name,
            "relation": mart["relation"],
            "description": mart["description"],
            "columns": {column: said["description"] for column, said in mart["columns"].items()},
            "key": list(_primary_key(node, mart["primary_key"], tested.get(node["unique_id"]))),
            "published_as": {
                column: said["published_as"]
                for column, said in mart["columns"].items()
                if said["published_as"] is not None
            },
        }
        for name, node, mart in sorted(models, key=lambda model: model[0])
    ]


def _primary_key(
    node: Mapping[str, Any], guessed: Sequence[str] | None, tested: Sequence[str] | None
) -> Sequence[str]:
    """Find the columns that identify the rows of a mart: a constraint's, or else a test's."""
    for constraint in node["constraints"] or []:
        if constraint["type"] == "primary_key":
            columns: Sequence[str] = constraint["columns"]
            return columns
    for name, _, constraints in node["columns"]:
        if any(constraint["type"] == "primary_key" for constraint in constraints or []):
            return [name]
    return tested if tested is not None else guessed or []
