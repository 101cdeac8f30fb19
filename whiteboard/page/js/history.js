// @ts-check
/**
 * One person's undo and redo: stacks of groups of inverse steps. What others changed since is left alone
 * (core/inverse.js); groups that have nothing left to do are passed over.
 *
 * @typedef {import("./core/inverse.js").UndoStep} UndoStep
 * @typedef {import("./types.js").Op} Op
 */
import { due, inverse } from "./core/inverse.js";

const DEPTH = 300;

export class History extends EventTarget {
  /**
   * @param {import("./core/inverse.js").View} view
   * @param {(op: Op) => void} submit
   * @param {<T>(work: () => T) => T} [together] does work that submits many ops, so that what follows from them is done once
   * @param {() => boolean} [isLoading] whether the view lacks what is still on its way
   */
  constructor(view, submit, together = (work) => work(), isLoading = () => false) {
    super();
    this.view = view;
    this.submit = submit;
    this.together = together;
    this.isLoading = isLoading;
    /** @type {UndoStep[][]} */
    this.undos = [];
    /** @type {UndoStep[][]} */
    this.redos = [];
    /** @type {UndoStep[]|null} the group of a gesture under way */
    this.open = null;
  }

  /** Submits ops as one thing to undo, or as a part of the gesture under way. @param {Op[]} ops */
  do(ops) {
    const steps = this.together(() => this.apply(ops));
    if (this.open) this.open.push(...steps);
    else this.keep(steps);
  }

  /** From now until `end` all is one thing to undo. */
  begin() {
    this.open ??= [];
  }

  end() {
    const steps = this.open ?? [];
    this.open = null;
    this.keep(steps);
  }

  /** Takes back what the gesture under way has done, as if it had not been. */
  abandon() {
    const steps = mergeSteps(this.open ?? []);
    this.open = null;
    this.together(() => this.takeBack(steps));
  }

  /** Not while the board is loading: what is not there yet would look as if somebody had taken it away. @returns {boolean} was there something to undo */
  undo() {
    return this.move(this.undos, this.redos);
  }

  /** As `undo`. @returns {boolean} was there something to redo */
  redo() {
    return this.move(this.redos, this.undos);
  }

  /** @param {UndoStep[][]} from @param {UndoStep[][]} to */
  move(from, to) {
    if (this.isLoading()) return false;
    for (let group = from.pop(); group; group = from.pop()) {
      const steps = group, back = this.together(() => this.takeBack(steps));
      if (back.length === 0) continue;
      to.push(back);
      this.changed();
      return true;
    }
    this.changed();
    return false;
  }

  /** Does what is left to do of some steps, the last one first. @param {UndoStep[]} steps @returns {UndoStep[]} what takes that back */
  takeBack(steps) {
    const back = [];
    for (const step of steps.toReversed()) {
      const op = due(this.view, step);
      if (op) back.push(...this.apply([op]));
    }
    return back;
  }

  /** @param {Op[]} ops @returns {UndoStep[]} what takes them back */
  apply(ops) {
    const steps = [];
    for (const op of ops) {
      steps.push(...inverse(this.view, op));
      this.submit(op);
    }
    return steps;
  }

  /** @param {UndoStep[]} steps */
  keep(steps) {
    const merged = mergeSteps(steps);
    if (merged.length === 0) return;
    this.undos.push(merged);
    if (this.undos.length > DEPTH) this.undos.shift();
    this.redos = [];
    this.changed();
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * A gesture's many small changes of a property as one: back to the value before it, if the last value stands.
 * What happens to an element that the gesture itself made needs no step of its own.
 * @param {UndoStep[]} steps @returns {UndoStep[]}
 */
export function mergeSteps(steps) {
  /** @type {Map<string, UndoStep>} */
  const sets = new Map();
  const made = new Set();
  /** @type {UndoStep[]} */
  const merged = [];
  for (const step of steps) {
    const { type, id } = step.op;
    if (made.has(id) && type === "set") continue;
    if (type === "delete") made.add(id);
    const earlier = type === "set" ? sets.get(id) : undefined;
    if (!earlier) {
      const own = { ...step };
      merged.push(own);
      if (type === "set") sets.set(id, own);
      else sets.delete(id);
      continue;
    }
    earlier.op = { ...step.op, props: { .../** @type {object} */ (step.op.props), .../** @type {object} */ (earlier.op.props) } };
    earlier.expects = { ...earlier.expects, ...step.expects };
  }
  return merged;
}
