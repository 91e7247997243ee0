"use strict";
// What comes from orders and payments is only ever text: it is set by textContent, never as HTML.
(() => {
  const MOST_PRINTED = 2000;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const texts = read("words");
  const settings = read("settings");
  const verdicts = new Map(settings.verdicts.map(([name, tone, sign], rank) => [name, { tone, sign, rank }]));

  let language = settings.language ?? (navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en");
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const say = (key, values = {}) => filled(texts[language][key], values);
  const number = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
  const status = (word) => texts[language][`status.${word}`] ?? word;

  // A row is what row.py made of a finding: its fields by their order.
  const rows = read("data").map(([verdict, uid, order, payments, more, off, error], index) => ({
    index, verdict, uid, more, error,
    order: order && { amount: order[0], currency: order[1], status: order[2] },
    off: off && { amount: off[0], currency: off[1] },
    payments: payments.map(([imp, amount, cancelled, currency, state, test, time]) =>
      ({ imp, amount, cancelled, currency, status: state, test, time })),
  }));

  // Amounts are decimals of any length: compared as integers of one scale, never as floats.
  const scaled = (amount) => {
    const [whole, fraction = ""] = amount.replaceAll(",", "").split(".");
    return /^-?\d+$/.test(whole) ? BigInt(whole + fraction.padEnd(40, "0").slice(0, 40)) : 0n;
  };
  const collator = new Intl.Collator(undefined, { numeric: true });
  const compared = (a, b) => (typeof a === "string" ? collator.compare(a, b) : a < b ? -1 : a > b ? 1 : 0);
  const money = (sum) => (sum ? [sum.currency, scaled(sum.amount)] : null);
  // What a column sorts by: [group, key], the groups always ascending; null comes last.
  const keys = {
    verdict: (row) => ["", verdicts.get(row.verdict).rank],
    order: (row) => ["", row.uid],
    asked: (row) => money(row.order),
    found: (row) => money(row.payments[0]),
    off: (row) => money(row.off),
    time: (row) => (row.payments[0]?.time ? ["", row.payments[0].time] : null),
  };

  const state = { words: [], verdict: "", size: 50, page: 0, column: null, direction: 1 };
  let found = rows;

  const haystack = (row) => (row.hay ??= [
    row.uid, row.error, row.verdict,
    texts.ko[`verdict.${row.verdict}`], texts.en[`verdict.${row.verdict}`],
    ...[row.order, row.off, ...row.payments].flatMap((each) => (each ? [
      each.amount, each.amount.replaceAll(",", ""), each.currency, each.imp, each.time, each.status,
      texts.ko[`status.${each.status}`], texts.en[`status.${each.status}`],
    ] : [])),
  ].filter(Boolean).join("\n").toLowerCase());

  const select = () => {
    found = rows.filter((row) => (!state.verdict || row.verdict === state.verdict)
      && state.words.every((word) => haystack(row).includes(word)));
    if (state.column) {
      const key = keys[state.column];
      found = found.map((row) => [row, key(row)]).sort(([a, one], [b, other]) => {
        if (!one || !other) return (one ? 0 : 1) - (other ? 0 : 1) || a.index - b.index;
        return compared(one[0], other[0]) || state.direction * compared(one[1], other[1]) || a.index - b.index;
      }).map(([row]) => row);
    }
    state.page = 0;
  };

  const make = (tag, kind, ...content) => {
    const element = document.createElement(tag);
    if (kind) element.className = kind;
    element.append(...content.filter((each) => each !== "" && each !== null));
    return element;
  };
  // Text from outside keeps its direction to itself.
  const outside = (kind, text) => make("bdi", kind, text);
  const sum = (amount, currency) => make("span", "money", amount, " ", outside("currency", currency));

  const cell = (label, kind, ...content) => {
    const element = make("td", kind, ...content);
    element.setAttribute("role", "cell");
    element.dataset.label = say(label);
    return element;
  };
  const badge = (name) => {
    const sign = make("span", "sign", verdicts.get(name).sign);
    sign.setAttribute("aria-hidden", "true");
    return make("span", `badge ${verdicts.get(name).tone}`, sign, say(`verdict.${name}`));
  };
  const none = (key) => make("span", "none", key ? say(key) : "–");
  const payment = (each, isOneOfMany) => make("div", "payment",
    make("div", "", sum(each.amount, each.currency), " ", make("span", "state", outside("", status(each.status))),
      each.test ? make("span", "tag", say("table.test")) : ""),
    each.cancelled ? make("div", "soft", say("table.cancelled", { amount: each.cancelled })) : "",
    make("div", "soft", outside("id", each.imp), isOneOfMany && each.time ? ` · ${each.time}` : ""));

  const line = (row) => {
    const element = make("tr", "",
      cell("table.verdict", "", badge(row.verdict), row.error ? make("div", "error", outside("", row.error)) : ""),
      cell("table.order", "", outside("id uid", row.uid)),
      cell("table.asked", "right", ...(row.order
        ? [sum(row.order.amount, row.order.currency), make("div", "state", outside("", status(row.order.status)))]
        : [none(row.verdict === "orphan" ? "table.noorder" : "")])),
      cell("table.found", "", ...(row.payments.length
        ? row.payments.map((each) => payment(each, row.payments.length > 1))
        : [none(row.verdict === "not_checked" ? "" : "table.none")]),
      row.more ? make("div", "soft", say("table.more", { n: number(row.more) })) : ""),
      cell("table.off", "right", row.off ? sum(row.off.amount, row.off.currency) : none("")),
      cell("table.time", "time", row.payments[0]?.time || none("")));
    element.setAttribute("role", "row");
    return element;
  };

  const at = (id) => document.getElementById(id);
  const pages = () => Math.max(1, Math.ceil(found.length / state.size));
  const fill = (first, last) => at("rows").tBodies[0].replaceChildren(...found.slice(first, last).map(line));

  const show = () => {
    const first = state.page * state.size;
    const last = Math.min(found.length, first + state.size);
    fill(first, last);
    const values = { first: number(found.length ? first + 1 : 0), last: number(last), n: number(found.length), total: number(rows.length) };
    at("status").textContent = say(found.length === rows.length ? "table.status" : "table.status.filtered", values);
    at("nothing").hidden = found.length > 0;
    at("page").textContent = say("table.page", { n: number(state.page + 1), total: number(pages()) });
    document.querySelector(".pages").hidden = pages() < 2;
    for (const button of document.querySelectorAll("[data-step]")) {
      // Not "disabled": the focus would be lost on the last page.
      const isBack = ["first", "previous"].includes(button.dataset.step);
      button.setAttribute("aria-disabled", String(isBack ? state.page === 0 : state.page === pages() - 1));
    }
  };

  const showOrder = () => {
    for (const button of document.querySelectorAll("[data-column]")) {
      const isSorted = button.dataset.column === state.column;
      const order = !isSorted ? "none" : state.direction > 0 ? "ascending" : "descending";
      button.closest("th").setAttribute("aria-sort", order);
      button.title = isSorted ? say(`table.sorted.${order}`) : say("table.sort");
    }
  };

  const showVerdicts = () => {
    const counts = new Map();
    for (const row of rows) counts.set(row.verdict, (counts.get(row.verdict) ?? 0) + 1);
    const option = (value, text) => Object.assign(make("option", "", text), { value });
    at("verdict").replaceChildren(
      option("", `${say("table.verdict.all")} (${number(rows.length)})`),
      ...[...verdicts.keys()].filter((name) => counts.has(name))
        .map((name) => option(name, `${say(`verdict.${name}`)} (${number(counts.get(name))})`)));
    at("verdict").value = state.verdict;
  };

  const speak = () => {
    document.documentElement.lang = language;
    for (const element of document.querySelectorAll("[data-text]")) {
      element.textContent = say(element.dataset.text, JSON.parse(element.dataset.values ?? "{}"));
    }
    for (const element of document.querySelectorAll("[data-hint]")) element.placeholder = say(element.dataset.hint);
    for (const element of document.querySelectorAll("[data-label-text]")) {
      element.setAttribute("aria-label", say(element.dataset.labelText));
    }
    for (const button of document.querySelectorAll("[data-language]")) {
      button.setAttribute("aria-pressed", String(button.dataset.language === language));
    }
    const heading = document.querySelector("h1 [data-text]");
    if (heading) document.title = heading.textContent;
    if (rows.length) {
      showVerdicts();
      showOrder();
      show();
    }
  };

  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      language = button.dataset.language;
      speak();
    });
  }

  if (rows.length) {
    const again = () => { select(); show(); };
    at("search").addEventListener("input", (event) => {
      state.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      again();
    });
    at("verdict").addEventListener("change", (event) => { state.verdict = event.target.value; again(); });
    at("size").addEventListener("change", (event) => { state.size = Number(event.target.value); state.page = 0; show(); });
    for (const button of document.querySelectorAll("[data-column]")) {
      button.addEventListener("click", () => {
        state.direction = state.column === button.dataset.column ? -state.direction : 1;
        state.column = button.dataset.column;
        showOrder();
        again();
      });
    }
    const steps = { first: () => 0, previous: () => state.page - 1, next: () => state.page + 1, last: () => pages() - 1 };
    for (const button of document.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => {
        state.page = Math.min(Math.max(0, steps[button.dataset.step]()), pages() - 1);
        show();
      });
    }
    // On paper there are no pages to turn.
    addEventListener("beforeprint", () => {
      fill(0, MOST_PRINTED);
      at("printed").hidden = found.length <= MOST_PRINTED;
      at("printed").textContent = say("table.printed", { n: number(MOST_PRINTED), total: number(found.length) });
    });
    addEventListener("afterprint", () => { at("printed").hidden = true; show(); });
    document.querySelector(".tools").hidden = false;
  }
  speak();
})();
