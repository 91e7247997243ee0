"use strict";
// Keep the filters of the table in the address. A link may come from a stranger: take only known
// words and bounded texts from it, and ignore the rest.
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
    const given = new URLSearchParams();
    if (state.text) given.set("q", state.text.slice(0, LONGEST));
    if (state.verdict) given.set("verdict", state.verdict);
    if (state.size !== DEFAULTS.size) given.set("size", state.size);
    if (state.column) given.set("sort", state.column);
    if (state.column && state.direction < 0) given.set("order", "descending");
    if (state.page) given.set("page", state.page + 1);
    return String(given);
  };

  return { DEFAULTS, read, written };
})();
