// Shows how many of those who sign in elsewhere could do so at an embedded upstream that watches them: see
// `relying_party/learning/readiness.rs`. Counts only; where nothing watches, nothing is shown.

import { byId, element, tell } from "./element.js";
import { readiness } from "./gateway.js";

/** The kinds of a count, in the order of the bar. */
const KINDS = { proven: "Proven", one_short: "One signature short", unseen: "Unseen", not_learnable: "Not learnable" };
/** What a day counts beside them. */
const ASIDE = { mismatched: "Mismatched", ignored: "Ignored", dropped: "Dropped" };
const SVG = "http://www.w3.org/2000/svg";

/** Reads the readiness of each upstream that watches a route, and shows it in the place of what was there. */
export async function showReadiness(routes) {
  const watched = routes.filter(({ observes }) => observes);
  const names = new Set(watched.map(({ observes }) => observes.upstream));
  byId("readiness").hidden = names.size === 0;
  if (names.size === 0) return;
  const outcome = byId("readiness-outcome");
  try {
    const told = await readiness();
    const of = (name) => watched.filter(({ observes }) => observes.upstream === name);
    byId("readiness-upstreams").replaceChildren(...[...names].map((name) => card(name, of(name), told[name])));
    tell(outcome, "", "");
  } catch (error) {
    tell(outcome, "bad", error.message);
  }
}

function card(name, watched, told) {
  const heading = element("h3", {}, `Upstream “${name}”`);
  const about = element("p", { class: "about" }, watched.map(watching).join(" "));
  const seen = told.active_users.total > 0 || told.days.length > 0;
  const shown = seen ? tables(told) : [element("p", {}, "No sign-in of the last 30 days was observed yet.")];
  return element("article", { id: `readiness-${name}` }, heading, about, element("div", {}, ...shown));
}

function watching({ route, observes }) {
  return observes.purpose === "learn"
    ? `Learns passkeys from the sign-ins through the route “${route}”.`
    : `Verifies the sign-ins through the route “${route}”, and learns nothing.`;
}

function tables({ active_users, sign_ins, contradicted, days }) {
  const newest = days.toReversed();
  const aside = (day) => Object.keys(ASIDE).map((kind) => element("td", {}, number(day[kind])));
  return [
    table("The last 30 days, by what is known now", "Of", [], [row("Users", active_users), row("Sign-ins", sign_ins)]),
    element("p", { class: "verified" }, verified(days, contradicted)),
    table(
      "Users by day (UTC), by what was known when each came first",
      "Day",
      [],
      newest.map((day) => row(day.day, day.active_users)),
    ),
    table(
      "Sign-ins by day (UTC), by what was known when each came",
      "Day",
      Object.values(ASIDE),
      newest.map((day) => row(day.day, day.sign_ins, aside(day))),
    ),
  ];
}

/** What came of holding sign-ins against passkeys that the upstream has. */
function verified(days, contradicted) {
  const sum = (count) => days.reduce((sum, day) => sum + count(day), 0);
  const [agreed, mismatched] = [sum((day) => day.sign_ins.proven), sum((day) => day.mismatched)];
  const one = `Verified with a passkey that was known here: ${number(agreed)}. Mismatched: ${number(mismatched)}; these the other upstream accepted, and this one would not have.`;
  return contradicted ? `${one} Passkeys in doubt, among the unseen: ${number(contradicted)}.` : one;
}

/** A table in a frame that a narrow window scrolls, also by keyboard. The bar's colours stand in its heads. */
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

/** The kinds side by side. What it shows stands beside it in words. */
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

/** Rounded down, so that nothing but all of them is 100 %. */
function percent(part, whole) {
  return whole ? `${(Math.floor((part * 10000) / whole) / 100).toFixed(2)} %` : "–";
}

function number(count) {
  return count.toLocaleString("en");
}
