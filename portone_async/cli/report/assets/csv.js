"use strict";
// Rows as CSV that a spreadsheet opens as it is, and runs nothing of: the rules of `as_csv.py`,
// and order numbers keep every digit.
const CSV = (() => {
  // What a spreadsheet takes for the beginning of a formula, full-width forms included.
  const FORMULA = /^[=+\-@\t\r\n'＝＋－＠]/u;

  // A spreadsheet takes these for numbers: it drops zeros in front, and rounds after 15 digits.
  const LOSSY = /^(0\d+|\d{16,})$/;

  const text = (value) => (FORMULA.test(value) || LOSSY.test(value) ? `'${value}` : value);
  const amount = (value) => {
    const plain = value.replaceAll(",", "");
    return /^-?\d+(\.\d+)?$/.test(plain) ? plain : text(value);
  };
  const time = (value) => value.replace(" ", "T");
  const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

  const COLUMNS = [
    "merchant_uid", "verdict", "verdict_text", "order_amount", "order_currency", "order_status",
    "order_cancelled_amount", "payments", "imp_uid", "status", "amount", "cancel_amount", "currency",
    "test", "paid_at", "other_payments", "difference", "difference_currency", "error",
  ];

  const cells = (row, nameOf) => {
    const { order, off, payments: [newest, ...others] } = row;
    return [
      text(row.uid), row.verdict, nameOf(row.verdict),
      ...(order ? [amount(order.amount), text(order.currency), text(order.status), amount(order.refunded)] : ["", "", "", ""]),
      String(row.payments.length + row.more),
      ...(newest
        ? [text(newest.imp), text(newest.status), amount(newest.amount), amount(newest.cancelled), text(newest.currency), newest.test ? "true" : "", time(newest.time)]
        : ["", "", "", "", "", "", ""]),
      text(others.map((each) => `${each.imp} ${each.status} ${each.amount} ${each.currency}`).join("; ")),
      off ? amount(off.amount) : "", off ? text(off.currency) : "",
      text(row.error),
    ];
  };

  // A byte order mark is how Excel knows UTF-8.
  return (rows, nameOf) => `\ufeff${[COLUMNS, ...rows.map((row) => cells(row, nameOf))]
    .map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`;
})();
