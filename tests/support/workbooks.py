"""Write small workbooks, with the exact digits of every number."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypeAlias
from xml.sax.saxutils import escape, quoteattr

from msgspec import Struct

__all__ = ("Error", "Number", "write_ods", "write_xlsx")


class Number(Struct, frozen=True):
    """A number with exactly these digits."""

    text: str


class Error(Struct, frozen=True):
    """An error of Excel, such as ``#N/A``."""

    text: str


Cell: TypeAlias = str | int | Number | Error | date | None
Table: TypeAlias = Sequence[Sequence[Cell]]

_XMLNS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_EPOCH = date(1899, 12, 30)


def write_xlsx(path: str, sheets: Mapping[str, Table], hidden: Sequence[str] = ()) -> str:
    """Write an .xlsx from the rows of each named sheet; return the path."""
    numbers = range(1, len(sheets) + 1)
    names = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="r{number}"'
        + (' state="hidden"/>' if name in hidden else "/>")
        for number, name in enumerate(sheets, 1)
    )
    relations = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPES}.worksheet+xml"/>'
        for n in numbers
    )
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-'
        f'package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{_TYPES}'
        f'.sheet.main+xml"/>{overrides}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="r1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_XMLNS}" xmlns:r="{_OFFICE}"><sheets>{names}'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELATIONS}">{relations}'
        f'<Relationship Id="s" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_XMLNS}"><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="14"/></cellXfs></styleSheet>',
    }
    for number, rows in enumerate(sheets.values(), 1):
        parts[f"xl/worksheets/sheet{number}.xml"] = _sheet(rows)
    return _write(path, parts)


def _sheet(rows: Table) -> str:
    lines = (
        f'<row r="{number}">'
        + "".join(_cell(f"{chr(ord('A') + index)}{number}", cell) for index, cell in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, 1)
    )
    return f'<worksheet xmlns="{_XMLNS}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _cell(reference: str, cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            text = f'<t xml:space="preserve">{escape(cell)}</t>'
            return f'<c r="{reference}" t="inlineStr"><is>{text}</is></c>'
        case Error():
            return f'<c r="{reference}" t="e"><v>{cell.text}</v></c>'
        case date():
            return f'<c r="{reference}" s="1"><v>{(cell - _EPOCH).days}</v></c>'
        case _:
            return (
                f'<c r="{reference}"><v>{cell.text if isinstance(cell, Number) else cell}</v></c>'
            )


def write_ods(path: str, rows: Sequence[Sequence[str | int]], *, is_locked: bool = False) -> str:
    """Write an .ods with one sheet; return the path."""
    oasis = "urn:oasis:names:tc:opendocument:xmlns"
    lines = "".join(
        f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows
    )
    encryption = "<manifest:encryption-data/>" if is_locked else ""
    media_type = "application/vnd.oasis.opendocument.spreadsheet"
    return _write(
        path,
        {
            "mimetype": media_type,
            "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{oasis}:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="content.xml" '
            f'manifest:media-type="text/xml">{encryption}</manifest:file-entry>'
            "</manifest:manifest>",
            "content.xml": f'<office:document-content xmlns:office="{oasis}:office:1.0" '
            f'xmlns:table="{oasis}:table:1.0" xmlns:text="{oasis}:text:1.0"><office:body>'
            f'<office:spreadsheet><table:table table:name="주문">{lines}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        },
    )


def _ods_cell(cell: str | int) -> str:
    if isinstance(cell, int):
        return f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
    return (
        f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p>'
        "</table:table-cell>"
    )


def _write(path: str, parts: Mapping[str, str]) -> str:
    with zipfile.ZipFile(Path(path), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path
