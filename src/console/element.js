// Creates elements. All content is added as text, so nothing in a message becomes markup.

/** An element with attributes and children; `true` is an attribute without a value, `false` is none. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "boolean") made.toggleAttribute(key, value);
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** The element with an id that exists in the page. */
export function byId(id) {
  return document.getElementById(id);
}

/** Shows the status of an action: `kind` is "good", "bad", "busy" or empty. */
export function setStatus(place, kind, text) {
  place.dataset.kind = kind;
  place.textContent = text;
}
