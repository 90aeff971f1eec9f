// Shows the steps of one exchange: the request from left to right, the answer from right to left,
// in a narrow window one below the other, in the order in which they happened.

import { element } from "./element.js";

/** What stands over each step. */
const TITLES = {
  caller_request: "The caller sent",
  model_request: "The gateway understood",
  upstream_request: "The upstream got",
  upstream_answer: "The upstream answered",
  model_answer: "The gateway completed",
  refusal: "The gateway refused",
  caller_answer: "The caller received",
};

/** One leg of a ceremony: `title` says which, `offer` is the route's, `open` whether its steps are shown at once. */
export function leg(title, offer, { steps }, open) {
  const journey = element("ol", { class: "journey" }, ...steps.map((step) => cell(step, offer)));
  const [sent, received] = ["caller_request", "caller_answer"].map((stage) => steps.find((step) => step.stage === stage));
  const line = element("code", {}, `${sent?.message.line ?? ""} → ${received?.message.line ?? ""}`);
  return element("details", { class: "leg", open }, element("summary", {}, title, " ", line), journey);
}

/** What happened between two legs, in the browser. */
export function between(words) {
  return element("p", { class: "between" }, words);
}

function cell(step, offer) {
  const shown = step.message ? message(step.message) : step.fault ? fault(step.fault) : members(step.members);
  const title = element("h4", {}, TITLES[step.stage]);
  return element("li", { class: `cell ${step.stage}` }, title, element("p", { class: "as" }, form(step, offer)), shown);
}

/** In which form the step is shown. */
function form(step, offer) {
  if (step.stage.startsWith("caller")) return `HTTP, as ${offer.dialect} has it`;
  if (step.stage.startsWith("model")) return "members of the model";
  if (step.stage === "refusal") return "a fault of the model";
  return step.message ? `HTTP, as ${offer.provider} has it` : `members, for the embedded relying party “${offer.upstream}”`;
}

function message({ line, fields, content }) {
  const head = [line, ...fields.map(([name, value]) => `${name}: ${value}`)].join("\n");
  const text = content === null ? "" : typeof content === "string" ? content : JSON.stringify(content, null, 2);
  return element("pre", {}, text ? `${head}\n\n${text}` : head);
}

function members(list) {
  const rows = Object.entries(list).map(([name, value]) =>
    element("div", {}, element("dt", {}, name), " ", element("dd", {}, written(value))),
  );
  return rows.length ? element("dl", {}, ...rows) : element("p", { class: "nothing" }, "nothing but the question itself");
}

function written(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 1).replaceAll(/\s+/g, " ");
}

function fault({ name, message, reason }) {
  return members({ fault: name, "told the caller": message, "told the log": reason });
}
