// Calls the admin listener that serves this page.

/** The routes and what can be tried on them: see `inspect/try_out/offer.rs`. */
export async function offers() {
  return answered(await fetch("/try"));
}

/** Sends a caller's request through the gateway. Returns `is_success`, `answer` and `steps`: see `inspect/try_out`. */
export async function attempt(route, operation, members) {
  return answered(
    await fetch("/try", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ route, operation, members }),
    }),
  );
}

/** The readiness of each embedded upstream, by name: see `features/key_learning/readiness.rs`. */
export async function readiness() {
  const response = await fetch("/readiness");
  if (!response.ok) throw new Error(`Readiness is not available: ${(await response.text()).trim()}.`);
  return response.json();
}

async function answered(response) {
  const content = await response.json();
  if (!response.ok) throw new Error(`The gateway rejected the request: ${content.problem}.`);
  return content;
}
