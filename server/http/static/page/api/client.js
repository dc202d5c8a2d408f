// Requests to the server, with the key of this tab.

import {authorization} from "../../key.js";

/** An answer that is an error. The message is that of the server. */
export class ResponseError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {string | null} code As docs/errors.md lists them.
   * @param {string | null} param The field that is wrong.
   */
  constructor(status, message, code, param) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

/** The server cannot be reached. */
export class UnreachableError extends Error {}

/**
 * Sends a request. Rejects with `ResponseError`, `UnreachableError`, or the reason of the signal.
 *
 * @param {string} path Relative to the page.
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
export async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, {...options, headers: {...options.headers, ...authorization()}});
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new UnreachableError(String(error));
  }
  if (!response.ok) throw await responseError(response);
  return response;
}

/**
 * @param {string} path
 * @param {unknown} body
 * @param {AbortSignal} [signal]
 */
export function post(path, body, signal) {
  const headers = {"Content-Type": "application/json"};
  return request(path, {method: "POST", headers, body: JSON.stringify(body), signal});
}

/**
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function getJson(path, signal) {
  return (await request(path, {signal})).json();
}

/** @param {Response} response */
async function responseError(response) {
  try {
    const {message, code = null, param = null} = (await response.json()).error;
    return new ResponseError(response.status, message, code, param);
  } catch {
    return new ResponseError(response.status, `HTTP ${response.status}`, null, null);
  }
}
