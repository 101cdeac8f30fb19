// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { darkPaper, fromOklab, onDark, PALETTE, parseHex, PEOPLE_COLORS, personColor, toOklab } from "../../whiteboard/page/js/draw/color.js";

/** WCAG 2 contrast of two #rrggbb colours. @param {string} a @param {string} b */
function contrast(a, b) {
  const [x, y] = [a, b].map((hex) => {
    const [r, g, bl] = /** @type {number[]} */ (parseHex(hex)).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl + 0.05;
  });
  return Math.max(x, y) / Math.min(x, y);
}

test("Oklab and back is the same colour", () => {
  for (const hex of ["#000000", "#ffffff", "#e03131", "#1971c2"]) assert.equal(fromOklab(toOklab(/** @type {number[]} */ (parseHex(hex)))), hex);
});

test("every colour of the palette can be read on dark paper", () => {
  for (const { name, value } of PALETTE) assert.ok(contrast(onDark(value), "#17181c") >= 3, `${name} ${onDark(value)}`);
});

test("grey ink is as clear on dark paper as on light, and darker greys are no dimmer", () => {
  for (const grey of ["#868e96", "#868686"]) assert.ok(contrast(onDark(grey), "#17181c") >= 1.5 * contrast(grey, "#fbfaf7"), onDark(grey));
  const clear = ["#000000", "#1e1e1e", "#495057", "#868686", "#adb5bd", "#dee2e6", "#ffffff"].map((grey) => contrast(onDark(grey), "#17181c"));
  assert.deepEqual(clear, clear.toSorted((a, b) => b - a));
});

test("in the dark, a note is dark paper with light letters, and keeps its hue", () => {
  for (const color of ["#fff3bf", "#ffdeeb", "#d3f9d8", "#d0ebff", "#ffffff", "#1971c2", "#1e1e1e"]) {
    const paper = darkPaper(color), [L] = toOklab(/** @type {number[]} */ (parseHex(paper)));
    assert.ok(contrast(onDark("#1e1e1e"), paper) >= 5, `${color} ${paper}`);
    assert.ok(contrast(paper, "#17181c") > 1.4, `${color} ${paper} on the board`);
    assert.ok(L < 0.42);
  }
  const [, a, b] = toOklab(/** @type {number[]} */ (parseHex(darkPaper("#d0ebff"))));
  assert.ok(b < -0.02 && a < 0.01, "blue stays blue");
});

test("black and white change places on dark paper", () => {
  assert.ok(contrast(onDark("#000000"), "#17181c") > 10);
  assert.ok(contrast(onDark("#ffffff"), "#17181c") < 1.6);
});

test("white letters can be read on people's colours", () => {
  for (const color of PEOPLE_COLORS) assert.ok(contrast(color, "#ffffff") >= 4.5, color);
});

test("a person keeps the same colour", () => {
  assert.equal(personColor("c-1"), personColor("c-1"));
  assert.ok(PEOPLE_COLORS.includes(personColor("任何人")));
});
