import {element} from "../../../elements.js";

/** @typedef {import("../../api/administration.js").Health} Health */

/**
 * The state and the load of the server.
 *
 * @param {import("../../app.js").App} app
 */
export function ServerStatus({store, t, signal}) {
  const place = element("div", {className: "status-body"});
  store.watch(({operations: {health, administration}}) => JSON.stringify([health, administration?.memory]), () => {
    const {health, administration} = store.state.operations;
    place.replaceChildren(...(health
      ? lines(t, health, administration?.memory) : [element("p", {className: "muted"}, t.server.loading)]));
  }, signal);
  return element("section", {className: "card server-status", "aria-labelledby": "status-title"},
    element("h2", {id: "status-title"}, t.server.status), place);
}

/**
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {Health} health
 * @param {{used_mb: number, budget_mb: number} | undefined} memory
 */
function lines(t, health, memory) {
  const {status, reason, fallback, load} = health;
  const share = element("meter", {min: 0, max: 1, high: 0.8, value: load.share, "aria-label": t.server.share});
  return [
    element("p", {}, element("span", {id: "server-state", className: "badge", "data-state": status},
      t.server.states[status] ?? status)),
    reason ? element("p", {className: "small warning"}, t.server.reason(reason)) : "",
    fallback ? element("p", {id: "fallback", className: "small warning"}, t.server.fallback(fallback)) : "",
    element("div", {className: "share"}, `${t.server.share} ${t.server.percent(load.share)}`, share),
    element("dl", {className: "facts"}, figures(t, health, memory).flatMap(([name, value]) => [
      element("dt", {className: "small muted"}, name), element("dd", {className: "number"}, value),
    ])),
  ];
}

/**
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {Health} health
 * @param {{used_mb: number, budget_mb: number} | undefined} memory
 * @returns {[string, string][]}
 */
function figures(t, {provider, load, jobs, version}, memory) {
  return [
    [t.server.streams, t.server.capacity(load.streams, load.capacity)],
    [t.server.queue, String(load.queue)],
    [t.server.jobs, jobs ? t.server.jobCounts(jobs.running, jobs.queued) : t.server.jobsUnknown],
    .../** @type {[string, string][]} */ (
      jobs?.characters ? [[t.server.jobCharacters, jobs.characters.toLocaleString()]] : []),
    [t.server.late, String(load.late_chunks)],
    [t.server.provider, (provider ?? "–").toUpperCase()],
    [t.server.workers, String(load.workers)],
    .../** @type {[string, string][]} */ (
      memory ? [[t.server.memory, t.server.megabytes(memory.used_mb, memory.budget_mb)]] : []),
    [t.server.version, version],
  ];
}
