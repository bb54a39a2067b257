"""A software bill of materials in CycloneDX: which packages are in the environment, and why.

CycloneDX is ECMA-424 (2nd edition, 2025); the library of its own project writes the file.
"""

from collections.abc import Mapping
from pathlib import Path

from footfall.core.extras import needs
from footfall.dependencies.installed import PROJECT, Package, needed_packages

with needs("sbom"):
    from cyclonedx.factory.license import LicenseFactory
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL


def write_sbom(file: Path) -> int:
    """Write the bill of materials of this environment.

    Returns
    -------
    int
        How many packages it lists.
    """
    packages = needed_packages()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(bill_of(packages), encoding="utf-8")
    return len(packages) - 1


def bill_of(packages: Mapping[str, Package]) -> str:
    """Return packages as JSON, the project first, with what each needs."""
    components = {name: _component(name, package) for name, package in packages.items()}
    bom = Bom(components=[one for name, one in components.items() if name != PROJECT])
    bom.metadata.component = components[PROJECT]
    for name, package in packages.items():
        bom.register_dependency(
            components[name], [components[other] for other in sorted(package.needs)]
        )
    written: str = JsonV1Dot6(bom).output_as_string(indent=2)
    return written


def _component(name: str, package: Package) -> Component:
    metadata = package.distribution.metadata.json
    licence = str(metadata.get("license_expression") or metadata.get("license") or "")
    # Some packages put the whole text there.
    named = [LicenseFactory().make_from_string(licence)] if 0 < len(licence) < 200 else []
    address = PackageURL("pypi", name=name, version=package.version)
    return Component(
        name=name,
        version=package.version,
        type=ComponentType.APPLICATION if name == PROJECT else ComponentType.LIBRARY,
        description=str(metadata.get("summary", "")) or None,
        licenses=named,
        bom_ref=str(address),
        purl=address,
    )
