// Validates one HTTP message against the schemas in schemas/, and reports violations as text.
//
// A message is one object: method, path, query or status, fields, content (schemas/README.md).

import { existsSync, readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const schemas = new URL("../../schemas/", import.meta.url);
const ajv = addFormats(new Ajv2020({ allErrors: true, strict: false }));
const compiled = new Map();

/** Whether the provider documents an operation. */
export function documents(provider, operation) {
  return existsSync(new URL(`${provider}/${operation}.request.json`, schemas));
}

/**
 * The violations of a message; empty if it is valid.
 * @param {string} provider such as `quiva`
 * @param {string} kind such as `login.begin.request`, or `fault`
 */
export function breaches(provider, kind, message) {
  const { whole, inside } = validators(provider, kind);
  const found = problems(whole, message, `${provider} ${kind}`);
  if (found.length > 0) return found;
  for (const [member, validate] of inside) {
    const text = message.content?.[member];
    if (text === undefined) continue;
    found.push(...problems(validate, parsed(text), `${provider} ${kind} ${member}`));
  }
  return found;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problems(validate, value, place) {
  if (validate(value)) return [];
  return validate.errors.map(({ instancePath, message, params }) => {
    return `${place}: ${instancePath || "/"} ${message} ${JSON.stringify(params)}`;
  });
}

function validators(provider, kind) {
  const name = `${provider}/${kind}`;
  if (!compiled.has(name)) {
    const schema = JSON.parse(readFileSync(new URL(`${name}.json`, schemas), "utf8"));
    const members = Object.entries(schema.properties?.content?.properties ?? {});
    // `contentSchema` only annotates: JSON inside a string is validated here.
    const inside = members.flatMap(([member, { contentSchema }]) => {
      return contentSchema ? [[member, ajv.compile(contentSchema)]] : [];
    });
    compiled.set(name, { whole: ajv.compile(schema), inside });
  }
  return compiled.get(name);
}
