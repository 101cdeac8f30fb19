// @ts-check
/** Ids of boards: what may be one, and which are made up. Pure. */

const BOARD_ID = /^[A-Za-z0-9_.-]{1,128}$/;
/** What the server makes up: 22 letters and digits (`web/boards.py`). */
const MADE_UP = /^(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9]{22}$/;

/** @param {string} text */
export function isBoardId(text) {
  return BOARD_ID.test(text);
}

/** Is this no name that somebody has thought of, and so nothing to read? @param {string} board */
export function isMadeUp(board) {
  return MADE_UP.test(board);
}
