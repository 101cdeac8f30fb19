// @ts-check
/**
 * Asking the server as its operator. The token, where one is needed, is kept in this tab only (sessionStorage): neither in the
 * address, which ends up in histories and logs, nor in a cookie, which the browser would send along for other sites' pages.
 */

const KEY = "whiteboard.operator";
/** Until the server has to have begun to answer; a profile takes as long as it is asked to look, and that much more. */
const ANSWER_MS = 10_000;

/** The server takes us for somebody else than its operator. */
export class NotOperator extends Error {}

/** The server has answered, but not with what was asked for. */
export class Unwilling extends Error {
  /** @param {string} reason @param {number} status */
  constructor(reason, status) {
    super(reason);
    this.status = status;
  }
}

/** Without storage, for this page only. */
let token = "";
try {
  token = sessionStorage.getItem(KEY) ?? "";
} catch {
  // as above
}

/** @param {string} text empty to forget it */
export function useToken(text) {
  token = text.trim();
  try {
    if (token) sessionStorage.setItem(KEY, token);
    else sessionStorage.removeItem(KEY);
  } catch {
    // as above
  }
}

export const hasToken = () => token !== "";

/**
 * @param {string} path below the base path @param {RequestInit & {headers?: Record<string, string>}} [how] @param {number} [extraMs]
 * @returns {Promise<Response>} rejects with NotOperator, Unwilling, or as fetch does
 */
async function answered(path, how = {}, extraMs = 0) {
  const headers = { ...how.headers, ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const answer = await fetch(new URL(path, document.baseURI), { ...how, headers, cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS + extraMs) });
  if (answer.ok) return answer;
  const said = reasonIn(await answer.text());
  if (answer.status === 403 || answer.status === 401) throw new NotOperator(said);
  throw new Unwilling(said || `HTTP ${answer.status}`, answer.status);
}

/** What an error says for people, in our shape of errors or as plain text. @param {string} text */
function reasonIn(text) {
  try {
    return String(JSON.parse(text).error.reason);
  } catch {
    return text.startsWith("<") ? "" : text.trim().slice(0, 500);
  }
}

/** A JSON document. @param {string} path */
export async function askJson(path) {
  return (await answered(path, { headers: { accept: "application/json" } })).json();
}

/** What is answered to one. @param {string} path @param {unknown} body */
export async function postJson(path, body) {
  const headers = { accept: "application/json", "content-type": "application/json" };
  return (await answered(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

/** A file. @param {string} path @param {number} seconds that the server looks before it answers @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function askBytes(path, seconds) {
  return new Uint8Array(await (await answered(path, { headers: { accept: "application/json" } }, 1000 * seconds + 20_000)).arrayBuffer());
}
