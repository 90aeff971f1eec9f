// The page: registers a passkey for the demo user and signs in through each route.

import { created, creationOptions, explain, requestOptions, signed } from "./ceremony.js";
import { byId, element, setStatus } from "./element.js";
import { attempt, offers } from "./gateway.js";
import { showReadiness } from "./readiness.js";
import { between, leg } from "./steps.js";

const BEGIN = "Begin";

start().catch((error) => notice(`The page cannot be loaded. ${error.message}`));

async function start() {
  const { routes, user_email, version } = await offers();
  byId("version").textContent = version;
  byId("demo-user").textContent = user_email;
  const demos = routes.filter((offer) => offer.demo);
  if (demos.length) {
    warnOfUnusablePasskeys(demos);
    showRegistration(demos);
    showSignIns(demos);
  }
  showBegins(routes.filter((offer) => !offer.demo));
  byId("readiness-refresh").addEventListener("click", () => whileBusy(() => showReadiness(routes)));
  await showReadiness(routes);
}

// ===== browser support

function warnOfUnusablePasskeys(demos) {
  const { rp_id, origins } = demos[0].demo;
  const belongs = location.hostname === rp_id || location.hostname.endsWith(`.${rp_id}`);
  if (!window.PublicKeyCredential) {
    notice("This browser does not offer passkeys here. They need https or a localhost address.");
  } else if (!belongs) {
    const url = `${location.protocol}//${rp_id}:${location.port}/`;
    notice("Passkeys need a host name, and this page is open at another address. Open ", element("a", { href: url }, url), " instead.");
  } else if (!origins.includes(location.origin)) {
    notice(`The gateway does not accept passkeys from this page. Add "${location.origin}" to the upstream’s origins.`);
  }
}

function notice(...words) {
  byId("notice").replaceChildren(...words);
  byId("notice").hidden = false;
}

// ===== registering

function showRegistration(demos) {
  const choices = demos.filter(({ demo }) => demo.registers);
  choices.sort((one, other) => Number(other.demo.discoverable) - Number(one.demo.discoverable));
  const [form, select] = [byId("register-form"), byId("register-route")];
  select.append(...choices.map((offer) => element("option", { value: offer.route }, offer.dialect)));
  const chosen = () => choices.find((offer) => offer.route === select.value);
  const hint = () => {
    byId("register-hint").textContent = chosen()?.demo.discoverable
      ? ""
      : "This dialect cannot request a discoverable passkey. Some browsers then create one that works only for sign-ins that name the user.";
  };
  select.addEventListener("change", hint);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(() => register(chosen()));
  });
  hint();
  byId("register").hidden = choices.length === 0;
}

async function register(offer) {
  const [outcome, legs] = [byId("register-outcome"), byId("register-legs")];
  const ceremony = {
    operation: "registration",
    prompt: async (answer) => created(await navigator.credentials.create({ publicKey: creationOptions(answer) }), answer),
    prompted: "Browser: navigator.credentials.create() created a passkey for the challenge.",
    done: () => `A passkey was registered through ${offer.dialect}.`,
  };
  await run(offer, ceremony, outcome, legs, true);
}

// ===== signing in

function showSignIns(demos) {
  const cards = demos.map(signInCard);
  byId("sign-in-routes").replaceChildren(...cards.map((card) => card.article));
  byId("sign-in-all").addEventListener("click", () => whileBusy(() => signInThroughAll(cards)));
  byId("sign-in").hidden = false;
}

function signInCard(offer) {
  const { article, about, outcome, legs } = card(offer);
  const button = element("button", { type: "button" }, `Sign in through ${offer.dialect}`);
  const signIn = (open) => run(offer, signInCeremony(offer), outcome, legs, open);
  button.addEventListener("click", () => whileBusy(() => signIn(true)));
  about.after(button);
  return { article, signIn };
}

async function signInThroughAll(cards) {
  const outcome = byId("sign-in-outcome");
  let good = 0;
  for (const [index, { signIn }] of cards.entries()) {
    setStatus(outcome, "busy", `Signing in, ${index + 1} of ${cards.length} …`);
    if (await signIn(false)) good += 1;
  }
  setStatus(outcome, good === cards.length ? "good" : "bad", `Signed in through ${good} of ${cards.length}.`);
}

