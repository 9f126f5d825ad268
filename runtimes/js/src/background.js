import { ModelError } from "./errors.js";

/** @typedef {import("./loading.js").Source} Source */
/** @typedef {import("./loading.js").Options} Options */

/**
 * Loads a model file into a Worker, in Node into a thread: long work leaves the page responsive.
 * @param {Source} source its address, in Node also its path, or its bytes
 * @param {Options} [options]
 * @returns {Promise<BackgroundClassifier>}
 * @throws {ModelError} as `load`
 */
export async function loadInWorker(source, options = {}) {
  const calls = new Calls(await startWorker());
  try {
    const about = await calls.call("load", addressed(source), {
      ...options,
      ...(options.engine === undefined ? {} : { engine: addressed(options.engine) }),
    });
    return new BackgroundClassifier(calls, about);
  } catch (error) {
    calls.close();
    throw error;
  }
}

/** A model file in a Worker; see `Classifier` for what its properties and functions are. */
export class BackgroundClassifier {
  #calls;

  /**
   * @param {Calls} calls
   * @param {Record<string, any>} about
   */
  constructor(calls, about) {
    this.#calls = calls;
    /** @type {string} */
    this.name = about.name;
    /** @type {"onnx" | "tflite"} */
    this.format = about.format;
    /** @type {number} */
    this.size = about.size;
    /** @type {string} */
    this.sha256 = about.sha256;
    /** @type {string[]} */
    this.labels = about.labels;
    /** @type {"threshold" | "largest" | "each"} */
    this.decision = about.decision;
    /** @type {number} */
    this.maxLength = about.maxLength;
    /** @type {Record<string, any>} */
    this.card = about.card;
    /** @type {string} */
    this.page = about.page;
    /** @type {boolean} */
    this.hasGolden = about.hasGolden;
  }

  /**
   * @param {readonly string[]} texts
   * @returns {Promise<import("./model.js").Score[]>}
   */
  score(texts) {
    return this.#calls.call("score", texts);
  }

  /** @returns {Promise<import("./verification.js").Verified>} */
  verify() {
    return this.#calls.call("verify");
  }

  /**
   * Measures how fast it is here, which takes seconds; the object, as JSON, is what
   * `edgernn bench --merge` reads.
   * @param {import("./bench/benchmark.js").Settings} [settings]
   * @returns {Promise<Record<string, any>>}
   */
  benchmark(settings) {
    return this.#calls.call("benchmark", settings);
  }

  /** Ends the Worker; what is still under way fails. */
  close() {
    this.#calls.close();
  }
}

/** Calls of functions in a Worker, each answered by a message. */
class Calls {
  #worker;
  #next = 0;
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
  #waiting = new Map();
  #isClosed = false;

  /** @param {Port} worker */
  constructor(worker) {
    this.#worker = worker;
    worker.onAnswer(({ id, value, error }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(error.isModelError ? new ModelError(error.message) : new Error(error.message));
    });
    worker.onFailure((message) => {
      this.#isClosed = true;
      this.#reject(`the worker failed: ${message}`);
    });
  }

  /**
   * @param {string} name
   * @param {...any} given
   * @returns {Promise<any>}
   */
  call(name, ...given) {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new Error("the worker is closed"));
        return;
      }
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.post({ id, name, given });
    });
  }

  close() {
    this.#isClosed = true;
    this.#worker.end();
    this.#reject("the worker is closed");
  }

  /** @param {string} message */
  #reject(message) {
    for (const { reject } of this.#waiting.values()) reject(new Error(message));
    this.#waiting.clear();
  }
}

/**
 * @typedef {object} Port
 * @property {(message: any) => void} post
 * @property {(listener: (message: any) => void) => void} onAnswer
 * @property {(listener: (message: string) => void) => void} onFailure
 * @property {() => void} end
 */

/** @returns {Promise<Port>} */
async function startWorker() {
  const threads = globalThis.process?.getBuiltinModule?.("node:worker_threads");
  if (threads !== undefined) {
    const thread = new threads.Worker(new URL("./worker.js", import.meta.url));
    return {
      post: (message) => thread.postMessage(message),
      onAnswer: (listener) => void thread.on("message", listener),
      onFailure: (listener) => void thread.on("error", (error) => listener(error.message)),
      end: () => void thread.terminate(),
    };
  }
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  return {
    post: (message) => worker.postMessage(message),
    onAnswer: (listener) => worker.addEventListener("message", (event) => listener(event.data)),
    onFailure: (listener) =>
      worker.addEventListener("error", (event) => listener(event.message ?? "it did not start")),
    end: () => worker.terminate(),
  };
}

/**
 * What a message can carry; an address is one of the page, not of the worker's file.
 * @param {Source} source
 */
function addressed(source) {
  if (source instanceof URL) return source.href;
  const page = globalThis.document?.baseURI;
  return typeof source === "string" && page !== undefined ? new URL(source, page).href : source;
}
