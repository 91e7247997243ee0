"use strict";
// The selected rows as CSV for spreadsheets, by the rules of `csv_writer.py`. In addition, long
// order numbers keep all their digits.
const CSV = (() => {
  // A spreadsheet takes a cell with such a first character for a formula, full-width forms included.
  const FORMULA_START = /^[=+\-@\t\r\n'＝＋－＠]/u;

  // As numbers, these would lose leading zeros, or digits after the 15th.
  const LOSSY_NUMBER = /^(0\d+|\d{16,})$/;

  const text = (value) => (FORMULA_START.test(value) || LOSSY_NUMBER.test(value) ? `'${value}` : value);
  const amount = (value) => {
    const plain = value.replaceAll(",", "");
    return /^-?\d+(\.\d+)?$/.test(plain) ? plain : text(value);
  };
  const time = (value) => value.replace(" ", "T");
  const quote = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

  const COLUMNS = [
    "merchant_uid", "verdict", "verdict_text", "order_amount", "order_currency", "order_status",
    "order_cancelled_amount", "payments", "imp_uid", "status", "amount", "cancel_amount", "currency",
    "test", "paid_at", "other_payments", "difference", "difference_currency", "error",
  ];

  const cells = (row, verdictText) => {
    const { order, difference, payments: [newest, ...others] } = row;
    return [
      text(row.uid), row.verdict, verdictText(row.verdict),
      ...(order ? [amount(order.amount), text(order.currency), text(order.status), amount(order.refunded)] : ["", "", "", ""]),
      String(row.payments.length + row.more),
      ...(newest
        ? [text(newest.imp), text(newest.status), amount(newest.amount), amount(newest.cancelled), text(newest.currency), newest.test ? "true" : "", time(newest.time)]
        : ["", "", "", "", "", "", ""]),
      text(others.map((other) => `${other.imp} ${other.status} ${other.amount} ${other.currency}`).join("; ")),
      ...(difference ? [amount(difference.amount), text(difference.currency)] : ["", ""]),
      text(row.error),
    ];
  };

  // Excel reads UTF-8 only with a byte order mark.
  return (rows, verdictText, hasTiers) => `\ufeff${[COLUMNS, ...rows.map((row) => cells(row, verdictText))]
    .map((line, index) => (hasTiers ? [index ? text(rows[index - 1].tier) : "tier", ...line] : line))
    .map((line) => line.map(quote).join(",")).join("\r\n")}\r\n`;
})();
