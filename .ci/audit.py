"""Known vulnerabilities in what users install: `python .ci/audit.py REQUIREMENTS`.

It fails when there is one, and when a service answers for some packages and not for others. A
machine that reaches no service has audited nothing: it says so, loudly, and goes on, or fails
where AUDIT=required is set, as it is for a release.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

SERVICES = ("pypi", "osv")


class Unreachable(Exception):  # noqa: N818 (no error: the next service is asked)
    """The service did not answer, for any package."""


def problems(dependencies: Sequence[dict[str, Any]]) -> list[str]:
    """What stands against these dependencies, as pip-audit reports them, in sentences.

    Raises:
        Unreachable: None of them was audited. pip-audit takes "no such package" for an answer,
            and a mirror that has no such service gives it for every package there is.
    """
    skipped = [each for each in dependencies if "skip_reason" in each]
    if len(skipped) == len(dependencies):
        raise Unreachable("it knows none of the packages")
    return [f"{each['name']} was not audited: {each['skip_reason']}" for each in skipped] + [
        f"{each['name']} {each['version']}: {found['id']}, mended in {found['fix_versions']}"
        for each in dependencies
        for found in each.get("vulns", ())
    ]


def dependencies_of(requirements: str, service: str) -> list[dict[str, Any]]:
    """Ask a service about pinned requirements, without building or resolving anything."""
    ran = subprocess.run(
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
        report: dict[str, list[dict[str, Any]]] = json.loads(ran.stdout)
    except ValueError:
        raise Unreachable(ran.stderr.strip().rpartition("\n")[2]) from None
    return report["dependencies"]


def main(requirements: str) -> int:
    for service in SERVICES:
        try:
            found = problems(dependencies_of(requirements, service))
        except Unreachable as reason:
            print(f"{service}: no answer ({reason})")
            continue
        print("\n".join(found) or f"{service}: no known vulnerability")
        return int(bool(found))
    print("!!! NOT AUDITED: no service for vulnerabilities can be reached from here !!!")
    return int(os.environ.get("AUDIT") == "required")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
