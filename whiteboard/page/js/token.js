// @ts-check
/** The token in this page's address, where the server wants one: it is handed on to every address of ours that the page goes to. */

/** @param {URL} url one of ours; changed @returns {URL} the same */
export function withToken(url) {
  const token = new URLSearchParams(location.search).get("token");
  if (token) url.searchParams.set("token", token);
  return url;
}
