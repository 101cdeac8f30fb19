// @ts-check
/** Is this a device of fingers alone, where keys mean nothing? */
export function isTouched() {
  return matchMedia("(hover: none) and (pointer: coarse)").matches;
}
