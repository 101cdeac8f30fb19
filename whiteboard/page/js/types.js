// @ts-check
/**
 * Types shared by the page's modules. Nothing is imported from here at run time.
 *
 * An element as the view shows it: id, type, author, and its properties flat beside them; points are flat
 * x, y, pressure triples (pressure -1: none given). See `ElementView` in core/board.js.
 * @typedef {{id:string, type:string, by?:string, created?:readonly unknown[], points?:readonly number[], x?:number, y?:number, w?:number, h?:number,
 *   rotation?:number, color?:string, fill?:string, width?:number, size?:number, opacity?:number, kind?:string,
 *   text?:string, asset?:string, z?:string, [name:string]:unknown}} Element
 *
 * An op as the page submits it; the sync client adds opId and what had been seen.
 * @typedef {{type:string, id:string, [name:string]:unknown}} Op
 *
 * A pointer event as tools get it: board coordinates and screen coordinates in the stage.
 * @typedef {{x:number, y:number, sx:number, sy:number, t:number, pressure:number|null, kind:"mouse"|"pen"|"touch",
 *   shift:boolean, alt:boolean, mod:boolean, clicks:number}} PointerSample
 */
export {};
