// @ts-check
/**
 * What is being typed, on its way to the board: others read along, and a tab that dies takes at most the last
 * words with it. However often it is sent, one edit is one thing to undo. Knows no text field.
 *
 * @typedef {import("../types.js").Element} Element
 * @typedef {Pick<import("../desk.js").Desk, "history"|"view"|"sync"|"newId"|"emit">} Desk what it needs of one
 */

const SEND_MS = 300;

export class Typing {
  /**
   * @param {Desk} desk @param {Element} el @param {boolean} isNew
   * @param {(id: string) => void} [moved] the words go on in another element
   */
  constructor(desk, el, isNew, moved = () => {}) {
    this.desk = desk;
    this.el = el;
    this.isNew = isNew;
    this.moved = moved;
    this.before = trimmed(String(el.text ?? ""));
    /** The newest words, and those that were sent last. */
    this.text = this.sent = this.before;
    this.isOnBoard = !isNew;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
    desk.history.begin();
  }

  /** Takes what stands in the field now; it is sent within a moment. @param {string} text */
  hear(text) {
    this.text = trimmed(text);
    this.timer ??= setTimeout(() => this.flush(), SEND_MS);
  }

  /** Sends now. A text without a letter would be gone for the others: it is sent only at the end. */
  flush() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.text && this.text !== this.sent) this.send();
  }

  /** Somebody else, or the style panel, has changed the element. @param {Partial<Element>} props */
  follow(props) {
    this.el = { ...this.el, ...props };
  }

  /** A new look, while one types. @param {Record<string, unknown>} props */
  restyle(props) {
    this.follow(props);
    if (this.isOnBoard && this.desk.view.get(this.el.id)) this.set(props);
  }

  end() {
    clearTimeout(this.timer);
    const { type, id } = this.el, { history, view } = this.desk;
    const isEmptied = !this.text && type === "text";
    if (isEmptied && this.isNew) return history.abandon();
    if (isEmptied) history.do(view.get(id) ? [{ type: "delete", id }] : []);
    else if (this.text !== this.sent || !this.isOnBoard || this.isLost()) this.send();
    history.end();
  }

  /** Has somebody deleted it with words in it that were typed just now? */
  isLost() {
    return this.text !== this.before && !this.desk.view.get(this.el.id) && !this.desk.sync.status.loading;
  }

  send() {
    const { history, view, sync } = this.desk;
    this.sent = this.text;
    if (!this.isOnBoard) this.create();
    else if (view.get(this.el.id) || sync.status.loading) this.set({ text: this.text });
    else this.rescue(history, view);
  }

  create() {
    const { type, id, by: _by, created: _created, ...props } = this.el;
    this.isOnBoard = true;
    this.desk.history.do([{ type, id, ...props, text: this.text }]);
  }

  /** @param {Record<string, unknown>} props */
  set(props) {
    this.desk.history.do([{ type: "set", id: this.el.id, props }]);
  }

  /** Deleted by somebody while it was typed: the words count more. Where nothing is left to restore, they make a new element.
   * @param {Desk["history"]} history @param {Desk["view"]} view */
  rescue(history, view) {
    history.do([{ type: "restore", id: this.el.id }]);
    if (view.get(this.el.id)) {
      this.set({ text: this.text });
    } else {
      this.el = { ...this.el, id: this.desk.newId() };
      this.create();
      this.moved(this.el.id);
    }
    this.desk.emit("toast", "toast.textKept");
  }
}

/** Spaces at the end are not seen and not kept. @param {string} text */
function trimmed(text) {
  return text.replace(/\s+$/u, "");
}
