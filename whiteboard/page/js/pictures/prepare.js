// @ts-check
/**
 * From what somebody brings to what is uploaded. Photos are drawn anew, and so lose what cameras write into them: where
 * and when they were taken. What is larger than a board shows is scaled down. Small drawings stay as they are.
 *
 * @typedef {{blob:Blob, bitmap:ImageBitmap, width:number, height:number}} Prepared
 */
import { decodePicture, MAX_SIDE } from "./album.js";

/** Goes up as it is when it is no larger than this. */
const KEPT_BYTES = 2 * 1024 * 1024;
/** Types that the server takes and that hold no camera's notes worth removing. */
const KEPT_TYPES = new Set(["image/png", "image/gif", "image/webp"]);
const QUALITY = 0.9;

/** Not a picture that this browser can show. */
export class NoPicture extends Error {}
/** More bytes than the server takes, also when scaled down. */
export class TooLarge extends Error {}

/** @param {Blob} file @param {number} maxBytes @returns {Promise<Prepared>} throws NoPicture, TooLarge */
export async function prepare(file, maxBytes) {
  const whole = await decoded(file);
  const isLarge = Math.max(whole.width, whole.height) > MAX_SIDE;
  const bitmap = isLarge ? await decodePicture(whole, MAX_SIDE) : whole;
  const blob = !isLarge && isKept(file) ? file : await encoded(bitmap, file.type);
  if (blob.size > maxBytes) throw new TooLarge();
  return { blob, bitmap, width: bitmap.width, height: bitmap.height };
}

/** @param {Blob} file */
export function isKept(file) {
  return KEPT_TYPES.has(file.type) && file.size <= KEPT_BYTES;
}

/** @param {Blob} file @returns {Promise<ImageBitmap>} */
async function decoded(file) {
  try {
    return await createImageBitmap(file);
  } catch {
    return drawing(file);
  }
}

/** What only an image element can show, such as SVG: there it runs no scripts and loads nothing. @param {Blob} file @returns {Promise<ImageBitmap>} */
async function drawing(file) {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const width = image.naturalWidth || 512, height = image.naturalHeight || 512;
    const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
    const canvas = canvasOf(width * scale, height * scale);
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await createImageBitmap(canvas);
  } catch {
    throw new NoPicture();
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** A photo stays one; everything else may be transparent. @param {ImageBitmap} bitmap @param {string} type @returns {Promise<Blob>} */
async function encoded(bitmap, type) {
  const canvas = canvasOf(bitmap.width, bitmap.height);
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  const to = type === "image/jpeg" ? "image/jpeg" : "image/webp"; // who cannot write that writes PNG
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new NoPicture())), to, QUALITY));
}

/** @param {number} width @param {number} height */
function canvasOf(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width));
  canvas.height = Math.max(1, Math.round(height));
  return canvas;
}
