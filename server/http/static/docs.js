// The page of the API: shows /openapi.json and sends requests to try.

import {element, prose} from "./elements.js";
import {authorization, keepKey} from "./key.js";
import {fieldList, nameOf, resolve, typeOf} from "./schemas.js";
import {requestForm} from "./request_form.js";

const METHODS = ["post", "get", "head", "put", "patch", "delete"];

const place = (id) => document.getElementById(id);

async function show() {
  const response = await fetch("openapi.json", {headers: authorization()});
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const api = await response.json();
  document.title = `API · ${api.info.title}`;
  place("title").textContent = `${api.info.title}: API`;
  place("version").replaceChildren(`Version ${api.info.version} · OpenAPI ${api.openapi} · `,
    element("a", {href: "openapi.json"}, "openapi.json"), " · ", element("a", {href: "./", lang: "zh-CN"}, "语音合成"));
  place("introduction").append(...prose(api.info.description));

  const groups = grouped(operationsOf(api));
  for (const [tag, operations] of groups) {
    place("operations").append(element("section", {}, element("h2", {}, tag),
      ...operations.map((operation) => operationArticle(api, operation))));
  }
  showErrors(api);
  showSchemas(api);
  place("contents").append(...[...groups].map(([tag, operations]) => contentsGroup(tag, operations.map(
    ({id, method, path}) => element("a", {href: `#${id}`}, badge(method), ` ${path.replace("/v1/", "/v1/\u200b")}`)))),
    contentsGroup("Reference", [element("a", {href: "#errors"}, "Errors"), element("a", {href: "#schemas"}, "Schemas")]));
  showContents();
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

/** Wide windows always show the contents, in narrow ones they can be opened. */
function showContents() {
  const wide = matchMedia("(min-width: 60rem)");
  const follow = () => { place("contents").parentElement.open = wide.matches; };
  wide.addEventListener("change", follow);
  follow();
}

function operationsOf(api) {
  return Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) =>
      ({...item[method], method, path, id: item[method].operationId, tag: item[method].tags[0]})));
}

function grouped(operations) {
  const groups = new Map();
  for (const operation of operations) groups.set(operation.tag, [...(groups.get(operation.tag) ?? []), operation]);
  return groups;
}

const badge = (method) => element("span", {className: `method ${method}`}, method.toUpperCase());

const contentsGroup = (title, links) =>
  element("div", {}, element("h2", {}, title), element("ul", {}, ...links.map((link) => element("li", {}, link))));

// ---- One operation

function operationArticle(api, operation) {
  const {id, method, path, summary, description, parameters = [], requestBody, responses} = operation;
  const statuses = Object.entries(responses);
  const errors = statuses.filter(([, response]) => response.$ref);
  const schema = requestBody && resolve(api, Object.values(requestBody.content)[0].schema);
  return element("article", {id, ariaLabel: `${method.toUpperCase()} ${path}: ${summary}`},
    element("h3", {}, badge(method), element("code", {}, path), element("span", {className: "summary"}, summary)),
    ...prose(description),
    ...(schema ? part("Fields of the JSON body", fieldList(schema), schema.properties) : []),
    ...(parameters.length ? part("Parameters", parameterList(parameters), parameters) : []),
    ...requestForm(operation),
    element("h4", {}, "Responses"),
    element("ul", {className: "responses"},
      ...statuses.filter(([, response]) => !response.$ref).map(([status, response]) =>
        responseItem(status, response)),
      errors.length ? element("li", {}, "Errors: ", ...separated(errors.map(([status]) =>
        element("a", {href: `#error-${status}`}, element("code", {}, status))))) : ""));
}

/** Long lists are closed at first. */
function part(title, list, entries) {
  const count = Object.keys(entries).length;
  return [element("details", {open: count <= 3, className: "part"},
    element("summary", {}, `${title} (${count})`), list)];
}

const parameterList = (parameters) => fieldList({
  required: parameters.filter(({required}) => required).map(({name}) => name),
  properties: Object.fromEntries(parameters.map((parameter) => [parameter.name, {
    ...(parameter.schema ?? Object.values(parameter.content)[0].schema),
    description: parameter.in === "query" ? parameter.description : `In the ${parameter.in}. ${parameter.description}`,
    examples: Object.values(parameter.examples ?? {}).map(({value}) => value),
  }])),
});

function responseItem(status, {description, content = {}, headers = {}}) {
  const types = Object.entries(content).map(([type, {schema}]) => element("li", {}, element("code", {}, type),
    schema?.$ref ? [" ", element("a", {href: `#schema-${nameOf(schema)}`}, nameOf(schema))]
    : schema?.description ? [" ", ...prose(schema.description, "span")] : "",
    schema?.properties ? fieldList(schema) : ""));
  const sent = Object.entries(headers).map(([name, header]) =>
    element("li", {}, "Header ", element("code", {}, name), ": ", ...prose(header.description, "span")));
  return element("li", {}, element("code", {}, status), " ", ...prose(description, "span"),
    types.length + sent.length ? element("ul", {}, ...types, ...sent) : "");
}

const separated = (items) => items.flatMap((item, index) => (index ? [", ", item] : [item]));

// ---- Reference

function showErrors(api) {
  const responses = Object.entries(api.components.responses);
  place("errors").append(...responses.map(([name, response]) => {
    const status = name.replace("Error", "");
    return element("article", {id: `error-${status}`, ariaLabel: `Status ${status}`},
      element("h3", {}, element("code", {}, status)), ...prose(response.description),
      element("ul", {}, ...Object.entries(response.headers ?? {}).map(([header, {description}]) =>
        element("li", {}, "Header ", element("code", {}, header), ": ", ...prose(description, "span")))));
  }));
  place("errors").hidden = false;
}

function showSchemas(api) {
  place("schemas").append(...Object.entries(api.components.schemas).map(([name, schema]) =>
    element("article", {id: `schema-${name}`, ariaLabel: name}, element("h3", {}, element("code", {}, name)),
      ...prose(schema.description ?? ""), schema.properties ? fieldList(schema) : element("p", {}, typeOf(schema)))));
  place("schemas").hidden = false;
}

keepKey(place("key"));
show().catch((error) => {
  place("version").textContent = `openapi.json cannot be loaded: ${error.message}`;
});
