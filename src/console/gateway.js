// Asks the gateway, through the admin listener that served this page.

/** What can be tried: see `gateway/trial/offer.rs`. */
export async function offers() {
  return answered(await fetch("/try"));
}

/** Lets the gateway serve one request of a caller. Answers with `is_success`, `answer` and `steps`: see `gateway/trial`. */
export async function attempt(route, operation, members) {
  return answered(
    await fetch("/try", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ route, operation, members }),
    }),
  );
}

/** How ready each embedded upstream is, by its name: see `relying_party/learning/readiness.rs`. */
export async function readiness() {
  const response = await fetch("/readiness");
  if (!response.ok) throw new Error(`The readiness cannot be shown: ${(await response.text()).trim()}.`);
  return response.json();
}

async function answered(response) {
  const content = await response.json();
  if (!response.ok) throw new Error(`The gateway did not try it: ${content.problem}.`);
  return content;
}
