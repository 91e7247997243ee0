"use strict";
// Orders and payments are untrusted: insert their texts with textContent, never as HTML.
(() => {
  const MAX_PRINTED = 2000;
  // PortOne's limit for order numbers: these stay on one line where there is room.
  const MAX_UNBROKEN = 40;
  const readData = (id) => JSON.parse(document.getElementById(id).textContent);
  const messages = readData("messages");
  const settings = readData("settings");
  const verdicts = new Map(settings.verdicts.map(([name, tone, symbol], rank) => [name, { tone, symbol, rank }]));

  let language = settings.language ?? (navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en");
  const fillIn = (message, values) => message.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const translate = (key, values = {}) => fillIn(messages[language][key], values);
  const formatNumber = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
  const orderStatus = (status) => messages[language][`status.${status}`] ?? status;
  // PortOne reports "cancelled" also for partial cancellations.
  const paymentStatus = (payment) => (payment.status === "cancelled" && payment.cancelled
    ? translate(payment.cancelled === payment.amount ? "status.cancelled.whole" : "status.cancelled.part")
    : orderStatus(payment.status));

  // The rows of `table_row.py`: arrays, with the fields in its order.
  const rows = readData("data").map(([verdict, uid, order, payments, more, difference, error, reason, place, koreanPlace, problem, tier], index) => ({
    index, verdict, uid, more, error, reason, place, tier, problem, koreanPlace,
    order: order && { amount: order[0], currency: order[1], status: order[2], refunded: order[3] },
    difference: difference && { amount: difference[0], currency: difference[1] },
    payments: payments.map(([imp, amount, cancelled, currency, status, test, time]) =>
      ({ imp, amount, cancelled, currency, status, test, time })),
  }));

  // Amounts are decimals of any length: compare them as scaled integers, as floats are inexact.
  const scaled = (amount) => {
    const [whole, fraction = ""] = amount.replaceAll(",", "").split(".");
    return /^-?\d+$/.test(whole) ? BigInt(whole + fraction.padEnd(40, "0").slice(0, 40)) : 0n;
  };
  const collator = new Intl.Collator(undefined, { numeric: true });
  const compare = (a, b) => (typeof a === "string" ? collator.compare(a, b) : a < b ? -1 : a > b ? 1 : 0);
  const moneyKey = (money) => (money ? [money.currency, scaled(money.amount)] : null);
  // Sort keys by column: [group, key]. Groups are always ascending; null is always last.
  const sortKeys = {
    verdict: (row) => ["", verdicts.get(row.verdict).rank],
    number: (row) => ["", row.uid],
    order: (row) => moneyKey(row.order),
    payment: (row) => moneyKey(row.payments[0]),
    difference: (row) => moneyKey(row.difference),
    // As instants: when summer time ends, an hour of local time occurs twice.
    time: (row) => (row.payments[0]?.time ? ["", Date.parse(row.payments[0].time.replace(" ", "T"))] : null),
  };

  const state = { ...ADDRESS.DEFAULTS };
  const allowed = { verdicts: [...verdicts.keys()], sizes: [25, 50, 100, 250], columns: Object.keys(sortKeys) };
  let selected = rows;

  const searchText = (row) => (row.searchText ??= [
    row.uid, row.tier, row.error, row.problem, row.koreanPlace, row.verdict,
    messages.ko[`verdict.${row.verdict}`], messages.en[`verdict.${row.verdict}`],
    messages.ko[`error.${row.reason}`], messages.en[`error.${row.reason}`],
    ...[row.order, row.difference, ...row.payments].flatMap((money) => (money ? [
      money.amount, money.amount.replaceAll(",", ""), money.currency, money.imp, money.time, money.status,
      messages.ko[`status.${money.status}`], messages.en[`status.${money.status}`],
    ] : [])),
  ].filter(Boolean).join("\n").toLowerCase());

  const select = () => {
    const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    selected = rows.filter((row) => (!state.verdict || row.verdict === state.verdict)
      && words.every((word) => searchText(row).includes(word)));
    if (state.column) {
      const keyOf = sortKeys[state.column];
      selected = selected.map((row) => [row, keyOf(row)]).sort(([a, keyA], [b, keyB]) => {
        if (!keyA || !keyB) return (keyA ? 0 : 1) - (keyB ? 0 : 1) || a.index - b.index;
        return compare(keyA[0], keyB[0]) || state.direction * compare(keyA[1], keyB[1]) || a.index - b.index;
      }).map(([row]) => row);
    }
  };

  const make = (tag, className, ...content) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...content.filter((part) => part !== "" && part !== null));
    return element;
  };
  // An untrusted text, in an element that isolates its writing direction.
  const untrusted = (className, text) => make("bdi", className, text);
  const money = (amount, currency) => make("span", "money", amount, " ", untrusted("currency", currency));

  const cell = (label, className, ...content) => {
    const element = make("td", className, ...content);
    element.setAttribute("role", "cell");
    element.dataset.label = translate(label);
    return element;
  };
  const badge = (name) => {
    const symbol = make("span", "symbol", verdicts.get(name).symbol);
    symbol.setAttribute("aria-hidden", "true");
    return make("span", `badge ${verdicts.get(name).tone}`, symbol, translate(`verdict.${name}`));
  };
  const none = (key) => make("span", "none", key ? translate(key) : "–");
  const paymentBlock = (payment, withTime) => make("div", "payment",
    make("div", "", money(payment.amount, payment.currency), " ", make("span", "state", untrusted("", paymentStatus(payment))),
      payment.test ? make("span", "tag", translate("table.test")) : ""),
    payment.cancelled ? make("div", "soft", translate("table.cancelled", { amount: payment.cancelled })) : "",
    make("div", "soft", untrusted("id", payment.imp)),
    withTime && payment.time ? make("div", "soft", payment.time) : "");
  // A sentence for the reader, with the technical message folded.
  const errorBlock = (row) => (row.error ? [make("div", "error",
    make("p", "", ...reasonSentence(row)),
    make("details", "", make("summary", "", translate("table.details")), untrusted("", row.error)))] : []);
  const reasonSentence = (row) => {
    const [before, after = ""] = messages[language][`error.${row.reason}`].split("{place}");
    if (row.reason !== "row") return [before];
    // The problem in English is in the error.
    const problem = language === "ko" && row.problem ? [". ", untrusted("", row.problem)] : [];
    const place = (language === "ko" && row.koreanPlace) || row.place;
    return [before, filePlace(place), after, ...problem];
  };
  // In a narrow column the line may break before the row number, but not within it.
  const filePlace = (place) => {
    const number = place.lastIndexOf(":") + 1;
    return make("bdi", "", place.slice(0, number), make("wbr", ""), place.slice(number));
  };
  const timeBlock = (time) => (time
    ? make("div", "", make("span", "", time.slice(0, 10)), " ", make("span", "", time.slice(11, 19)), " ",
      make("span", "soft", time.slice(19)))
    : none(""));

  const tableRow = (row) => {
    const element = make("tr", "",
      cell("table.verdict", "", badge(row.verdict), ...errorBlock(row)),
      cell("table.number", "", untrusted(row.uid.length > MAX_UNBROKEN ? "id uid" : "id uid unbroken", row.uid),
        row.tier ? make("div", "soft", translate("table.tier", { tier: row.tier })) : ""),
      cell("table.order", "right", ...(row.order
        ? [money(row.order.amount, row.order.currency), make("div", "state", untrusted("", orderStatus(row.order.status))),
          ...(row.order.refunded ? [make("div", "state", translate("table.refunded", { amount: row.order.refunded }))] : [])]
        : [none(row.verdict === "orphan" ? "table.no_order" : "")])),
      cell("table.payment", "", ...(row.payments.length
        ? row.payments.map((payment) => paymentBlock(payment, row.payments.length > 1))
        : [none(row.verdict === "not_checked" ? "" : "table.no_payment")]),
      row.more ? make("div", "soft", translate("table.more", { n: formatNumber(row.more) })) : ""),
      cell("table.difference", "right", row.difference ? money(row.difference.amount, row.difference.currency) : none("")),
      cell("table.time", "time", timeBlock(row.payments[0]?.time)));
    element.setAttribute("role", "row");
    return element;
  };

  const byId = (id) => document.getElementById(id);
  const pageCount = () => Math.max(1, Math.ceil(selected.length / state.size));
  const showRows = (first, last) => byId("rows").tBodies[0].replaceChildren(...selected.slice(first, last).map(tableRow));

  const showPage = () => {
    state.page = Math.min(Math.max(0, state.page), pageCount() - 1);
    const first = state.page * state.size;
    const last = Math.min(selected.length, first + state.size);
    showRows(first, last);
    const values = {
      first: formatNumber(selected.length ? first + 1 : 0), last: formatNumber(last),
      n: formatNumber(selected.length), total: formatNumber(rows.length),
    };
    byId("status").textContent = translate(selected.length === rows.length ? "table.status" : "table.status.filtered", values);
    byId("nothing").hidden = selected.length > 0;
    byId("page").textContent = translate("table.page", { n: formatNumber(state.page + 1), total: formatNumber(pageCount()) });
    document.querySelector(".pages").hidden = pageCount() < 2;
    byId("reset").hidden = ADDRESS.write(state) === "";
    updateAddress();
    for (const button of document.querySelectorAll("[data-step]")) {
      // Not "disabled", which would drop the focus on the last page.
      const isBack = ["first", "previous"].includes(button.dataset.step);
      button.setAttribute("aria-disabled", String(isBack ? state.page === 0 : state.page === pageCount() - 1));
    }
  };

  const updateAddress = () => {
    const fragment = `#${ADDRESS.write(state)}`;
    if (fragment === (location.hash || "#")) return;
    try {
      history.replaceState(null, "", fragment);
    } catch {
      // The preview of a mail program has no address.
    }
  };

  const applyFilters = (changes) => {
    Object.assign(state, { page: 0 }, changes);
    select();
    showFilters();
    showPage();
  };

  const showFilters = () => {
    // Setting an equal value would move the cursor.
    if (byId("search").value !== state.text) byId("search").value = state.text;
    byId("size").value = String(state.size);
    showVerdicts();
    showSorting();
  };

  const showSorting = () => {
    for (const button of document.querySelectorAll("[data-column]")) {
      const isSorted = button.dataset.column === state.column;
      const order = !isSorted ? "none" : state.direction > 0 ? "ascending" : "descending";
      button.closest("th").setAttribute("aria-sort", order);
      button.title = isSorted ? translate(`table.sorted.${order}`) : translate("table.sort");
    }
  };

  const showVerdicts = () => {
    const counts = new Map();
    for (const row of rows) counts.set(row.verdict, (counts.get(row.verdict) ?? 0) + 1);
    const option = (value, text) => Object.assign(make("option", "", text), { value });
    byId("verdict").replaceChildren(
      option("", `${translate("table.verdict.all")} (${formatNumber(rows.length)})`),
      ...[...verdicts.keys()].filter((name) => counts.has(name) || name === state.verdict)
        .map((name) => option(name, `${translate(`verdict.${name}`)} (${formatNumber(counts.get(name) ?? 0)})`)));
    byId("verdict").value = state.verdict;
  };

  const showLanguage = () => {
    document.documentElement.lang = language;
    for (const element of document.querySelectorAll("[data-text]")) {
      element.textContent = translate(element.dataset.text, JSON.parse(element.dataset.values ?? "{}"));
    }
    for (const element of document.querySelectorAll("[data-hint]")) element.placeholder = translate(element.dataset.hint);
    for (const element of document.querySelectorAll("[data-label-text]")) {
      element.setAttribute("aria-label", translate(element.dataset.labelText));
    }
    for (const button of document.querySelectorAll("[data-language]")) {
      button.setAttribute("aria-pressed", String(button.dataset.language === language));
    }
    const heading = document.querySelector("h1 [data-text]");
    if (heading) document.title = heading.textContent;
    if (rows.length) {
      showFilters();
      showPage();
    }
  };

  const download = () => {
    const file = new Blob([CSV(selected, (verdict) => translate(`verdict.${verdict}`), rows.some((row) => row.tier))], { type: "text/csv;charset=utf-8" });
    const link = Object.assign(make("a"), { href: URL.createObjectURL(file), download: "differences.csv" });
    link.click();
    URL.revokeObjectURL(link.href);
  };

  // Paper has no pages to turn: print all selected rows, up to a limit.
  const preparePrint = () => {
    showRows(0, MAX_PRINTED);
    const n = formatNumber(Math.min(selected.length, MAX_PRINTED));
    const total = formatNumber(rows.length);
    const isFiltered = selected.length < rows.length;
    const filter = [state.verdict && translate(`verdict.${state.verdict}`), state.text].filter(Boolean).join(", ");
    byId("printed").hidden = !isFiltered && selected.length <= MAX_PRINTED;
    byId("printed").textContent = isFiltered
      ? translate("table.printed.filtered", { filter, n, total })
      : translate("table.printed", { n, total });
  };

  const connectTable = () => {
    byId("search").addEventListener("input", (event) => applyFilters({ text: event.target.value }));
    byId("verdict").addEventListener("change", (event) => applyFilters({ verdict: event.target.value }));
    byId("size").addEventListener("change", (event) => applyFilters({ size: Number(event.target.value) }));
    byId("reset").addEventListener("click", () => { applyFilters(ADDRESS.DEFAULTS); byId("search").focus(); });
    byId("csv").addEventListener("click", download);
    for (const button of document.querySelectorAll("[data-column]")) {
      button.addEventListener("click", () => {
        const column = button.dataset.column;
        applyFilters({ column, direction: state.column === column ? -state.direction : 1 });
      });
    }
    const pageOf = { first: () => 0, previous: () => state.page - 1, next: () => state.page + 1, last: () => pageCount() - 1 };
    for (const button of document.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => {
        state.page = pageOf[button.dataset.step]();
        showPage();
      });
    }
    addEventListener("hashchange", () => applyFilters(ADDRESS.read(location.hash, allowed)));
    addEventListener("beforeprint", preparePrint);
    addEventListener("afterprint", () => { byId("printed").hidden = true; showPage(); });
    document.querySelector(".tools").hidden = false;
  };

  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      language = button.dataset.language;
      showLanguage();
    });
  }
  if (rows.length) {
    connectTable();
    Object.assign(state, ADDRESS.read(location.hash, allowed));
    select();
  }
  showLanguage();
})();
