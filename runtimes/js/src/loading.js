import { ModelError } from "./errors.js";
import { hasSimd } from "./engine.js";
import { oneLine } from "./messages.js";

/** @typedef {string | URL | ArrayBuffer | Uint8Array | Blob} Source */

/**
 * Where the engine is: the address or the bytes of `engine.wasm`; by default beside this file.
 * @typedef {{engine?: Source, name?: string}} Options
 */

/** @type {Promise<WebAssembly.Module> | null} */
let builtIn = null;

/**
 * Returns the compiled engine, which is fetched and compiled once.
 * @param {Source | undefined} source
 * @returns {Promise<WebAssembly.Module>}
 */
export function loadEngine(source) {
  if (source !== undefined) return compile(source);
  // Bundlers look for addresses that are written like this.
  builtIn ??= compile(
    hasSimd()
      ? new URL("./engine.wasm", import.meta.url)
      : new URL("./engine-plain.wasm", import.meta.url),
  ).catch((error) => {
    builtIn = null;
    throw error;
  });
  return builtIn;
}

/** @param {Source} source */
async function compile(source) {
  return WebAssembly.compile(/** @type {BufferSource} */ (await readBytes(source)));
}

/**
 * Returns the bytes of a file: of an address, in Node of a path, or those given.
 * @param {Source} source
 * @returns {Promise<Uint8Array>}
 * @throws {ModelError} it cannot be read
 */
export async function readBytes(source) {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  const node = globalThis.process?.getBuiltinModule?.("node:fs");
  if (node !== undefined && !/^https?:/.test(String(source))) {
    const isAddress = source instanceof URL || source.startsWith("file:");
    try {
      return await node.promises.readFile(isAddress ? new URL(source) : source);
    } catch (error) {
      throw unread(source, /** @type {Error} */ (error).message);
    }
  }
  let response;
  try {
    response = await fetch(source);
  } catch (error) {
    throw unread(source, /** @type {Error} */ (error).message);
  }
  if (!response.ok) throw unread(source, `status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * What errors call a file: the last part of its address.
 * @param {Source} source
 */
export function nameOf(source) {
  if (typeof source === "string" || source instanceof URL) {
    return String(source).replace(/[?#].*$/, "").replace(/^.*[/\\]/, "") || String(source);
  }
  return "name" in source && typeof source.name === "string" ? source.name : "the model";
}

/**
 * @param {Source} source
 * @param {string} why
 */
function unread(source, why) {
  return new ModelError(`${oneLine(String(source))}: cannot be read: ${oneLine(why)}`);
}
