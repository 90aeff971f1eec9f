// Shows how many users could already sign in at an embedded upstream that observes another provider's sign-ins: see
// `features/key_learning/readiness.rs`. It is hidden if no upstream observes a route.

import { byId, element, setStatus } from "./element.js";
import { readiness } from "./gateway.js";

/** The kinds of passkeys, in the order of the bar. */
const KINDS = { proven: "Proven", one_short: "One signature short", unseen: "Unseen", not_learnable: "Not learnable" };
/** Further counts of a day. */
const ASIDE = { mismatched: "Mismatched", ignored: "Ignored", dropped: "Dropped" };
const SVG = "http://www.w3.org/2000/svg";

/** Reads and shows the readiness of each upstream that observes a route. */
export async function showReadiness(routes) {
  const observed = routes.filter(({ observes }) => observes);
  const names = new Set(observed.map(({ observes }) => observes.upstream));
  byId("readiness").hidden = names.size === 0;
  if (names.size === 0) return;
  const outcome = byId("readiness-outcome");
  try {
    const all = await readiness();
    const of = (name) => observed.filter(({ observes }) => observes.upstream === name);
    byId("readiness-upstreams").replaceChildren(...[...names].map((name) => card(name, of(name), all[name])));
    setStatus(outcome, "", "");
  } catch (error) {
    setStatus(outcome, "bad", error.message);
  }
}

function card(name, observed, counts) {
  const heading = element("h3", {}, `Upstream “${name}”`);
  const about = element("p", { class: "about" }, observed.map(describeObserver).join(" "));
  const hasCounts = counts.active_users.total > 0 || counts.days.length > 0;
  const shown = hasCounts ? tables(counts) : [element("p", {}, "No sign-ins observed in the last 30 days.")];
  return element("article", { id: `readiness-${name}` }, heading, about, element("div", {}, ...shown));
}

function describeObserver({ route, observes }) {
  return observes.purpose === "learn"
    ? `Learns passkeys from the sign-ins through the route “${route}”.`
    : `Verifies the sign-ins through the route “${route}”, and learns nothing.`;
}

function tables({ active_users, sign_ins, contradicted, days }) {
  const newest = days.toReversed();
  const aside = (day) => Object.keys(ASIDE).map((kind) => element("td", {}, number(day[kind])));
  return [
    table("The last 30 days, by what is known now", "Count", [], [row("Users", active_users), row("Sign-ins", sign_ins)]),
    element("p", { class: "verified" }, verified(days, contradicted)),
    table(
      "Users per day (UTC), by what was known at their first sign-in",
      "Day",
      [],
      newest.map((day) => row(day.day, day.active_users)),
    ),
    table(
      "Sign-ins per day (UTC), by what was known at the time",
      "Day",
      Object.values(ASIDE),
      newest.map((day) => row(day.day, day.sign_ins, aside(day))),
    ),
  ];
}

/** The results of verifying sign-ins with the upstream's passkeys. */
function verified(days, contradicted) {
  const sum = (count) => days.reduce((sum, day) => sum + count(day), 0);
  const [agreed, mismatched] = [sum((day) => day.sign_ins.proven), sum((day) => day.mismatched)];
  const one = `Verified with a passkey known here: ${number(agreed)}. Mismatched: ${number(mismatched)}; the other upstream accepted them, and this one would have rejected them.`;
  return contradicted ? `${one} Contradicted passkeys, counted as unseen: ${number(contradicted)}.` : one;
}

/** A table in a frame that scrolls in a narrow window, also by keyboard. Its heads show the colours of the bar. */
function table(caption, first, aside, rows) {
  const head = (text, kind) =>
    element("th", { scope: "col" }, ...(kind ? [element("span", { class: `swatch ${kind}` })] : []), text);
  const heads = [
    head(first),
    head("Could sign in here"),
    ...Object.entries(KINDS).map(([kind, title]) => head(title, kind)),
    ...aside.map((title) => head(title)),
  ];
  return element(
    "div",
    { class: "frame", role: "region", tabindex: "0", "aria-label": caption },
    element(
      "table",
      {},
      element("caption", {}, element("span", {}, caption)),
      element("thead", {}, element("tr", {}, ...heads)),
      element("tbody", {}, ...rows),
    ),
  );
}

function row(title, counts, aside = []) {
  const share = element("td", { class: "share" }, bar(counts), " ", percent(counts.proven, counts.total));
  const cells = Object.keys(KINDS).map((kind) =>
    element("td", {}, number(counts[kind]), " ", element("small", {}, percent(counts[kind], counts.total))),
  );
  return element("tr", {}, element("th", { scope: "row" }, title), share, ...cells, ...aside);
}

/** A bar with the share of each kind. The cells next to it show the same numbers as text. */
function bar(counts) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["class", "bar"], ["viewBox", "0 0 100 1"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) {
    svg.setAttribute(name, value);
  }
  let from = 0;
  for (const kind of Object.keys(KINDS)) {
    const part = document.createElementNS(SVG, "rect");
    const width = counts.total ? (100 * counts[kind]) / counts.total : 0;
    for (const [name, value] of [["class", kind], ["x", from], ["width", width], ["height", 1]]) part.setAttribute(name, value);
    svg.append(part);
    from += width;
  }
  return svg;
}

/** Rounded down, so that only a full count shows 100 %. */
function percent(part, whole) {
  return whole ? `${(Math.floor((part * 10000) / whole) / 100).toFixed(2)} %` : "–";
}

function number(count) {
  return count.toLocaleString("en");
}
