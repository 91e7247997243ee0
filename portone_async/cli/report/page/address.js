"use strict";
// The filters of the table, kept in the address. Whoever sends a link writes it: only known words
// and bounded texts are taken from it, and the rest counts for nothing.
const ADDRESS = (() => {
  const LONGEST = 200;

  // What the table shows when the address says nothing.
  const DEFAULTS = Object.freeze({ text: "", verdict: "", size: 50, column: null, direction: 1, page: 0 });

  // `known` has the words that may be taken: verdicts, sizes, columns.
  const read = (hash, known) => {
    const given = new URLSearchParams(hash.slice(1, 2000));
    const oneOf = (words, word, otherwise) => (words.includes(word) ? word : otherwise);
    const page = /^[1-9]\d{0,8}$/.test(given.get("page") ?? "") ? Number(given.get("page")) - 1 : 0;
    return {
      text: (given.get("q") ?? "").slice(0, LONGEST),
      verdict: oneOf(known.verdicts, given.get("verdict"), DEFAULTS.verdict),
      size: oneOf(known.sizes, Number(given.get("size")), DEFAULTS.size),
      column: oneOf(known.columns, given.get("sort"), DEFAULTS.column),
      direction: given.get("order") === "descending" ? -1 : 1,
      page,
    };
  };

  const written = (state) => {
    const told = new URLSearchParams();
    if (state.text) told.set("q", state.text.slice(0, LONGEST));
    if (state.verdict) told.set("verdict", state.verdict);
    if (state.size !== DEFAULTS.size) told.set("size", state.size);
    if (state.column) told.set("sort", state.column);
    if (state.column && state.direction < 0) told.set("order", "descending");
    if (state.page) told.set("page", state.page + 1);
    return String(told);
  };

  return { DEFAULTS, read, written };
})();
