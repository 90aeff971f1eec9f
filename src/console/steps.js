// Shows the steps of one request: the request from left to right, the response from right to left,
// or one below the other in a narrow window.

import { element } from "./element.js";

/** The title of each step. */
const TITLES = {
  caller_request: "Caller request",
  model_request: "Model request",
  upstream_request: "Upstream request",
  upstream_answer: "Upstream response",
  model_answer: "Model response",
  refusal: "Refusal",
  caller_answer: "Caller response",
};

/** One request of a ceremony. `open` says whether its steps are shown at once. */
export function leg(title, offer, { steps }, open) {
  const list = element("ol", { class: "steps" }, ...steps.map((step) => cell(step, offer)));
  const [sent, received] = ["caller_request", "caller_answer"].map((stage) => steps.find((step) => step.stage === stage));
  const line = element("code", {}, `${sent?.message.line ?? ""} → ${received?.message.line ?? ""}`);
  return element("details", { class: "leg", open }, element("summary", {}, title, " ", line), list);
}

/** What happened in the browser between two requests. */
export function between(text) {
  return element("p", { class: "between" }, text);
}

function cell(step, offer) {
  const shown = step.message ? message(step.message) : step.fault ? fault(step.fault) : members(step.members);
  const title = element("h4", {}, TITLES[step.stage]);
  return element("li", { class: `cell ${step.stage}` }, title, element("p", { class: "as" }, form(step, offer)), shown);
}

/** The form of a step. */
function form(step, offer) {
  if (step.stage.startsWith("caller")) return `HTTP, API of ${offer.dialect}`;
  if (step.stage.startsWith("model")) return "members of the model";
  if (step.stage === "refusal") return "fault of the model";
  return step.message ? `HTTP, API of ${offer.provider}` : `members for the embedded relying party “${offer.upstream}”`;
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
  return rows.length ? element("dl", {}, ...rows) : element("p", { class: "nothing" }, "no members");
}

function written(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 1).replaceAll(/\s+/g, " ");
}

function fault({ name, message, reason }) {
  return members({ fault: name, "message to the caller": message, "reason in the log": reason });
}
