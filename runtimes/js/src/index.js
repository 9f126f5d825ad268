import { Classifier } from "./classifier.js";
import { loadEngine, nameOf, readBytes } from "./loading.js";

export { Classifier } from "./classifier.js";
export { ModelError, TextError } from "./errors.js";
export { BackgroundClassifier, loadInWorker } from "./background.js";

/** @typedef {import("./model.js").Score} Score */
/** @typedef {import("./verification.js").Verified} Verified */
/** @typedef {import("./loading.js").Source} Source */
/** @typedef {import("./loading.js").Options} Options */

/**
 * Loads a model file.
 * @param {Source} source its address, in Node also its path, or its bytes
 * @param {Options} [options]
 * @returns {Promise<Classifier>}
 * @throws {import("./errors.js").ModelError} it cannot be read, or is refused; the message, one
 *   line, says why
 */
export async function load(source, options = {}) {
  const [bytes, engine] = await Promise.all([readBytes(source), loadEngine(options.engine)]);
  return Classifier.open(bytes, engine, options.name ?? nameOf(source));
}
