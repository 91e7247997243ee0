"""``python -m tests.contract.page``: write ``docs/api/operations.md`` from the table of operations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from portone_async.operations import OPERATIONS, Operation

__all__ = ("PAGE", "page")

PAGE = Path(__file__).parents[2] / "docs" / "api" / "operations.md"

_HEAD = """\
# Operations

All eighty operations of PortOne V1, and the method of the client for each. The class of an
operation states what a second request does if the first one may have been processed, and so what
happens after a timeout, a broken connection or a server error:

| Class | A second request | After a lost answer |
| --- | --- | --- |
| `READ` | changes nothing | The client repeats the request. |
| `SET` | leaves the same state | The client repeats the request. |
| `GUARDED` | is refused, or does no harm | The method looks up what the first one did. |
| `UNSAFE` | may move money twice, or leave something twice | The method looks it up, and sends nothing again before that. |

The same table for programs:

```python
from portone_async.operations import OPERATIONS

operation = next(each for each in OPERATIONS if each.call == "codes.bank")
operation.endpoint  # -> 'GET /banks/{bank_standard_code}'
operation.repeat.name  # -> 'READ'
(await client.codes.bank("004")).name  # -> '국민은행'
```
"""


def page() -> str:
    """Return the page in Markdown."""
    return "\n".join([_HEAD, *_sections()]) + "\n"


def _sections() -> Iterator[str]:
    for section, operations in groupby(OPERATIONS, _section):
        yield f"## {_title(section)}\n"
        yield "| Operation | Method | Class | Returns |"
        yield "| --- | --- | --- | --- |"
        yield from map(_row, operations)
        yield ""


def _section(operation: Operation) -> str | None:
    return None if operation.call is None else operation.call.partition(".")[0]


def _title(section: str | None) -> str:
    if section is None:
        return "The token"
    guides = {"payments": "refunds", "virtual_accounts": "virtual_accounts"}
    page = f"../en/{guides[section]}" if section in guides else section
    return f"[`client.{section}`]({page}.md)"


def _row(operation: Operation) -> str:
    method = "the client, by itself" if operation.call is None else f"`{operation.call}`"
    response = "" if operation.response is None else f"`{operation.response}`"
    return (
        f"| `{operation.endpoint}` | {method} | `{operation.repeat.name}` | {response} |".replace(
            "|  |", "| |"
        )
    )


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
