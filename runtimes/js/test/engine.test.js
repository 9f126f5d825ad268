import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";

import { Classifier, load, loadInWorker, ModelError } from "../src/index.js";
import { Engine, hasSimd } from "../src/engine.js";
import { loadEngine } from "../src/loading.js";
import { bytesOf, SHIPPED, textOf } from "./repository.js";
import { chance } from "./tiny_models.js";

const GRAPHS = "runtimes/graphs/";
const FILE = new Uint8Array(fs.readFileSync(SHIPPED));
const PLAIN = new URL("../src/engine-plain.wasm", import.meta.url);
const TEXTS = ["A wonderful film.", "dull", " ", "???", "so long, ".repeat(400), "not bad at all"];

async function refusal(bytes, module) {
  try {
    await Engine.open(module, bytes);
  } catch (error) {
    assert.ok(error instanceof ModelError, error.stack);
    assert.ok(!error.message.includes("\n"));
    return error.message;
  }
  return null;
}

test("the shipped model verifies itself on both builds, which give the same bits", async () => {
  assert.ok(hasSimd());
  const fast = await load(SHIPPED);
  const plain = await load(SHIPPED, { engine: PLAIN });
  for (const classifier of [fast, plain]) {
    const verified = classifier.verify();
    assert.deepEqual(verified.failures, []);
    assert.ok(verified.largestDifference < 1e-6, `${verified.largestDifference}`);
    assert.ok(verified.vectors >= 16);
  }
  assert.deepEqual(fast.score(TEXTS), plain.score(TEXTS));
});

test("a score depends on no other text, bit for bit", async () => {
  const classifier = await load(SHIPPED);
  const together = classifier.score(TEXTS);
  assert.deepEqual(TEXTS.toReversed().map((text) => classifier.score([text])[0]).reverse(), together);
  assert.deepEqual(together.map(({ reason }) => reason), [
    null, null, "the text is empty", "no token is left of the text", null, null,
  ]);
  assert.equal(together[4].tokens, classifier.maxLength);
  assert.deepEqual(classifier.score([]), []);
});

test("a changed probability or id does not verify", async () => {
  const { ModelFile } = await import("../src/model_file.js");
  const file = new ModelFile(FILE);
  file.golden.vectors[0].probabilities[1] += 0.01;
  file.golden.vectors[1].ids[0] ^= 1;
  const classifier = new Classifier(file, await Engine.open(await loadEngine(), FILE), "changed");
  const { passed, failures } = classifier.verify();
  assert.equal(passed, false);
  assert.match(failures[0], /^vector 1, ".*": 0\.010 off$/);
  assert.match(failures[1], /^vector 2, ".*": other ids/);
});

test("in a thread it says the same, and errors arrive", async () => {
  const classifier = await load(SHIPPED);
  const background = await loadInWorker(SHIPPED);
  try {
    assert.deepEqual(await background.score(TEXTS), classifier.score(TEXTS));
    assert.deepEqual(await background.verify(), classifier.verify());
    assert.deepEqual(background.labels, classifier.labels);
    const [row] = (await background.benchmark({ seconds: 0, reviews: 20 })).rows;
    assert.deepEqual([row.problem, row.latency.map(({ tokens }) => tokens)], [null, [10, 50, 200, 400]]);
    assert.ok(row.throughput.reviews_per_second > 10);
  } finally {
    background.close();
  }
  await assert.rejects(background.score(["x"]), /the worker is closed/);
  await assert.rejects(loadInWorker(Uint8Array.of(11)), ModelError);
});

test("errors name the file", async () => {
  const nowhere = load("no/such\nfile.onnx");
  await assert.rejects(nowhere, /^ModelError: no\/such\\nfile\.onnx: cannot be read: ENOENT/);
  await assert.rejects(load(FILE.slice(0, 99), { name: "a.onnx" }), /^ModelError: a\.onnx: not a usable/);
});

test("graphs that no reader takes do not open", async () => {
  const module = await loadEngine();
  const [, ...cases] = textOf(`${GRAPHS}graphs.jsonl`).trim().split("\n").map((line) => JSON.parse(line));
  const files = new Map();
  let [opened, refused] = [0, 0];
  for (const { id, graph, patch, accepted, vocabulary_size: size } of cases) {
    if (!files.has(graph)) files.set(graph, bytesOf(`${GRAPHS}${graph}.tflite`));
    const file = files.get(graph).slice();
    for (const [place, data] of patch) file.set(Buffer.from(data, "hex"), place);
    let engine = null;
    try {
      engine = await Engine.open(module, file);
    } catch (error) {
      assert.ok(error instanceof ModelError, `${id}: ${error.stack}`);
    }
    if (engine === null) refused++;
    else {
      opened++;
      assert.ok(accepted || size > engine.vocabularySize, id);
    }
  }
  assert.ok(opened > 50 && refused > 500, `${opened} opened, ${refused} refused`);
});

test("broken copies of a file are refused in one line, or score", async () => {
  const module = await loadEngine();
  const random = chance(5);
  const seeds = [bytesOf(`${GRAPHS}loops.tflite`), bytesOf(`${GRAPHS}fused.tflite`), bytesOf("tests/engine/seeds/windows.onnx")];
  let refused = 0;
  for (let round = 0; round < 1500; round++) {
    let file = seeds[round % seeds.length].slice();
    if (round % 5 === 0) file = file.slice(0, random(file.length));
    else for (let i = 0; i <= random(3); i++) file[random(file.length)] = random(256);
    let engine = null;
    try {
      engine = await Engine.open(module, file);
    } catch (error) {
      assert.ok(error instanceof ModelError, error.stack);
      refused++;
    }
    if (engine !== null) engine.score([Int32Array.from({ length: engine.shortestText + 5 }, () => 1)]);
  }
  assert.ok(refused > 500, `${refused}`);
  assert.ok(await refusal(new Uint8Array(0), module));
});

test("ids that are none are refused", async () => {
  const engine = await Engine.open(await loadEngine(), FILE);
  const bad = [Int32Array.of(-1), Int32Array.of(engine.vocabularySize), new Int32Array(0)];
  for (const ids of bad) assert.throws(() => engine.score([ids]), ModelError);
});
