import {element} from "../../../elements.js";
import {Jobs} from "../../work/jobs.js";
import {JobForm} from "./job_form.js";
import {JobList} from "./job_list.js";
import {SpokenList} from "./spoken_list.js";

/**
 * Long work: a new job on the one side, the jobs and what was spoken on the other.
 *
 * @param {import("../../app.js").App} app
 */
export function WorkView(app) {
  const {t} = app;
  const jobs = new Jobs(app);
  return element("div", {className: "work"},
    element("div", {className: "intro"}, element("h1", {}, t.work.title), element("p", {}, t.work.subtitle)),
    JobForm(app, jobs),
    element("div", {className: "work-lists"}, JobList(app, jobs), SpokenList(app)));
}
