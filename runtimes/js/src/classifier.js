import { Engine } from "./engine.js";
import { ModelError } from "./errors.js";
import { oneLine } from "./messages.js";
import { Model } from "./model.js";
import { ModelFile } from "./model_file.js";

/** A model file, read and ready to score. */
export class Classifier extends Model {
  #engine;

  /**
   * @param {Uint8Array} bytes the model file
   * @param {WebAssembly.Module} module the engine
   * @param {string} name what errors call the file
   * @throws {ModelError} the file is refused; the message, one line, names it and says why
   */
  static async open(bytes, module, name) {
    try {
      const file = new ModelFile(bytes);
      return new Classifier(file, await Engine.open(module, bytes), name);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      throw new ModelError(`${oneLine(name)}: ${oneLine(error.message)}`);
    }
  }

  /**
   * @param {ModelFile} file
   * @param {Engine} engine
   * @param {string} name
   */
  constructor(file, engine, name) {
    super(file, name);
    const { contract } = file;
    if (engine.outputs !== contract.outputs) {
      throw new ModelError(
        `the graph gives ${engine.outputs} probabilities for a text, the contract has ` +
          `${contract.outputs}`,
      );
    }
    if (engine.vocabularySize < contract.vocabularySize) {
      throw new ModelError(
        `the contract has ${contract.vocabularySize} ids, the embedding ` +
          `${engine.vocabularySize} rows`,
      );
    }
    this.#engine = engine;
  }

  /** Bytes of memory that the engine has. */
  get memory() {
    return this.#engine.memory;
  }

  /**
   * Scores texts.
   * @param {readonly string[]} texts
   * @returns {import("./model.js").Score[]} one for each text, in their order
   */
  score(texts) {
    return this.#answer(this.scoring(texts));
  }

  /**
   * Returns the probability of each label for each text's ids, in the order of the labels.
   * @param {Int32Array[]} texts
   * @throws {ModelError} the graph gives what are no probabilities
   */
  probabilities(texts) {
    if (texts.length === 0) return [];
    const each = this.#engine.outputs;
    const found = this.#engine.score(texts);
    return texts.map((_, i) => this.checked(found.subarray(i * each, (i + 1) * each)));
  }

  /**
   * Scores the texts that the file carries, and compares with what it gave when it was exported.
   * @throws {ModelError} it carries none
   */
  verify() {
    return this.#answer(this.verifying());
  }

  /**
   * @template T
   * @param {import("./model.js").Question<T>} question
   */
  #answer(question) {
    let step = question.next();
    while (!step.done) step = question.next(this.probabilities(step.value));
    return step.value;
  }
}
