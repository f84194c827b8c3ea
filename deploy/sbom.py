"""What is in an image, as a CycloneDX document: `python deploy/sbom.py IMAGE > sbom.json`.

Takes an image's tag and asks Docker to look inside (Debian's packages, Python's distributions); gives one JSON
document, checked against CycloneDX's own schema before it is printed. Never starts the image's own program, never needs
a network.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

DEBIAN = ("dpkg-query", "-W", "-f", "${Package}\t${Version}\t${Architecture}\n")
PYTHON = (
    "python3",
    "-c",
    "import importlib.metadata as m; print('\\n'.join(f'{d.name}\\t{d.version}' for d in m.distributions()))",
)


def inside(image: str, *words: str) -> list[list[str]]:
    """Lines that a program of the image prints, taken apart at tabulators."""
    command = ["docker", "run", "--rm", "--network", "none", "--entrypoint", words[0], image, *words[1:]]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in told.splitlines() if line]


def debian(rows: Iterable[list[str]]) -> list[Component]:
    """Debian's packages: name, version, architecture."""
    return [
        Component(
            name=name,
            version=version,
            type=ComponentType.LIBRARY,
            bom_ref=f"deb/{name}",
            purl=PackageURL("deb", "debian", name, version, {"arch": architecture}),
        )
        for name, version, architecture in rows
    ]


def python(rows: Iterable[list[str]]) -> list[Component]:
    """Python's distributions: name, version; each name once."""
    return [
        Component(
            name=name,
            version=version,
            type=ComponentType.LIBRARY,
            bom_ref=f"pypi/{name}",
            purl=PackageURL("pypi", None, name.lower().replace("_", "-"), version),
        )
        for name, version in dict(rows).items()
    ]


def document(image: str, components: Iterable[Component]) -> str:
    """The document as JSON.

    Raises:
        ValueError: it is not valid by CycloneDX 1.6.
    """
    bom = Bom(components=components)
    bom.metadata.component = root = Component(name=image, type=ComponentType.CONTAINER, bom_ref="image")
    bom.register_dependency(root, bom.components)
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ValueError(f"{image}: {error}")
    return text


def main(image: str) -> None:
    """Look, check, print."""
    text = document(image, [*debian(inside(image, *DEBIAN)), *python(inside(image, *PYTHON))])
    print(text)
    print(f"{image}: {len(json.loads(text)['components'])} components", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
