"""``python -m tests.contract FILE``: compare a newer document of PortOne with this package.

It prints what the document adds, removes or changes, and what this package does not cover of it.
The exit status is 1 if there is anything of either. ``--write`` stores the document's facts.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .compare import differences
from .document import Facts, load, read, write
from .surface import gaps


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.contract", description=__doc__)
    parser.add_argument("file", type=Path, help="the document, such as v1.openapi.json")
    parser.add_argument("--write", action="store_true", help="store its facts in this folder")
    arguments = parser.parse_args(argv)
    new = read(json.loads(arguments.file.read_text("utf-8")))
    lines = [*report(load(), new)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if arguments.write:
        write(new)
    return int(bool(lines))


def report(old: Facts, new: Facts) -> list[str]:
    """List the differences of the documents, then those of the new one and this package."""
    changes, missing = [*differences(old, new)], [*gaps(new)]
    return [
        *(["The document differs from the stored facts:"] if changes else []),
        *(f"  {line}" for line in changes),
        *(["This package differs from the document:"] if missing else []),
        *(f"  {line}" for line in missing),
    ]


if __name__ == "__main__":
    sys.exit(main())
