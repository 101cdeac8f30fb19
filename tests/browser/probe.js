// What tests ask a page, beside what a person sees: installed in every page before its own scripts.
(() => {
  /** Points as the wire has them, from the view's flat triples. */
  const wire = (flat) => {
    const points = [];
    for (let i = 0; i < flat.length; i += 3) points.push(flat[i + 2] < 0 ? [flat[i], flat[i + 1]] : [flat[i], flat[i + 1], flat[i + 2]]);
    return points;
  };
  const sorted = (value) => {
    if (Array.isArray(value)) return value.map(sorted);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
  };
  const view = () => window.whiteboard.view;
  const element = (id) => {
    const { created, points, ...rest } = view().get(id);
    return rest.type === "stroke" ? { ...rest, points: wire(points) } : rest;
  };
  const elements = () => view().drawOrder().map(element);
  const violations = [];
  addEventListener("securitypolicyviolation", (e) => violations.push(`${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
  window.probe = {
    element, elements, violations,
    has: (wanted) => elements().some((el) => Object.entries(wanted).every(([name, value]) => JSON.stringify(el[name]) === JSON.stringify(value))),
    equals: (expected) => JSON.stringify(sorted(elements())) === JSON.stringify(sorted(JSON.parse(expected))),
    isReady: () => document.documentElement.dataset.ready === "true",
    isSettled: () => {
      const { state, pending, loading } = window.whiteboard.sync.status;
      return state === "online" && pending === 0 && !loading && view().drawOrder().every((id) => !view().isPending(id));
    },
    /** Where a point of the board is on the screen. */
    place: (x, y) => {
      const { camera } = window.whiteboard.desk, { left, top } = window.whiteboard.desk.stage.getBoundingClientRect();
      return [left + (x - camera.x) * camera.z, top + (y - camera.y) * camera.z];
    },
    camera: () => ({ ...window.whiteboard.desk.camera }),
    middle: (id) => {
      const { minX, minY, maxX, maxY } = window.whiteboard.scene.outerBox(id);
      return window.probe.place((minX + maxX) / 2, (minY + maxY) / 2);
    },
    edge: (id) => {
      const { minX, minY, maxX } = window.whiteboard.scene.outerBox(id);
      return window.probe.place((minX + maxX) / 2, minY);
    },
    foot: (id) => {
      const { minX, maxX, maxY } = window.whiteboard.scene.outerBox(id);
      return window.probe.place((minX + maxX) / 2, maxY);
    },
  };
})();
