// @ts-check
/**
 * Pictures at the server: where they are, fetching one, uploading one. Says what came of it as a value.
 *
 * @typedef {{kind:"done", asset:string} | {kind:"refused", code:string, reason:string} | {kind:"later"} | {kind:"stopped"}} Outcome
 *   `later`: worth another try, now or when there is a connection again
 */

import { withToken } from "../token.js";

/** Refusals that another try may not meet. */
const PASSING = new Set([0, 408, 421, 429, 500, 502, 503, 504]);
/** What a proxy means that has no words of ours. @type {Record<number, string>} */
const CODES = { 413: "too_large", 415: "unsupported_type" };
const NOT_THERE = new Set([401, 403, 404, 410, 501]);

/** @param {string} board @param {string} [asset] */
export function assetUrl(board, asset) {
  const tail = asset === undefined ? "" : `/${encodeURIComponent(asset)}`;
  return withToken(new URL(`api/boards/${encodeURIComponent(board)}/assets${tail}`, document.baseURI)).href;
}

/** A picture's bytes; null when there is none. Throws when it is worth another try. @param {string} url @returns {Promise<Blob|null>} */
export async function fetchPicture(url) {
  const answer = await fetch(url);
  if (answer.ok) return answer.blob();
  if (NOT_THERE.has(answer.status)) return null;
  throw new Error(`the server answered ${answer.status}`);
}

/**
 * Sends a picture. XMLHttpRequest, because `fetch` does not say how far an upload is.
 * @param {string} url @param {Blob} body @param {(share: number) => void} progress 0 to 1 @param {AbortSignal} signal @returns {Promise<Outcome>}
 */
export function upload(url, body, progress, signal) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const end = () => resolve(outcomeOf(request.status, request.responseText));
    request.upload.addEventListener("progress", (e) => progress(e.loaded / Math.max(1, e.total)));
    for (const name of ["load", "error", "timeout"]) request.addEventListener(name, end);
    request.addEventListener("abort", () => resolve({ kind: "stopped" }));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    if (signal.aborted) return resolve({ kind: "stopped" });
    request.open("POST", url);
    request.send(body);
  });
}

/** @param {number} status 0: there was no answer @param {string} text @returns {Outcome} */
export function outcomeOf(status, text) {
  const said = parsed(text);
  if ((status === 200 || status === 201) && typeof said.asset === "string") return { kind: "done", asset: said.asset };
  if (PASSING.has(status)) return { kind: "later" };
  return { kind: "refused", code: String(said.error?.code ?? CODES[status] ?? status), reason: String(said.error?.reason ?? status) };
}

/** @param {string} text @returns {{asset?: unknown, error?: {code?: unknown, reason?: unknown}}} */
function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
