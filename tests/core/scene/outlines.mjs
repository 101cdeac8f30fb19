// The page's ink for questions on standard input: lines of {"points", "width"} in, lines of {"fill", "line"} out.
import { createInterface } from "node:readline";
import { outline, trace, traceLine, withoutRepeats } from "../../../whiteboard/page/js/draw/ink.js";

class Path {
  segments = [];
  moveTo(...at) { this.segments.push(["M", ...at]); }
  lineTo(...at) { this.segments.push(["L", ...at]); }
  quadraticCurveTo(...at) { this.segments.push(["Q", ...at]); }
  closePath() { this.segments.push(["Z"]); }
}

function traced(draw) {
  const path = new Path();
  draw(path);
  return path.segments;
}

for await (const asked of createInterface({ input: process.stdin })) {
  const { points, width } = JSON.parse(asked);
  const fill = traced((path) => trace(path, outline(points, width)));
  const line = withoutRepeats(points);
  console.log(JSON.stringify({ fill, line: line.length > 3 ? traced((path) => traceLine(path, line)) : [] }));
}