function signInCeremony(offer) {
  return {
    operation: "login",
    prompt: async (answer) => signed(await navigator.credentials.get({ publicKey: requestOptions(answer) }), answer),
    prompted: "Browser: navigator.credentials.get() signed the challenge.",
    done: (answer) => {
      const token = answer["tokens.access"] ?? answer["tokens.session"];
      return `Signed in through ${offer.dialect}. ${token ? `Token: ${token}` : "The response has no token."}`;
    },
  };
}

// ===== a ceremony

/** Runs begin, browser and finish, and shows each step. Returns whether it succeeded. */
async function run(offer, ceremony, outcome, legs, open) {
  clear(legs);
  setStatus(outcome, "busy", "Requesting a challenge …");
  try {
    const begun = await attempt(offer.route, `${ceremony.operation}.begin`, {});
    legs.append(leg(BEGIN, offer, begun, open));
    if (!begun.is_success) return refused(outcome, begun);
    if (!begun.answer) throw new Error("The response lacks a member that the route relaxes, so the browser cannot continue.");
    setStatus(outcome, "busy", "Waiting for your browser …");
    const members = await ceremony.prompt(begun.answer);
    legs.append(between(ceremony.prompted));
    const finished = await attempt(offer.route, `${ceremony.operation}.finish`, members);
    legs.append(leg("Finish", offer, finished, open));
    if (!finished.is_success) return refused(outcome, finished);
    setStatus(outcome, "good", ceremony.done(finished.answer ?? {}));
    return true;
  } catch (error) {
    setStatus(outcome, "bad", explain(error));
    return false;
  }
}

/** Closes earlier results, so that only the latest is open. */
function clear(legs) {
  legs.replaceChildren();
  document.querySelectorAll("details").forEach((details) => (details.open = false));
}

function refused(outcome, { steps }) {
  const fault = steps.find((step) => step.fault)?.fault;
  setStatus(outcome, "bad", fault ? `Refused: ${fault.message} (${fault.name}: ${fault.reason})` : "Refused.");
  return false;
}

// ===== routes without a demo user

function showBegins(others) {
  byId("begin-routes").replaceChildren(...others.map(beginCard));
  byId("begin").hidden = others.length === 0;
}

function beginCard(offer) {
  const { article, about, outcome, legs } = card(offer);
  const form = element("form", { class: "members" }, ...offer.asks.map((member) => field(offer, member)));
  form.append(element("button", { type: "submit" }, "Begin a sign-in"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(() => begin(offer, Object.fromEntries(new FormData(form)), outcome, legs));
  });
  about.after(form);
  return article;
}

function field(offer, { name, meaning, is_required, is_secret }) {
  const id = `${offer.route}-${name}`;
  const type = is_secret ? "password" : "text";
  const input = element("input", { id, name, type, required: is_required, autocomplete: "off", "aria-describedby": `${id}-hint` });
  const label = element("label", { for: id }, is_required ? name : `${name} (optional)`);
  return element("div", { class: "field" }, label, input, element("p", { class: "hint", id: `${id}-hint` }, meaning));
}

async function begin(offer, members, outcome, legs) {
  clear(legs);
  try {
    const begun = await attempt(offer.route, "login.begin", members);
    legs.append(leg(BEGIN, offer, begun, true));
    if (!begun.is_success) return refused(outcome, begun);
    setStatus(outcome, "good", "The upstream returned a challenge.");
  } catch (error) {
    setStatus(outcome, "bad", error.message);
  }
}

// ===== every route

function card(offer) {
  const heading = element("h3", {}, offer.dialect);
  const provider = offer.demo ? "the embedded relying party" : offer.provider;
  const about = element("p", { class: "about" }, `Route “${offer.route}”, upstream “${offer.upstream}” (${provider}).`);
  const outcome = element("p", { class: "outcome", role: "status" });
  const legs = element("div");
  const article = element("article", { id: `route-${offer.route}` }, heading, about, outcome, legs);
  return { article, about, outcome, legs };
}

/** Runs one action at a time, because a browser shows one passkey prompt at a time. */
async function whileBusy(work) {
  if (document.body.dataset.busy) return;
  document.body.dataset.busy = "yes";
  const buttons = [...document.querySelectorAll("button")];
  // `disabled` would remove the focus.
  buttons.forEach((button) => button.setAttribute("aria-disabled", "true"));
  try {
    await work();
  } finally {
    delete document.body.dataset.busy;
    buttons.forEach((button) => button.removeAttribute("aria-disabled"));
  }
}
