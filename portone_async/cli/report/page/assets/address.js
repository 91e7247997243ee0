"use strict";
// The filters of the table, in the fragment of the page's address. A link may be hostile: only
// allowed words and short texts are read from it; all else is ignored.
const ADDRESS = (() => {
  const MAX_TEXT = 200;

  // The state of the table without a fragment.
  const DEFAULTS = Object.freeze({ text: "", verdict: "", size: 50, column: null, direction: 1, page: 0 });

  // `allowed` lists the words that are accepted: verdicts, sizes, columns.
  const read = (fragment, allowed) => {
    const fields = new URLSearchParams(fragment.slice(1, 2000));
    const oneOf = (words, word, otherwise) => (words.includes(word) ? word : otherwise);
    const page = /^[1-9]\d{0,8}$/.test(fields.get("page") ?? "") ? Number(fields.get("page")) - 1 : 0;
    return {
      text: (fields.get("q") ?? "").slice(0, MAX_TEXT),
      verdict: oneOf(allowed.verdicts, fields.get("verdict"), DEFAULTS.verdict),
      size: oneOf(allowed.sizes, Number(fields.get("size")), DEFAULTS.size),
      column: oneOf(allowed.columns, fields.get("sort"), DEFAULTS.column),
      direction: fields.get("order") === "descending" ? -1 : 1,
      page,
    };
  };

  const write = (state) => {
    const fields = new URLSearchParams();
    if (state.text) fields.set("q", state.text.slice(0, MAX_TEXT));
    if (state.verdict) fields.set("verdict", state.verdict);
    if (state.size !== DEFAULTS.size) fields.set("size", state.size);
    if (state.column) fields.set("sort", state.column);
    if (state.column && state.direction < 0) fields.set("order", "descending");
    if (state.page) fields.set("page", state.page + 1);
    return String(fields);
  };

  return { DEFAULTS, read, write };
})();
