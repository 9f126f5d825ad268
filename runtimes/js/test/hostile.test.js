import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";

import { ModelError } from "../src/errors.js";
import { ModelFile } from "../src/model_file.js";
import { encodeUtf8 } from "../src/utf8.js";
import {
  archive, attachments, chance, entry, field, join, onnx, ONNX_GRAPH, tflite, TFLITE_GRAPH, withSums,
} from "./tiny_models.js";

/** Why a file is refused; any other error than that of a refused file fails the test. */
function refusal(bytes) {
  try {
    new ModelFile(bytes);
  } catch (error) {
    assert.ok(error instanceof ModelError, error.stack);
    assert.ok(error.message.length < 1000 && !error.message.includes("\n"), error.message);
    return error.message;
  }
  return null;
}

const FILES = [onnx(), tflite()];

test("sound files are read, compressed or not", () => {
  for (const write of [onnx, tflite]) {
    for (const deflateFrom of [0, 100, 1 << 20]) {
      const file = new ModelFile(write(attachments(), { deflateFrom }));
      assert.equal(file.format, write === onnx ? "onnx" : "tflite");
      assert.equal(file.card.training.epochs, 1);
      assert.equal(file.page, "# Tiny\n");
      assert.deepEqual([...file.encoder.encode("A good FILM!")], [4, 2]);
      assert.equal(file.golden.vectors.length, 3);
    }
    const few = attachments();
    few.delete("golden.json");
    few.delete("card.md");
    assert.equal(new ModelFile(write(few.set("more.bin", new Uint8Array(9)))).golden, null);
  }
});

test("cut off anywhere", () => {
  for (const file of FILES) {
    for (let size = 0; size < file.length; size++) assert.ok(refusal(file.slice(0, size)), `${size}`);
  }
});

test("flipped bits", () => {
  const random = chance(1);
  let refused = 0;
  for (const file of FILES) {
    for (let round = 0; round < 1000; round++) {
      const changed = file.slice();
      for (let i = 0; i <= random(3); i++) changed[random(changed.length)] ^= 1 << random(8);
      if (refusal(changed)) refused++;
    }
  }
  assert.ok(refused > 1950, `${refused} of 2000`);
});

test("pieces moved, doubled and overwritten; noise", () => {
  const random = chance(2);
  for (const file of FILES) {
    for (let round = 0; round < 500; round++) {
      const from = random(file.length);
      const piece = file.subarray(from, from + 1 + random(64));
      const to = random(file.length - piece.length + 1);
      const changed = file.slice();
      changed.set(piece, to);
      refusal(changed);
      refusal(join(file.subarray(0, to), piece, file.subarray(to)));
    }
  }
  for (let round = 0; round < 500; round++) {
    const noise = Uint8Array.from({ length: random(400) }, () => random(256));
    if (round % 2 && noise.length > 8) noise.set(encodeUtf8("TFL3"), 4);
    assert.ok(refusal(noise));
  }
});

test("attachments changed on purpose, with checksums to fit", () => {
  const random = chance(3);
  const bits = encodeUtf8("{}[]\",:0123456789.-eE\\untrf \n'_#é");
  const all = attachments();
  const names = [...all.keys()];
  let refused = 0;
  for (let round = 0; round < 800; round++) {
    const name = names[random(names.length)];
    const changed = [...all.get(name)];
    for (let i = 0; i <= random(4); i++) {
      const place = random(Math.max(changed.length, 1));
      const kind = random(4);
      if (kind === 0) changed.splice(place, 1);
      else if (kind === 1) changed.splice(place, 0, bits[random(bits.length)]);
      else changed[place] = kind === 2 ? bits[random(bits.length)] : random(256);
    }
    const write = round % 2 ? onnx : tflite;
    if (refusal(write(new Map(all).set(name, Uint8Array.from(changed))))) refused++;
  }
  assert.ok(refused > 200 && refused < 800, `${refused}`);
});

