import { ModelError } from "./errors.js";
import { nameOf, readBytes } from "./loading.js";
import { oneLine } from "./messages.js";
import { Model } from "./model.js";
import { ModelFile } from "./model_file.js";

// Nothing imports this module but who wants it: a page without it neither loads nor names
// onnxruntime-web.

/**
 * The module `onnxruntime-web`, or `onnxruntime-node`, as far as it is used here.
 * @typedef {object} OnnxRuntime
 * @property {{create: (bytes: Uint8Array, options: any) => Promise<any>}} InferenceSession
 * @property {new (type: "int32", data: Int32Array, dims: number[]) => any} Tensor
 */

/** The kind of error that a session throws is not known. @param {unknown} error */
const messageOf = (error) => oneLine(error instanceof Error ? error.message : String(error));

/**
 * Loads an ONNX file into onnxruntime-web, for graphs that edgernn's engine does not run.
 * @param {import("./loading.js").Source} source its address, in Node also its path, or its bytes
 * @param {OnnxRuntime} ort the imported module; what it is told in `ort.env` holds
 * @param {{name?: string, session?: Record<string, any>}} [options] `session`: what
 *   `InferenceSession.create` is given besides
 * @returns {Promise<OnnxRuntimeClassifier>}
 * @throws {ModelError} the file cannot be read, or is refused; the message, one line, says why
 */
export async function loadWithOnnxRuntime(source, ort, options = {}) {
  const bytes = await readBytes(source);
  const name = options.name ?? nameOf(source);
  const refused = (/** @type {string} */ why) => new ModelError(`${oneLine(name)}: ${why}`);
  let file;
  try {
    file = new ModelFile(bytes);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw refused(oneLine(error.message));
  }
  if (file.format !== "onnx") throw refused("onnxruntime-web runs .onnx files alone");
  let session;
  try {
    session = await ort.InferenceSession.create(bytes, {
      executionProviders: ["wasm"],
      // Otherwise it rounds what goes through an int8 layer, too, half a percent off.
      extra: { session: { disable_quant_qdq: "1" } },
      ...options.session,
    });
  } catch (error) {
    throw refused(`onnxruntime-web does not load it: ${messageOf(error)}`);
  }
  return new OnnxRuntimeClassifier(file, ort, session, name);
}

/** A model file in onnxruntime-web: as `Classifier`, but what it is asked is answered later. */
export class OnnxRuntimeClassifier extends Model {
  #ort;
  #session;
  #outputs;

  /**
   * @param {ModelFile} file
   * @param {OnnxRuntime} ort
   * @param {any} session
   * @param {string} name
   */
  constructor(file, ort, session, name) {
    super(file, name);
    this.#ort = ort;
    this.#session = session;
    this.#outputs = file.contract.outputs;
  }

  /**
   * Scores texts.
   * @param {readonly string[]} texts
   * @returns {Promise<import("./model.js").Score[]>} one for each text, in their order
   */
  score(texts) {
    return this.#answer(this.scoring(texts));
  }

  /**
   * Scores the texts that the file carries, and compares with what it gave when it was exported.
   * @returns {Promise<import("./verification.js").Verified>}
   */
  verify() {
    return this.#answer(this.verifying());
  }

  /** Gives the session's memory back. */
  async close() {
    await this.#session.release();
  }

  /**
   * @template T
   * @param {import("./model.js").Question<T>} question
   */
  async #answer(question) {
    let step = question.next();
    while (!step.done) {
      const found = [];
      for (const ids of step.value) found.push(await this.#probabilities(ids));
      step = question.next(found);
    }
    return step.value;
  }

  /**
   * One text a call, which every form of a graph takes.
   * @param {Int32Array} ids
   */
  async #probabilities(ids) {
    const { Tensor } = this.#ort;
    const session = this.#session;
    /** @type {Record<string, any>} */
    const given = { ids: new Tensor("int32", Int32Array.from(ids), [1, ids.length]) };
    if (session.inputNames.includes("lengths")) {
      given.lengths = new Tensor("int32", Int32Array.of(ids.length), [1]);
    }
    let found;
    try {
      const [output] = session.outputNames;
      found = (await session.run(given))[output].data;
    } catch (error) {
      throw new ModelError(`${oneLine(this.name)}: onnxruntime-web: ${messageOf(error)}`);
    }
    if (!(found instanceof Float32Array) || found.length !== this.#outputs) {
      throw new ModelError(
        `${oneLine(this.name)}: the graph gives ${found.length} numbers for a text, the contract ` +
          `has ${this.#outputs} probabilities`,
      );
    }
    return this.checked(found);
  }
}
