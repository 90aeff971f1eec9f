// Makes elements. Whatever is shown goes in as text, so nothing that a message says becomes markup.

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

/** The element of that id, which the page has. */
export function byId(id) {
  return document.getElementById(id);
}

/** Says what came of something: `kind` is "good", "bad", "busy" or nothing. */
export function tell(place, kind, text) {
  place.dataset.kind = kind;
  place.textContent = text;
}
