"use strict";
// What comes from orders and payments is only ever text: it is set by textContent, never as HTML.
(() => {
  const MOST_PRINTED = 2000;
  // What PortOne takes at most: such a number stays in one line where there is room.
  const LONGEST_IN_A_LINE = 40;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const texts = read("words");
  const settings = read("settings");
  const verdicts = new Map(settings.verdicts.map(([name, tone, sign], rank) => [name, { tone, sign, rank }]));

  let language = settings.language ?? (navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en");
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const say = (key, values = {}) => filled(texts[language][key], values);
  const number = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
  const status = (word) => texts[language][`status.${word}`] ?? word;
  // PortOne says "cancelled" as soon as a part was.
  const statusOf = (each) => (each.status === "cancelled" && each.cancelled
    ? say(each.cancelled === each.amount ? "status.cancelled.whole" : "status.cancelled.part")
    : status(each.status));

  // A row is what row.py made of a finding: its fields by their order.
  const rows = read("data").map(([verdict, uid, order, payments, more, off, error, reason, place], index) => ({
    index, verdict, uid, more, error, reason, place,
    order: order && { amount: order[0], currency: order[1], status: order[2], refunded: order[3] },
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
    // As instants: a clock shows an hour twice when summer time ends.
    time: (row) => (row.payments[0]?.time ? ["", Date.parse(row.payments[0].time.replace(" ", "T"))] : null),
  };

  const state = { ...ADDRESS.DEFAULTS };
  const known = { verdicts: [...verdicts.keys()], sizes: [25, 50, 100, 250], columns: Object.keys(keys) };
  let found = rows;

  const haystack = (row) => (row.hay ??= [
    row.uid, row.error, row.verdict,
    texts.ko[`verdict.${row.verdict}`], texts.en[`verdict.${row.verdict}`],
    texts.ko[`error.${row.reason}`], texts.en[`error.${row.reason}`],
    ...[row.order, row.off, ...row.payments].flatMap((each) => (each ? [
      each.amount, each.amount.replaceAll(",", ""), each.currency, each.imp, each.time, each.status,
      texts.ko[`status.${each.status}`], texts.en[`status.${each.status}`],
    ] : [])),
  ].filter(Boolean).join("\n").toLowerCase());

  const select = () => {
    const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    found = rows.filter((row) => (!state.verdict || row.verdict === state.verdict)
      && words.every((word) => haystack(row).includes(word)));
    if (state.column) {
      const key = keys[state.column];
      found = found.map((row) => [row, key(row)]).sort(([a, one], [b, other]) => {
        if (!one || !other) return (one ? 0 : 1) - (other ? 0 : 1) || a.index - b.index;
        return compared(one[0], other[0]) || state.direction * compared(one[1], other[1]) || a.index - b.index;
      }).map(([row]) => row);
    }
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
    make("div", "", sum(each.amount, each.currency), " ", make("span", "state", outside("", statusOf(each))),
      each.test ? make("span", "tag", say("table.test")) : ""),
    each.cancelled ? make("div", "soft", say("table.cancelled", { amount: each.cancelled })) : "",
    make("div", "soft", outside("id", each.imp)),
    isOneOfMany && each.time ? make("div", "soft", each.time) : "");
  // A sentence for people; what the program said is folded away.
  const problem = (row) => (row.error ? [make("div", "error",
    make("p", "", ...sentence(row)),
    make("details", "", make("summary", "", say("table.details")), outside("", row.error)))] : []);
  const sentence = (row) => {
    const [before, after = ""] = texts[language][`error.${row.reason}`].split("{place}");
    return row.reason === "row" ? [before, named(row.place), after] : [before];
  };
  // A narrow column may break a place before its number, never within it.
  const named = (place) => {
    const number = place.lastIndexOf(":") + 1;
    return make("bdi", "", place.slice(0, number), make("wbr", ""), place.slice(number));
  };
  const when = (time) => (time
    ? make("div", "", make("span", "", time.slice(0, 10)), " ", make("span", "", time.slice(11, 19)), " ",
      make("span", "soft", time.slice(19)))
    : none(""));

  const line = (row) => {
    const element = make("tr", "",
      cell("table.verdict", "", badge(row.verdict), ...problem(row)),
      cell("table.order", "", outside(row.uid.length > LONGEST_IN_A_LINE ? "id uid" : "id uid whole", row.uid)),
      cell("table.asked", "right", ...(row.order
        ? [sum(row.order.amount, row.order.currency), make("div", "state", outside("", status(row.order.status))),
          ...(row.order.refunded ? [make("div", "state", say("table.refunded", { amount: row.order.refunded }))] : [])]
        : [none(row.verdict === "orphan" ? "table.noorder" : "")])),
      cell("table.found", "", ...(row.payments.length
        ? row.payments.map((each) => payment(each, row.payments.length > 1))
        : [none(row.verdict === "not_checked" ? "" : "table.none")]),
      row.more ? make("div", "soft", say("table.more", { n: number(row.more) })) : ""),
      cell("table.off", "right", row.off ? sum(row.off.amount, row.off.currency) : none("")),
      cell("table.time", "time", when(row.payments[0]?.time)));
    element.setAttribute("role", "row");
    return element;
  };

  const at = (id) => document.getElementById(id);
  const pages = () => Math.max(1, Math.ceil(found.length / state.size));
  const fill = (first, last) => at("rows").tBodies[0].replaceChildren(...found.slice(first, last).map(line));

  const show = () => {
    state.page = Math.min(Math.max(0, state.page), pages() - 1);
    const first = state.page * state.size;
    const last = Math.min(found.length, first + state.size);
    fill(first, last);
    const values = { first: number(found.length ? first + 1 : 0), last: number(last), n: number(found.length), total: number(rows.length) };
    at("status").textContent = say(found.length === rows.length ? "table.status" : "table.status.filtered", values);
    at("nothing").hidden = found.length > 0;
    at("page").textContent = say("table.page", { n: number(state.page + 1), total: number(pages()) });
    document.querySelector(".pages").hidden = pages() < 2;
    at("reset").hidden = ADDRESS.written(state) === "";
    keep();
    for (const button of document.querySelectorAll("[data-step]")) {
      // Not "disabled": the focus would be lost on the last page.
      const isBack = ["first", "previous"].includes(button.dataset.step);
      button.setAttribute("aria-disabled", String(isBack ? state.page === 0 : state.page === pages() - 1));
    }
  };

  const keep = () => {
    const address = `#${ADDRESS.written(state)}`;
    if (address === (location.hash || "#")) return;
    try {
      history.replaceState(null, "", address);
    } catch {
      // A page inside of a mail's preview has no address of its own.
    }
  };

  // Set the filters, wherever they come from.
  const take = (changes) => {
    Object.assign(state, { page: 0 }, changes);
    select();
    showFilters();
    show();
  };

  const showFilters = () => {
    // Set only when it differs: the cursor would jump.
    if (at("search").value !== state.text) at("search").value = state.text;
    at("size").value = String(state.size);
    showVerdicts();
    showOrder();
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
      ...[...verdicts.keys()].filter((name) => counts.has(name) || name === state.verdict)
        .map((name) => option(name, `${say(`verdict.${name}`)} (${number(counts.get(name) ?? 0)})`)));
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
      showFilters();
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
    at("search").addEventListener("input", (event) => take({ text: event.target.value }));
    at("verdict").addEventListener("change", (event) => take({ verdict: event.target.value }));
    at("size").addEventListener("change", (event) => take({ size: Number(event.target.value) }));
    at("reset").addEventListener("click", () => { take(ADDRESS.DEFAULTS); at("search").focus(); });
    for (const button of document.querySelectorAll("[data-column]")) {
      button.addEventListener("click", () => {
        const column = button.dataset.column;
        take({ column, direction: state.column === column ? -state.direction : 1 });
      });
    }
    const steps = { first: () => 0, previous: () => state.page - 1, next: () => state.page + 1, last: () => pages() - 1 };
    for (const button of document.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => {
        state.page = steps[button.dataset.step]();
        show();
      });
    }
    at("csv").addEventListener("click", () => {
      const file = new Blob([CSV(found, (verdict) => say(`verdict.${verdict}`))], { type: "text/csv;charset=utf-8" });
      const link = Object.assign(make("a"), { href: URL.createObjectURL(file), download: "differences.csv" });
      link.click();
      URL.revokeObjectURL(link.href);
    });
    addEventListener("hashchange", () => take(ADDRESS.read(location.hash, known)));
    // On paper there are no pages to turn.
    addEventListener("beforeprint", () => {
      fill(0, MOST_PRINTED);
      const n = number(Math.min(found.length, MOST_PRINTED));
      const isFiltered = found.length < rows.length;
      const filter = [state.verdict && say(`verdict.${state.verdict}`), state.text].filter(Boolean).join(", ");
      at("printed").hidden = !isFiltered && found.length <= MOST_PRINTED;
      at("printed").textContent = isFiltered
        ? say("table.printed.filtered", { filter, n, total: number(rows.length) })
        : say("table.printed", { n, total: number(rows.length) });
    });
    addEventListener("afterprint", () => { at("printed").hidden = true; show(); });
    document.querySelector(".tools").hidden = false;
    Object.assign(state, ADDRESS.read(location.hash, known));
    select();
  }
  speak();
})();
