"""Audit the dependencies for known vulnerabilities: `python .ci/audit.py REQUIREMENTS`.

Fails for a vulnerability, and if a service knows only some of the packages. Without access to any
service, prints a warning, or fails if AUDIT=required is set, as it is for a release.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

SERVICES = ("pypi", "osv")


class Unreachable(Exception):  # noqa: N818 (not an error: the next service is tried)
    """The service did not answer, for any package."""


def problems(dependencies: Sequence[dict[str, Any]]) -> list[str]:
    """Describe the vulnerable and the skipped dependencies of a report of pip-audit.

    Raises:
        Unreachable: No dependency was audited. A mirror without the service returns "no such
            package" for every package, which pip-audit accepts.
    """
    skipped = [package for package in dependencies if "skip_reason" in package]
    if len(skipped) == len(dependencies):
        raise Unreachable("it knows no package")
    return [
        f"{package['name']} was not audited: {package['skip_reason']}" for package in skipped
    ] + [
        f"{package['name']} {package['version']}: {flaw['id']}, fixed in {flaw['fix_versions']}"
        for package in dependencies
        for flaw in package.get("vulns", ())
    ]


def dependencies_of(requirements: str, service: str) -> list[dict[str, Any]]:
    """Query a service for pinned requirements, without resolving or building any."""
    process = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--requirement", requirements),
            *("--no-deps", "--disable-pip", "--format", "json"),
            *("--vulnerability-service", service, "--progress-spinner", "off", "--timeout", "15"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report: dict[str, list[dict[str, Any]]] = json.loads(process.stdout)
    except ValueError:
        raise Unreachable(process.stderr.strip().rpartition("\n")[2]) from None
    return report["dependencies"]


def main(requirements: str) -> int:
    for service in SERVICES:
        try:
            lines = problems(dependencies_of(requirements, service))
        except Unreachable as reason:
            print(f"{service}: no answer ({reason})")
            continue
        print("\n".join(lines) or f"{service}: no known vulnerability")
        return int(bool(lines))
    print("!!! NOT AUDITED: no vulnerability service can be reached !!!")
    return int(os.environ.get("AUDIT") == "required")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
