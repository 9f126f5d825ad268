import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import { test } from "node:test";

import { checkSums } from "../src/checksums.js";
import { Contract } from "../src/contract.js";
import { given } from "../src/decision.js";
import { readGolden } from "../src/golden.js";
import { readOnnx } from "../src/onnx_file.js";
import { TextEncoder } from "../src/text/encoder.js";
import { readTflite } from "../src/tflite_file.js";
import { encodeUtf8 } from "../src/utf8.js";
import { KINDS, readCorpus, textOf } from "./repository.js";
import { archive, join, ONNX_GRAPH } from "./tiny_models.js";

const PAGE = textOf("docs/contract.md");
const between = (text, start, end) => text.split(start)[1].split(end)[0];
const EXAMPLES = PAGE.split("\n### Example: ").slice(1).map((section) => ({
  json: between(section, "```json\n", "```"),
  vocabulary: encodeUtf8(between(section, "```text\n", "```")),
  rows: [...section.matchAll(/^\| `(".*")` \| `(\[.*\])` \|/gm)],
}));
// Where it is set, `edgernn verify --conformance` takes the file that is written.
const ANSWERS = process.env.EDGERNN_ANSWERS;
const encoderOf = ({ vocabulary }, json) => new TextEncoder(new Contract(encodeUtf8(json)), vocabulary);

for (const kind of KINDS) {
  test(`ids of the corpus: ${kind}`, () => {
    const { encoders, cases } = readCorpus(kind);
    assert.ok(cases.length > 1000);
    const answers = [];
    for (const { id, contract, text, ...expected } of cases) {
      const ids = [...encoders.get(contract).ids(text)];
      answers.push(`${JSON.stringify({ id, ids })}\n`);
      if (expected.ids !== undefined) assert.deepEqual(ids, expected.ids, id);
      else {
        const digest = crypto.createHash("sha256").update(ids.join(",")).digest("hex");
        assert.deepEqual([ids.length, digest], [expected.ids_count, expected.ids_sha256], id);
      }
    }
    if (ANSWERS) fs.appendFileSync(ANSWERS, answers.join(""));
  });
}

test("decisions, which are compared as 64-bit floats", () => {
  const [, ...cases] = textOf("runtimes/conformance/decision.jsonl").trim().split("\n").map(
    (line) => JSON.parse(line),
  );
  const narrow = new Set();
  for (const one of cases) {
    const [first] = one.probabilities;
    const all = one.decision === "threshold" ? [1 - first, first] : one.probabilities;
    const decide = (round) =>
      given({
        decision: one.decision,
        threshold: one.threshold === null ? null : round(one.threshold),
        thresholds: one.thresholds.map(round),
        noneBelow: one.none_below === null ? null : round(one.none_below),
      }, all);
    assert.deepEqual(decide((x) => x), one.given, one.id);
    if (String(decide(Math.fround)) !== String(one.given)) narrow.add(one.decision);
  }
  assert.deepEqual([...narrow].sort(), ["each", "largest", "threshold"]);
});

test("the examples of the page", () => {
  assert.equal(EXAMPLES.length, 4);
  for (const example of EXAMPLES) {
    const encoder = encoderOf(example, example.json);
    assert.ok(example.rows.length >= 5);
    for (const [row, text, ids] of example.rows) {
      assert.deepEqual([...encoder.ids(JSON.parse(text))], JSON.parse(ids), row);
    }
  }
});

test("the errors of the page, word for word", () => {
  const [example] = EXAMPLES;
  const table = between(PAGE, "| changed | error |\n| --- | --- |\n", "\n\n").split("\n");
  assert.ok(table.length >= 19);
  for (const row of table) {
    const [changed, error] = row.slice(2, -2).split(" | ");
    const code = changed.slice(changed.indexOf("`") + 1, changed.lastIndexOf("`"));
    let json;
    if (changed === "not JSON") json = "{";
    else if (code === "[]") json = code;
    else if (changed.startsWith("without ")) {
      const { [code]: _, ...rest } = JSON.parse(example.json);
      json = JSON.stringify(rest);
    } else {
      // As written: JSON.stringify would make 1 of 1.0.
      const name = code.split('"')[1];
      const kept = Object.entries({ ...JSON.parse(example.json) });
      const names = Object.keys(JSON.parse(code));
      const rest = kept.filter(([one]) => !names.includes(one));
      const own = JSON.stringify(Object.fromEntries(rest)).slice(1, -1);
      assert.ok(name);
      json = `{${own}, ${code.slice(1)}`;
    }
    const beginning = error.split("not JSON: …")[0];
    assert.throws(() => encoderOf(example, json), ({ message }) => {
      if (beginning !== error) return message.startsWith("text contract: not JSON: ");
      assert.equal(message, error);
      return true;
    }, row);
  }
});

test("the golden vectors of the page, lone surrogates and all", () => {
  const encoder = encoderOf(EXAMPLES[0], EXAMPLES[0].json);
  const json = encodeUtf8(between(PAGE, "```json golden\n", "```"));
  const golden = readGolden(json, undefined, encoder.contract);
  assert.equal(golden.tolerance, 0.0001);
  assert.deepEqual(golden.vectors.map(({ text }) => text), ["the film", "\ud800"]);
  for (const { text, ids } of golden.vectors) assert.deepEqual(encoder.ids(text), ids);
});

test("the checksums and the bytes of attachments of the page", () => {
  const hex = (language) =>
    Uint8Array.from(between(PAGE, `\`\`\`hex ${language}\n`, "```").trim().split(/\s+/), (byte) =>
      parseInt(byte, 16));
  const note = encodeUtf8("hi");
  const sums = encodeUtf8(between(PAGE, "```text sums\n", "```"));
  const graphSha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  checkSums({ attachments: new Map([["note.txt", note], ["SHA256SUMS", sums]]), graphSha256 });
  assert.throws(
    () => checkSums({ attachments: new Map([["SHA256SUMS", sums]]), graphSha256 }),
    /^ModelError: note\.txt is not what/,
  );
  const onnx = readOnnx(join(ONNX_GRAPH, hex("onnx")));
  assert.deepEqual(onnx.attachments.get("note.txt"), note);
  const tflite = readTflite(join(new Uint8Array(16), hex("tflite")));
  assert.deepEqual(tflite.attachments.get("note.txt"), note);
  assert.deepEqual(archive(new Map([["note.txt", note]]), 16), hex("tflite"));
});
