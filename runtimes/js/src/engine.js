import { ModelError } from "./errors.js";
import { decodeLatin1 } from "./utf8.js";

// The C engine as WebAssembly; docs/engine.md, engine/wasm/door.c.

const BROKEN = 1;
const MESSAGE_SIZE = 256;
const ALIGNMENT = 64;
const PAGE = 1 << 16;

/** Ids of texts that go through a layer together: as docs/engine.md says of scratch memory. */
const SCRATCH_IDS = 4096;

/** A module with one instruction on 128-bit vectors. */
const SIMD_PROBE = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0],
  ...[65, 0, 253, 15, 253, 98, 11],
);

/** Tells whether the browser has 128-bit vectors in WebAssembly. */
export function hasSimd() {
  return WebAssembly.validate(SIMD_PROBE);
}

/**
 * What the module exports; addresses are numbers.
 * @typedef {object} Exports
 * @property {WebAssembly.Memory} memory
 * @property {(size: number) => number} edgernn_take
 * @property {(file: number, size: number, model: number, error: number) => number} edgernn_open_alone
 * @property {(model: number) => number} edgernn_outputs
 * @property {(model: number) => number} edgernn_vocabulary_size
 * @property {(model: number) => number} edgernn_shortest_text
 * @property {(model: number, ids: number) => number} edgernn_scratch_size
 * @property {(model: number, ids: number, offsets: number, count: number, probabilities: number, scratch: number, scratchSize: number) => number} edgernn_score
 */

/** A graph that the engine has opened, in memory of its own. */
export class Engine {
  #exports;
  #model;
  /** Where memory begins that no model lies in. */
  #free;

  /**
   * Opens the graph of a model file.
   * @param {WebAssembly.Module} module
   * @param {Uint8Array} file
   * @throws {ModelError} it is broken, or none that the engine runs
   */
  static async open(module, file) {
    const instance = await WebAssembly.instantiate(module, {});
    return new Engine(/** @type {Exports} */ (/** @type {unknown} */ (instance.exports)), file);
  }

  /**
   * @param {Exports} exports
   * @param {Uint8Array} file
   */
  constructor(exports, file) {
    this.#exports = exports;
    const made = this.#take(4 + MESSAGE_SIZE);
    const bytes = this.#take(file.length);
    new Uint8Array(exports.memory.buffer).set(file, bytes);
    const status = exports.edgernn_open_alone(bytes, file.length, made, made + 4);
    const view = new DataView(exports.memory.buffer);
    if (status !== 0) {
      const message = new Uint8Array(exports.memory.buffer, made + 4, MESSAGE_SIZE);
      const line = decodeLatin1(message.subarray(0, message.indexOf(0)));
      throw new ModelError(
        status === BROKEN
          ? `not a usable model file (${line}); export it again or get a fresh copy`
          : `the engine does not run it: ${line}`,
      );
    }
    this.#model = view.getUint32(made, true);
    this.#free = this.#take(0);
    /** Probabilities that a text has: 1 for two labels. */
    this.outputs = exports.edgernn_outputs(this.#model);
    /** Ids that may be given are below this. */
    this.vocabularySize = exports.edgernn_vocabulary_size(this.#model);
    /** Ids that a text has at least. */
    this.shortestText = exports.edgernn_shortest_text(this.#model);
  }

  /** Bytes of memory that it has. */
  get memory() {
    return this.#exports.memory.buffer.byteLength;
  }

  /**
   * Scores texts; each one's probabilities depend on no other text, bit for bit.
   * @param {Int32Array[]} texts the ids of each
   * @returns {Float32Array} `outputs` for each text
   * @throws {ModelError} an id is none, or a text is too short
   */
  score(texts) {
    const exports = this.#exports;
    let total = 0;
    let longest = texts.length > 1 ? SCRATCH_IDS : 1;
    for (const text of texts) {
      total += text.length;
      longest = Math.max(longest, text.length);
    }
    const scratchSize = exports.edgernn_scratch_size(this.#model, longest) >>> 0;
    let end = this.#free;
    const next = (/** @type {number} */ size) => {
      const start = end;
      end = Math.ceil((start + size) / ALIGNMENT) * ALIGNMENT;
      return start;
    };
    const offsets = next(8 * (texts.length + 1));
    const ids = next(4 * total);
    const found = next(4 * texts.length * this.outputs);
    const scratch = next(scratchSize);
    this.#reach(end);
    const buffer = exports.memory.buffer;
    const places = new Uint32Array(buffer, offsets, 2 * (texts.length + 1)).fill(0);
    const all = new Int32Array(buffer, ids, total);
    let at = 0;
    for (const [i, text] of texts.entries()) {
      all.set(text, at);
      at += text.length;
      places[2 * i + 2] = at;
    }
    const status = exports.edgernn_score(
      ...[this.#model, ids, offsets, texts.length, found, scratch, scratchSize],
    );
    if (status !== 0) {
      throw new ModelError(
        `ids must be 0 to ${this.vocabularySize - 1}, texts at least ${this.shortestText} ids long`,
      );
    }
    return new Float32Array(buffer, found, texts.length * this.outputs).slice();
  }

  /** @param {number} size */
  #take(size) {
    const address = this.#exports.edgernn_take(size) >>> 0;
    if (address === 0) throw new ModelError("there is no memory for it");
    return address;
  }

  /**
   * Makes memory reach to an address.
   * @param {number} end
   */
  #reach(end) {
    const memory = this.#exports.memory;
    const missing = end - memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      memory.grow(Math.ceil(missing / PAGE));
    } catch {
      throw new ModelError("there is no memory for texts of this length");
    }
  }
}
