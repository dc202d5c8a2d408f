// A form that sends a request of an operation, with the same request as a curl line.

import {element} from "./elements.js";
import {authorization} from "./key.js";

/** Returns the elements of the form. */
export function requestForm({id, method, path, parameters = [], requestBody}) {
  const content = requestBody && Object.entries(requestBody.content)[0];
  const examples = Object.values(content?.[1].examples ?? {});
  const body = content && element("textarea", {id: `${id}-body`, rows: 6, spellcheck: false, value: shown(examples[0])});
  const fields = parameters.filter((parameter) => parameter.in !== "header").map((parameter) => field(id, parameter));
  const choice = examples.length > 1 && element("select", {id: `${id}-example`},
    ...examples.map(({summary}, index) => new Option(summary, index)));
  const curl = element("pre", {tabIndex: 0, ariaLabel: "The request as a curl line"});
  const send = element("button", {type: "submit"}, "Send");
  const stop = element("button", {type: "button", hidden: true}, "Stop");
  const result = element("div", {className: "result", role: "status"});
  const form = element("form", {},
    choice ? labelled("Example", choice) : "",
    body ? labelled("JSON body", body) : "",
    fields.length ? element("div", {className: "row"}, ...fields.map(({label, input}) => labelled(label, input))) : "",
    element("div", {className: "buttons"}, send, stop, copyButton(curl)), curl, result);

  const request = () => requestOf({method, path, type: content?.[0], fields, body: body?.value});
  const showCurl = () => { curl.textContent = curlLine(request()); };
  form.addEventListener("input", showCurl);
  if (choice) choice.addEventListener("change", () => { body.value = shown(examples[choice.value]); showCurl(); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const controller = new AbortController();
    stop.onclick = () => controller.abort();
    [send.disabled, stop.hidden] = [true, false];
    result.replaceChildren("Waiting for the answer …");
    try {
      await answer(request(), controller.signal, result);
    } catch (error) {
      result.replaceChildren(controller.signal.aborted ? "Stopped." : `No complete answer: ${error.message}`);
    }
    [send.disabled, stop.hidden] = [false, true];
  });
  showCurl();
  return [element("details", {className: "part try"}, element("summary", {}, "Try it"), form)];
}

const shown = (example) => JSON.stringify(example?.value ?? {}, null, 2);

const labelled = (text, input) =>
  element("div", {className: "field"}, element("label", {htmlFor: input.id}, text), input);

function field(id, parameter) {
  const {name, required} = parameter;
  const example = Object.values(parameter.examples ?? {})[0]?.value;
  const options = parameter.schema?.enum ?? (parameter.schema?.type === "boolean" ? [false, true] : null);
  const input = options
    ? element("select", {id: `${id}-${name}`}, ...(required ? [] : [new Option("", "")]),
        ...options.map((value) => new Option(value, value)))
    : element("input", {id: `${id}-${name}`, required, value: required ? example ?? "" : "",
        placeholder: parameter.schema?.default ?? ""});
  return {name, location: parameter.in, label: name, input};
}

function requestOf({method, path, type, fields, body}) {
  const query = new URLSearchParams();
  let url = path.slice(1);
  for (const {name, location, input} of fields) {
    if (location === "path") url = url.replace(`{${name}}`, encodeURIComponent(input.value));
    else if (input.value !== "") query.append(name, input.value);
  }
  if (query.size) url += `?${query.toString().replaceAll("+", "%20")}`;
  return {method: method.toUpperCase(), url: new URL(url, document.baseURI).href, type, body};
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function curlLine({method, url, type, body}) {
  const options = method === "HEAD" ? " -I" : "";
  const data = body === undefined ? "" : ` -H ${quoted(`Content-Type: ${type}`)} \\\n  -d ${quoted(compact(body))}`;
  return `curl${options} ${quoted(url)}${data}${data || url.includes("?") ? " -o answer" : ""}`;
}

/** JSON in one line; text that is not JSON as it is. */
function compact(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

async function answer({method, url, type, body}, signal, result) {
  const start = performance.now();
  const response = await fetch(url, {method, body, headers: {...authorization(), ...(type ? {"Content-Type": type} : {})}, signal});
  const milliseconds = Math.round(performance.now() - start);
  const received = (response.headers.get("Content-Type") ?? "").split(";")[0];
  const line = element("p", {}, element("strong", {}, response.status), ` ${received} · first bytes after ${milliseconds} ms`);
  result.replaceChildren(line, "Receiving …");
  if (received === "application/json") {
    result.replaceChildren(line, pre(JSON.stringify(await response.json(), null, 2)));
  } else if (received.startsWith("text/")) {
    result.replaceChildren(line, pre((await response.text()).slice(0, 20000)));
  } else {
    result.replaceChildren(line, ...media(await response.blob(), received));
  }
}

const pre = (text) => element("pre", {tabIndex: 0, ariaLabel: "The answer"}, text);

function media(blob, type) {
  if (!blob.size) return ["No body."];
  const url = URL.createObjectURL(blob);
  const download = element("a", {href: url, download: `speech.${type.split("/").at(-1)}`}, `Download (${blob.size} bytes)`);
  if (!element("audio").canPlayType(type)) return [download];
  return [element("audio", {controls: true, autoplay: true, src: url}), download];
}

/** Browsers copy only on pages of localhost and of https. */
function copyButton(source) {
  if (!navigator.clipboard) return "";
  const button = element("button", {type: "button"}, "Copy curl");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy curl"; }, 1500);
  });
  return button;
}
