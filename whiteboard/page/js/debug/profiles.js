// @ts-check
/** The view of profiles: taking and opening them, and what they show. */
import { h } from "../chrome/dom.js";
import { Graph } from "./graph.js";
import { readProfile } from "./pprof.js";
import { makeTaking } from "./taking.js";

/** @param {() => void} denied the server takes us for nobody special */
export function makeProfiles(denied) {
  const graph = new Graph();
  const taking = makeTaking(async (bytes, name) => graph.keep(bytes, await readProfile(bytes), name), denied);
  const node = h("div", { class: "debug-view" }, taking.node, graph.node);
  node.addEventListener("dragover", (event) => event.preventDefault());
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    taking.openFiles(event.dataTransfer?.files);
  });
  return { node, offerWorkers: taking.offerWorkers, refresh: taking.refresh };
}
