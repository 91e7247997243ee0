"""Write the CycloneDX SBOM of a wheel: `python .ci/sbom.py WHEEL ENVIRONMENT OUT`.

Lists the wheel with its digest, and the packages that pip installs with it, with versions and
licences, from an environment that holds nothing else. The SBOM is a separate file, not part of the
wheel (PEP 770): the wheel bundles nothing, and its dependencies are resolved on installation.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from email.parser import HeaderParser
from hashlib import sha256
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def metadata_of(wheel: Path) -> Any:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (path for path in archive.namelist() if path.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(archive.read(name).decode())


def sbom(wheel: Path, environment: Path) -> dict[str, Any]:
    """Return the SBOM of the environment by cyclonedx-py, with the wheel as its subject."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "sbom.json")
        subprocess.run(
            [
                *(sys.executable, "-m", "cyclonedx_py", "environment", str(environment)),
                *("--pyproject", "pyproject.toml", "--mc-type", "library"),
                *("--output-reproducible", "--spec-version", "1.6", "--output-file", str(out)),
            ],
            check=True,
        )
        bom: dict[str, Any] = json.loads(out.read_text())
    # pyproject.toml does not contain the version.
    metadata = metadata_of(wheel)
    bom["metadata"]["component"] |= {
        "version": metadata["Version"],
        "purl": f"pkg:pypi/{metadata['Name']}@{metadata['Version']}",
        "hashes": [{"alg": "SHA-256", "content": sha256(wheel.read_bytes()).hexdigest()}],
    }
    return bom


def check(bom: dict[str, Any], wheel: Path) -> None:
    """Assert that an SBOM is valid and complete."""
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bom))
    assert error is None, error
    components = {canonicalize_name(each["name"]): each for each in bom["components"]}
    core = {
        canonicalize_name(requirement.name)
        for text in metadata_of(wheel).get_all("Requires-Dist")
        if (requirement := Requirement(text)).marker is None
    }
    assert core, "no dependencies"
    assert core <= components.keys(), core - components.keys()
    assert not components.keys() & {"pip", "setuptools"}, "no bare environment"
    unlicensed = [
        name for name, each in components.items() if not (each["version"] and each.get("licenses"))
    ]
    assert not unlicensed, unlicensed


def main(wheel: Path, environment: Path, out: Path) -> None:
    bom = sbom(wheel, environment)
    check(bom, wheel)
    out.write_text(json.dumps(bom, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
    print(f"{out.name}: {len(bom['components'])} components, each with version and licence")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
