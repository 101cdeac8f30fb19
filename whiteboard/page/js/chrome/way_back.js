// @ts-check
/** A button for whoever sees nothing of what is drawn: it shows all of it. */
import { viewBox } from "../draw/camera.js";
import { intersects } from "../draw/geometry.js";
import { h, icon } from "./dom.js";

/** The view is looked at so often, not at every frame. */
const LOOK_MS = 250;

/** @param {import("../desk.js").Desk} desk */
export function makeWayBack(desk) {
  const button = h("button", {
    class: "button way-back", testid: "way-back", attrs: { type: "button" }, on: { click: () => desk.fit(desk.scene.bounds()) },
  }, icon("fit"), h("span", { text: "view.wayBack" }));
  let timer = 0;
  const look = () => {
    timer = 0;
    button.hidden = !isLost(desk);
  };
  const lookSoon = () => {
    timer ||= setTimeout(look, LOOK_MS);
  };
  for (const name of ["camera", "content", "status"]) desk.addEventListener(name, lookSoon);
  look();
  return button;
}

/** Is there a drawing, and nothing of it to be seen? What is under way counts as seen. @param {import("../desk.js").Desk} desk */
function isLost({ scene, layers, camera, editor, sync }) {
  if (sync.status.loading || scene.items.size === 0 || layers.draft || editor) return false;
  const view = viewBox(camera, layers.width, layers.height);
  return !scene.grid.query(view).some((id) => {
    const box = scene.get(id)?.box;
    return box && intersects(box, view);
  });
}