test("what is no ONNX file", () => {
  const reason = (bytes) =>
    refusal(bytes).replace("not a usable ONNX file (", "").split("); export it again")[0];
  assert.equal(reason(new Uint8Array(0)), "no graph inside");
  assert.equal(reason(Uint8Array.of(11)), "wire type 3 at byte 0");
  assert.equal(reason(Uint8Array.of(0, 0)), "field number 0 at byte 0");
  assert.equal(reason(Uint8Array.of(8, 0x80, 0)), "overlong number at byte 1");
  assert.equal(reason(Uint8Array.of(8, 0x80)), "cut off inside a number at byte 1");
  assert.equal(reason(join([8], new Uint8Array(10).fill(255))), "number of more than 64 bits at byte 1");
  assert.equal(reason(Uint8Array.of(58, 5, 1)), "field 7 at byte 0 is cut off");
  assert.equal(reason(Uint8Array.of(112, 1)), "field 14 is not length-delimited");
  assert.equal(reason(join([58, 4, 1, 1], encodeUtf8("ORTM"))), "two formats in one file");
  const many = new Uint8Array(300_000).map((_, i) => (i % 2 ? 1 : 8));
  assert.equal(reason(join(ONNX_GRAPH, many)), "more fields than any model of this kind needs");
  const one = Uint8Array.of(1);
  assert.equal(reason(join(ONNX_GRAPH, entry("a", one), entry("a", one, true))), "attachment 'a' appears twice");
  for (const name of ["", ".a", "a/b", "é", "a".repeat(65), "a\u0000"]) {
    assert.match(reason(join(ONNX_GRAPH, entry(name, one))), /is not allowed$/);
  }
  const keys = field(14, join(field(1, encodeUtf8("edgernn.a")), field(1, encodeUtf8("edgernn.b"))));
  assert.equal(reason(join(ONNX_GRAPH, keys)), "a metadata entry with two keys or two values");
});

test("compressed attachments that are damaged, or larger than there is room for", () => {
  const reason = (value) =>
    refusal(join(ONNX_GRAPH, field(14, join(field(1, encodeUtf8("edgernn+deflate.a")), field(2, value)))));
  const base64 = (bytes) => encodeUtf8(Buffer.from(bytes).toString("base64"));
  const stream = zlib.deflateSync(new Uint8Array(100));
  for (const value of ["????", "abc", "ab=c"]) assert.match(reason(encodeUtf8(value)), /not base64/);
  assert.match(reason(base64(new Uint8Array(30))), /is damaged/);
  assert.match(reason(base64(stream.subarray(0, -5))), /cut short/);
  assert.match(reason(base64(join(stream, [0]))), /bytes behind it/);
  const bomb = base64(zlib.deflateSync(new Uint8Array((16 << 20) + 1)));
  assert.match(reason(bomb), /more than 16777216 bytes/);
  const many = new Map([["a", new Uint8Array(9 << 20)], ["b", new Uint8Array(9 << 20)]]);
  assert.match(refusal(onnx(many)), /more than 16777216 bytes/);
  assert.match(refusal(tflite(many)), /more than 16777216 bytes/);
  assert.match(refusal(tflite(many, { deflateFrom: Infinity })), /more than 16777216 bytes/);
});

test("what is no archive of a .tflite file", () => {
  const reason = (bytes) =>
    refusal(join(TFLITE_GRAPH, bytes)).replace("cannot read the attachments at its end (", "").split("); export it")[0];
  const behind = TFLITE_GRAPH.length;
  const one = archive(new Map([["note.txt", encodeUtf8("hi")]]), behind);
  const directory = one.length - 22 - 54;
  const end = one.length - 22;
  const changed = (...places) => {
    const bytes = one.slice();
    for (const [place, byte] of places) bytes[place] = byte;
    return reason(bytes);
  };
  assert.equal(changed([38, 120]), "'note.txt' is damaged");
  assert.equal(changed([30, 120]), "'note.txt' is another file than the directory says");
  assert.equal(changed([14, 1]), "'note.txt' is another file than the directory says");
  assert.equal(changed([directory + 8, 1], [6, 1]), "'note.txt' is encrypted");
  assert.equal(changed([directory + 10, 9], [8, 9]), "'note.txt' is compressed in an unknown way");
  assert.equal(changed([directory + 24, 3], [22, 3]), "'note.txt' has a different size than it declares");
  assert.equal(changed([directory + 20, 99], [18, 99]), "'note.txt' is cut off");
  assert.equal(changed([directory + 45, 0x7f]), "'note.txt' is not where the directory says");
  assert.equal(changed([directory + 45, 0xff]), "'note.txt' is not where the directory says");
  assert.equal(changed([end + 4, 1]), "archives in several parts are not read");
  assert.equal(changed([directory + 34, 1]), "archives in several parts are not read");
  assert.equal(changed([end + 12, 0]), "its directory is elsewhere");
  assert.equal(changed([end + 19, 0xff]), "its directory is elsewhere");
  assert.equal(changed([directory, 0]), "a broken directory");
  assert.equal(changed([end + 8, 65], [end + 10, 65]), "more than 64 files");
  assert.equal(reason(archive(new Map([["a/b", one]]), behind)), "file name 'a/b' is not allowed");
  const twice = archive(new Map([["a", [1]], ["b", [1]]].map(([n, b]) => [n, Uint8Array.from(b)])), behind);
  assert.equal(reason(twice.map((byte) => (byte === 98 ? 97 : byte))), "'a' appears twice");
  const zip64 = join(encodeUtf8("PK\u0006\u0007"), new Uint8Array(16), one.subarray(end));
  assert.equal(reason(zip64), "ZIP64 archives are not read");
  // With a comment behind it, a record says nothing; then there are no attachments.
  assert.match(refusal(join(TFLITE_GRAPH, one, [0])), /carries no contract.json/);
});

