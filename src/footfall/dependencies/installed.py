"""Which of the installed packages the project needs, and what each of them needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "footfall"
#: Extras that `make env` installs.
EXTRAS = ("demo", "dev")


@dataclass(frozen=True)
class Package:
    """An installed package, and the names of those that it needs here."""

    distribution: Distribution
    needs: frozenset[str]

    @property
    def version(self) -> str:
        """Its version as an index knows it: without the label of a build, such as `+cpu`."""
        return self.distribution.version.partition("+")[0]


def needed_packages() -> Mapping[str, Package]:
    """Return the project and all that it needs with its extras, directly or not, by name.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        One of them is not installed.
    """
    extras: dict[str, set[str]] = {}
    needs: dict[str, set[str]] = {}
    waiting = [Requirement(f"{PROJECT}[{','.join(EXTRAS)}]")]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        known = extras.setdefault(name, set())
        if name in needs and wanted.extras <= known:
            continue
        known |= wanted.extras
        requirements = map(Requirement, distribution(name).requires or ())
        found = [one for one in requirements if _applies(one, known)]
        needs[name] = {canonicalize_name(one.name) for one in found}
        waiting += found
    return {name: Package(distribution(name), frozenset(needs[name])) for name in sorted(needs)}


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""})
