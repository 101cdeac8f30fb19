/**
 * The page's merge for tests in other languages: JSON lines in, JSON lines out.
 *
 * Each line of standard input, {"ops": […stamped ops], "joins": […element states]}, is a board of its
 * own; the answer is one line with its full element states, sorted by id.
 */
import { createInterface } from "node:readline";

import { Board } from "../../whiteboard/page/js/core/board.js";

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") continue;
  const { ops = [], joins = [] } = JSON.parse(line);
  const board = new Board();
  for (const op of ops) board.apply(op);
  for (const state of joins) board.join(state);
  process.stdout.write(`${JSON.stringify(board.states())}\n`);
}