test("what a file must carry, and what is named when it changed", () => {
  for (const write of [onnx, tflite]) {
    for (const name of ["contract.json", "card.json", "vocabulary.words"]) {
      const without = attachments();
      without.delete(name);
      assert.equal(
        refusal(write(without)),
        `the file carries no ${name}: it was not written by \`edgernn export\``,
      );
    }
    assert.match(refusal(write(attachments(), { sums: false })), /^the file carries no SHA256SUMS: /);
  }
  const sums = withSums(attachments(), ONNX_GRAPH);
  const rewritten = (name, content) =>
    refusal(onnx(new Map(sums).set(name, encodeUtf8(content)), { sums: false }));
  assert.match(rewritten("card.md", "# Tuny\n"), /^card\.md is not what was exported \(SHA-256 /);
  assert.match(rewritten("more", "x"), /^more is not what .* SHA256SUMS says none/);
  assert.match(rewritten("SHA256SUMS", "00  x\n"), /^SHA256SUMS is damaged/);
  assert.match(
    refusal(join(onnx(), field(2, encodeUtf8("me")))),
    /^the graph is not what was exported \(SHA-256 /,
  );
});

test("contents that are broken, too large or of another kind", () => {
  const broken = [
    ["card.json", "[]", "card.json: not a JSON object"],
    ["card.json", "{", "card.json: not JSON: "],
    ["card.json", `{"a": "${"x".repeat(1 << 20)}"}`, "card.json: larger than 1 MiB"],
    ["golden.json", "{}", "golden.json: not an object of tolerance and vectors"],
    ["vocabulary.words", "film\n", "vocabulary vocabulary.words: SHA-256 is "],
    ["golden_batch.json", "[0]", "golden_batch.json: not a list of 2 to 64 places"],
    ["golden_batch.json", "[0, 2]", "golden_batch.json: 2 is not the place of a vector that has ids"],
    ["golden_batch.json", "[0, -1]", "golden_batch.json: -1 is not the place of a vector that has ids"],
  ];
  for (const [name, content, error] of broken) {
    const found = refusal(onnx(attachments().set(name, encodeUtf8(content))));
    assert.ok(found?.startsWith(error), `${found}`);
  }
  assert.equal(refusal(onnx(attachments().set("card.md", Uint8Array.of(0xe9)))), "card.md: not UTF-8");
  const vectors = [
    ['{"text": "a", "ids": [8], "probability": 0.5}', "ids is not a list of at most 40 integers in [0, 7]"],
    ['{"text": "a", "ids": [1.0], "probability": 0.5}', "ids is not a list"],
    ['{"text": "a", "ids": [1], "probability": null}', "there is a probability where there are ids"],
    ['{"text": "a", "ids": [], "probability": 0.5}', "there is a probability where there are ids"],
    ['{"text": "a", "ids": [1], "probability": 1.5}', "probability 1.5 is not in [0, 1]"],
    ['{"text": "a", "ids": [1], "probability": true}', "probability True is not in [0, 1]"],
    ['{"text": 1, "ids": [1], "probability": 0.5}', "text is not a string of at most 65536 characters"],
    ['{"text": "a", "ids": [1]}', "not an object of ids, probability, text"],
    ["7", "not an object of ids, probability, text"],
  ];
  for (const [vector, error] of vectors) {
    const golden = encodeUtf8(`{"tolerance": 0.1, "vectors": [${vector}]}`);
    const found = refusal(onnx(attachments().set("golden.json", golden)));
    assert.ok(found?.startsWith(`golden.json: vector 1: ${error}`), `${found}`);
  }
});
