import {element} from "../../../elements.js";
import {Problem} from "../../components/problem.js";
import {JobItem} from "./job_item.js";

/**
 * The jobs of this client, the newest first.
 *
 * @param {import("../../app.js").App} app
 * @param {import("../../work/jobs.js").Jobs} jobs
 */
export function JobList(app, jobs) {
  const {store, t, signal} = app;
  const list = element("ul", {className: "jobs"});
  const empty = element("p", {className: "muted"});
  const more = element("button", {type: "button", className: "quiet small", onclick: () => jobs.more()}, t.work.more);
  /** @type {Map<string, {item: HTMLElement, controller: AbortController}>} */
  const items = new Map();
  const show = () => {
    const shown = store.state.jobs.list;
    for (const [id, {item, controller}] of items) {
      if (shown.some((job) => job.id === id)) continue;
      controller.abort();
      item.remove();
      items.delete(id);
    }
    shown.forEach((job, index) => {
      const known = items.get(job.id) ?? made(app, jobs, job);
      items.set(job.id, known);
      if (list.children[index] !== known.item) list.insertBefore(known.item, list.children[index] ?? null);
    });
  };
  store.watch(({jobs: {list: shown}}) => shown.map(({id}) => id).join(), show, signal);
  store.watch(({jobs: {list: {length}, loaded}}) => {
    if (length) return "";
    return loaded ? t.work.noJobs : t.work.loading;
  }, (words) => {
    empty.textContent = words;
    empty.hidden = words === "";
  }, signal);
  store.watch((state) => state.jobs.hasMore, (hasMore) => { more.hidden = !hasMore; }, signal);
  return element("section", {className: "card job-list", "aria-labelledby": "jobs-title"},
    element("h2", {id: "jobs-title"}, t.work.jobs), Problem(app, "jobs-problem", (state) => state.jobs.problem),
    empty, list, more);
}

/**
 * @param {import("../../app.js").App} app
 * @param {import("../../work/jobs.js").Jobs} jobs
 * @param {import("../../api/jobs.js").Job} job
 */
function made(app, jobs, job) {
  const controller = new AbortController();
  app.signal.addEventListener("abort", () => controller.abort(), {signal: controller.signal});
  return {item: JobItem({...app, signal: controller.signal}, jobs, job), controller};
}
