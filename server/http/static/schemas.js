// Shows JSON schemas: the type of a value in words, and the fields of an object.

import {element, prose} from "./elements.js";

/** The name of the component that a schema refers to. */
export const nameOf = ({$ref}) => $ref.split("/").at(-1);

/** Follows a reference to a component. */
export function resolve(api, schema) {
  return schema.$ref ? schema.$ref.split("/").slice(1).reduce((node, key) => node[key], api) : schema;
}

const joined = (lists, separator) => lists.flatMap((list, index) => (index ? [separator, ...list] : list));

/** The type of a value in words, as text and links. */
export function typeOf(schema) {
  if (schema.$ref) return [element("a", {href: `#schema-${nameOf(schema)}`}, nameOf(schema))];
  if (schema.contentSchema) return [`${schema.contentMediaType}: `, ...typeOf(schema.contentSchema)];
  if (schema.const !== undefined) return [JSON.stringify(schema.const)];
  if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(" | ")];
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return joined(options.map(typeOf), " | ");
  if (schema.type === "array") return ["array of ", ...typeOf(schema.items ?? {})];
  if (schema.type === "object" && schema.additionalProperties) return ["object of ", ...typeOf(schema.additionalProperties)];
  return [schema.type ?? "anything"];
}

const LIMITS = [["minimum", "maximum", ""], ["minLength", "maxLength", " characters"], ["minProperties", "maxProperties", " entries"]];

/** The limits of a value in words. */
function limits(schema) {
  if (schema.enum) return [];
  return [schema, ...(schema.anyOf ?? [])].flatMap((option) => LIMITS.flatMap(([minimum, maximum, unit]) => {
    const [low, high] = [option[minimum], option[maximum]];
    if (low === undefined && high === undefined) return [];
    return [high === undefined ? `at least ${low}${unit}` : low === undefined ? `at most ${high}${unit}` : `${low} to ${high}${unit}`];
  }));
}

/** The fields of an object, with their types, limits, defaults and examples. */
export function fieldList({properties = {}, required = []}) {
  return element("dl", {className: "fields"}, ...Object.entries(properties).map(([name, schema]) => {
    const {default: initial, examples = []} = schema;
    const notes = [...limits(schema), ...(initial === undefined || initial === null ? [] : [`default ${JSON.stringify(initial)}`])];
    return element("div", {},
      element("dt", {}, element("code", {}, name), required.includes(name) ? element("strong", {}, " required") : "",
        element("span", {className: "type"}, " ", typeOf(schema))),
      element("dd", {}, prose(schema.description ?? ""),
        notes.length ? element("p", {className: "notes"}, notes.join(" · ")) : "",
        examples.length ? element("p", {className: "notes"}, "for example ",
          joined(examples.map((example) => [element("code", {}, JSON.stringify(example))]), ", ")) : ""));
  }));
}
