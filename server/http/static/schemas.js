// Shows JSON schemas: the type of a value in words, and the fields of an object.

import {element, prose} from "./elements.js";

/** The name of the component that a schema refers to. */
export const nameOf = ({$ref}) => $ref.split("/").at(-1);

/** Follows a reference to a component. */
export function resolve(api, schema) {
  return schema.$ref ? schema.$ref.split("/").slice(1).reduce((node, key) => node[key], api) : schema;
}

/** The type of a value in words. */
export function typeText(schema) {
  if (schema.$ref) return nameOf(schema);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return options.map(typeText).join(" | ");
  if (schema.type === "array") return `array of ${schema.items ? typeText(schema.items) : "anything"}`;
  if (schema.type === "object" && schema.additionalProperties) {
    return `object of ${typeText(schema.additionalProperties)}`;
  }
  return schema.type ?? "anything";
}

const LIMITS = {
  minimum: "at least", maximum: "at most", exclusiveMinimum: "above", exclusiveMaximum: "below",
  minLength: "characters, at least", maxLength: "characters, at most", maxProperties: "entries, at most",
};

/** The limits of a value in words, without those that say nothing. */
function limits(schema) {
  const options = [schema, ...(schema.anyOf ?? []), schema.additionalProperties ?? {}];
  return options.flatMap((option) => Object.entries(LIMITS).flatMap(([keyword, words]) =>
    option[keyword] === undefined ? [] : [`${words} ${option[keyword]}`]));
}

function links(schema) {
  const inner = [schema, schema.items ?? {}, schema.additionalProperties ?? {}];
  const references = inner.flatMap((one) => [one, ...(one.anyOf ?? []), ...(one.oneOf ?? [])]).filter(({$ref}) => $ref);
  return references.map((one) => [" ", element("a", {href: `#schema-${nameOf(one)}`}, `→ ${nameOf(one)}`)]);
}

/** The fields of an object, with their types, limits, defaults and examples. */
export function fieldList(api, {properties = {}, required = []}) {
  return element("dl", {className: "fields"}, ...Object.entries(properties).map(([name, schema]) => {
    const notes = [
      ...limits(schema),
      ...(schema.default === undefined || schema.default === null ? [] : [`default ${JSON.stringify(schema.default)}`]),
    ];
    const examples = (schema.examples ?? []).map((example) => JSON.stringify(example));
    return element("div", {},
      element("dt", {}, element("code", {}, name),
        required.includes(name) ? element("strong", {}, " required") : "",
        element("span", {className: "type"}, ` ${typeText(schema)}`), links(schema)),
      element("dd", {}, ...prose(schema.description ?? ""),
        notes.length ? element("p", {className: "notes"}, notes.join(" · ")) : "",
        examples.length ? element("p", {className: "notes"}, "for example ",
          ...examples.flatMap((example, index) => [index ? ", " : "", element("code", {}, example)])) : ""));
  }));
}
