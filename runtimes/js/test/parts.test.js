import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";

import { inflate, InflateError } from "../src/inflate.js";
import { JsonError, parseJson, plain } from "../src/json.js";
import { oneLine, shown } from "../src/messages.js";
import { sha256 } from "../src/sha256.js";
import { encodeUtf8 } from "../src/utf8.js";
import { chance, sha256 as sha256OfNode } from "./tiny_models.js";

const random = chance(7);
const bytes = (size, below = 256) => Uint8Array.from({ length: size }, () => random(below));

test("SHA-256 is Node's", () => {
  for (let size = 0; size < 200; size++) {
    const one = bytes(size);
    const cut = random(size + 1);
    assert.equal(sha256(one.subarray(0, cut), one.subarray(cut)), sha256OfNode(one), `${size}`);
  }
});

test("streams of zlib are read, whatever they are made of", () => {
  for (const level of [0, 1, 9]) {
    for (const strategy of [0, 1, 2, 3, 4]) {
      for (const one of [bytes(0), bytes(1), bytes(999), bytes(70_000, 4), new Uint8Array(300_000)]) {
        const room = one.length;
        const bare = zlib.deflateRawSync(one, { level, strategy });
        assert.deepEqual(inflate(bare, false, room), one);
        assert.deepEqual(inflate(zlib.deflateSync(one, { level, strategy }), true, room), one);
        if (room > 0) assert.equal(inflate(bare, false, room - 1), null);
      }
    }
  }
});

test("damaged streams are refused where zlib refuses them, and give the same otherwise", () => {
  let refused = 0;
  for (let round = 0; round < 1500; round++) {
    const stream = Uint8Array.from(zlib.deflateRawSync(bytes(200, 8), { level: round % 10 }));
    stream[random(stream.length)] ^= 1 << random(8);
    let expected = null;
    try {
      const { buffer, engine } = zlib.inflateRawSync(stream, { info: true, maxOutputLength: 1 << 20 });
      if (engine.bytesWritten === stream.length) expected = new Uint8Array(buffer);
    } catch {
      refused++;
    }
    let found = null;
    try {
      found = inflate(stream, false, 1 << 20);
    } catch (error) {
      assert.ok(error instanceof InflateError, String(error));
    }
    assert.deepEqual(found, expected);
  }
  assert.ok(refused > 250, `${refused}`);
});

test("JSON is read as by JSON.parse, but for what is refused", () => {
  const sound = ['{"a": [1, 2.5, -7, 1e3, null, true, false, "\\ud800\\n\\u00e9"], "b": {}}', "[]", " 1 ", '"é"'];
  for (const text of sound) assert.deepEqual(plain(parseJson(encodeUtf8(text))), JSON.parse(text));
  assert.equal(parseJson(encodeUtf8("12")), 12n);
  assert.equal(parseJson(encodeUtf8("12.0")), 12);
  const own = plain(parseJson(encodeUtf8('{"__proto__": {"x": 1}}')));
  assert.deepEqual([Object.keys(own), own.x], [["__proto__"], undefined]);
  const broken = [
    "", "{", "[1,]", "01", "1.", "nul", '"', '"\\x"', '"\\u00"', "{}{}", '{"a":1,"a":2}', "\ufeff1",
    '"\n"', "[".repeat(100), "-", "1".repeat(1001), "'a'", "NaN", "{1:2}", '{"a"}', "\u00a01",
  ];
  for (const text of broken) {
    assert.throws(() => parseJson(encodeUtf8(text)), JsonError, JSON.stringify(text));
  }
  assert.throws(() => parseJson(Uint8Array.of(34, 255, 34)), /not UTF-8/);
});

test("values are shown in Python's way", () => {
  const values = [
    [null, "None"], [true, "True"], [12n, "12"], [1, "1.0"], [0.5, "0.5"], [1e-5, "1e-05"],
    [1.5e-7, "1.5e-07"], [0.0001, "0.0001"], [1e16, "1e+16"], [1e15, "1000000000000000.0"],
    [1.5e300, "1.5e+300"], ["a'b", '"a\'b"'], ["a\n\u202e", "'a\\n\\u202e'"],
    [["a", 1n], "['a', 1]"], [new Map([["a", null]]), "{'a': None}"],
  ];
  for (const [value, text] of values) assert.equal(shown(value), text);
  assert.equal(oneLine("a\nb\u001b[2J\u{e0001}"), "a\\nb\\x1b[2J\\U000e0001");
  assert.ok(oneLine("x".repeat(5000)).length < 500);
});
