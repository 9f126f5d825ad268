import { hasSimd } from "../engine.js";
import { ModelError } from "../errors.js";
import { FEWEST, intervalPercent, median, percentile, rounded } from "./statistics.js";
import { generatedReviews, textOfTokens } from "./texts.js";

// The protocol of docs/bench.md: text in, probability out.

const WARM_UP_CYCLES = 3;
const WARM_UP_MS = 100;
/** A browser's clock moves in steps of up to 0.1 ms: a value is the mean of calls that take so long. */
const BLOCK_MS = 2;
const ENOUGH_BLOCKS = 100;
const PASSES = 3;
const BATCH = 256;

/**
 * @typedef {object} Settings
 * @property {number[]} [tokens] lengths of the texts; those that the file would cut are left out
 * @property {number} [precisionPercent] done once half of each median's 95 % confidence interval is
 *   at most this many percent of it
 * @property {number} [seconds] or once a length has had this much time
 * @property {number} [reviews] how many generated reviews are scored for the throughput; 0: none
 */

/**
 * Measures a classifier, and returns what `edgernn bench --merge` reads. It takes seconds: call it in
 * a Worker.
 * @param {import("../classifier.js").Classifier} classifier
 * @param {Settings} [settings]
 */
export function benchmark(classifier, settings = {}) {
  const { tokens = [10, 50, 200, 400], precisionPercent = 5, seconds = 3, reviews = 500 } = settings;
  let problem = null;
  /** @type {ReturnType<typeof timeOf>[]} */
  let latency = [];
  let throughput = null;
  try {
    latency = tokens.flatMap((count) => {
      const text = textOfTokens((one) => classifier.countTokens(one), classifier.maxLength, count);
      return text === null ? [] : [timeOf(classifier, text, count, precisionPercent, seconds)];
    });
    if (reviews > 0) throughput = throughputOf(classifier, reviews);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    [problem, latency] = [error.message, []];
  }
  const simd = hasSimd() ? "simd" : "plain";
  return {
    format: "edgernn-bench",
    version: 1,
    created: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    machine: machine(),
    settings: {
      tokens,
      precision_percent: precisionPercent,
      seconds_per_row: seconds * tokens.length,
      reviews: reviews || null,
      data: null,
    },
    rows: [
      {
        runtime: "native",
        runtime_version: null,
        options: `wasm ${simd}, means of calls of ${BLOCK_MS} ms together`,
        requested_device: "cpu",
        device: problem === null ? "cpu" : null,
        threads: 1,
        model: {
          name: classifier.name,
          sha256: classifier.sha256,
          bytes: classifier.size,
          recipe: typeof classifier.card.recipe === "string" ? classifier.card.recipe : null,
          format: classifier.format,
          precision:
            typeof classifier.card.precision === "string" ? classifier.card.precision : "unknown",
        },
        problem,
        latency,
        throughput,
        cold_start_ms: null,
        peak_memory_bytes: null,
        accuracy: null,
      },
    ],
  };
}

/**
 * @param {import("../classifier.js").Classifier} classifier
 * @param {string} text
 * @param {number} tokens
 * @param {number} precisionPercent
 * @param {number} seconds
 */
function timeOf(classifier, text, tokens, precisionPercent, seconds) {
  const run = (/** @type {number} */ calls) => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) classifier.score([text]);
    return performance.now() - start;
  };
  let warm = 0;
  let cycles = 0;
  while (cycles < WARM_UP_CYCLES || warm < WARM_UP_MS) {
    warm += run(1);
    cycles++;
  }
  const calls = Math.max(1, Math.round((BLOCK_MS * cycles) / warm));
  const values = [];
  const end = performance.now() + 1000 * seconds;
  while (true) {
    // A coarse clock may not have moved, and the time of a call is above 0.
    values.push(Math.max(run(calls), 0.001) / calls);
    if (values.length < FEWEST) continue;
    const isKnown =
      values.length >= ENOUGH_BLOCKS &&
      values.length % 10 === 0 &&
      intervalPercent(Float64Array.from(values).sort()) <= precisionPercent;
    if (isKnown || performance.now() >= end) break;
  }
  const ordered = Float64Array.from(values).sort();
  return {
    tokens,
    p50_ms: rounded(median(ordered)),
    p95_ms: rounded(percentile(ordered, 95)),
    p99_ms: rounded(percentile(ordered, 99)),
    calls: ordered.length * calls,
    interval_percent: rounded(intervalPercent(ordered)),
  };
}

/**
 * @param {import("../classifier.js").Classifier} classifier
 * @param {number} count
 */
function throughputOf(classifier, count) {
  const texts = generatedReviews(count);
  const passes = [];
  for (let pass = 0; pass < PASSES; pass++) {
    const start = performance.now();
    for (let at = 0; at < count; at += BATCH) classifier.score(texts.slice(at, at + BATCH));
    passes.push(performance.now() - start);
  }
  const start = performance.now();
  const ids = texts.filter((text) => classifier.countTokens(text) > 0).map((text) => classifier.encode(text));
  const encoded = performance.now();
  for (let at = 0; at < ids.length; at += BATCH) classifier.probabilities(ids.slice(at, at + BATCH));
  return {
    reviews: count,
    reviews_per_second: rounded((count * 1000) / median(passes.sort((a, b) => a - b))),
    encode_seconds: rounded((encoded - start) / 1000),
    batch_seconds: 0,
    infer_seconds: rounded((performance.now() - encoded) / 1000),
  };
}

/** What a browser tells of itself; Node tells the processor, too. */
function machine() {
  const node = globalThis.process?.getBuiltinModule?.("node:os");
  const { userAgent = "", hardwareConcurrency = 1 } = globalThis.navigator ?? {};
  const browser = /(?:Firefox|Edg|Chrome|Version)\/[\d.]+/.exec(userAgent)?.[0] ?? "a browser";
  const version = node === undefined ? browser : `Node ${globalThis.process.version}`;
  return {
    name: node?.cpus()[0]?.model ?? browser.replace("/", " ").replace("Version", "Safari"),
    system: node === undefined ? (/\(([^)]*)\)/.exec(userAgent)?.[1] ?? "unknown") : node.platform(),
    cores: hardwareConcurrency,
    memory_bytes: null,
    flags: [],
    governor: null,
    versions: { javascript: version },
  };
}
