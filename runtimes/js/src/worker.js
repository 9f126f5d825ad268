import { ModelError } from "./errors.js";
import { load } from "./index.js";

// What `loadInWorker` starts: a Worker of a page, or a thread of Node.

/** @type {import("./classifier.js").Classifier} */
let classifier;

/** @type {Record<string, (...given: any[]) => any>} */
const functions = {
  async load(source, options) {
    classifier = await load(source, options);
    const { name, format, size, sha256, labels, decision, maxLength, card, page, hasGolden } =
      classifier;
    return { name, format, size, sha256, labels, decision, maxLength, card, page, hasGolden };
  },
  score: (texts) => classifier.score(texts),
  verify: () => classifier.verify(),
  async benchmark(settings) {
    const { benchmark } = await import("./bench/benchmark.js");
    return benchmark(classifier, settings);
  },
};

/**
 * @param {{id: number, name: string, given: any[]}} message
 * @param {(answer: any) => void} post
 */
async function answer({ id, name, given }, post) {
  try {
    post({ id, value: await functions[name](...given) });
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    post({ id, error: { message, isModelError: error instanceof ModelError } });
  }
}

const port = globalThis.process?.getBuiltinModule?.("node:worker_threads").parentPort;
if (port) port.on("message", (message) => answer(message, (value) => port.postMessage(value)));
else addEventListener("message", (event) => answer(event.data, (value) => postMessage(value)));
