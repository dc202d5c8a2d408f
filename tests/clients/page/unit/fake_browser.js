// What modules that talk to the server need of a browser.

/**
 * @param {Record<string, () => unknown>} answers The JSON of each path; what throws is a connection that fails.
 * @returns {string[]} The paths that have been asked for.
 */
export function fakeBrowser(answers) {
  /** @type {string[]} */
  const asked = [];
  const storage = {getItem: () => "sk-sambert-1", setItem: () => {}, removeItem: () => {}};
  const fetch = async (/** @type {string} */ path) => {
    asked.push(path);
    return new Response(JSON.stringify(answers[path]()));
  };
  const document = {hidden: false, addEventListener: () => {}};
  Object.assign(globalThis, {sessionStorage: storage, fetch, document});
  return asked;
}
