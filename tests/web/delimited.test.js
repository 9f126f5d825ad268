import assert from "node:assert/strict";
import { test } from "node:test";

import { look, RowReader, RowsError, written } from "../../web_demo/delimited.js";

function read(text, delimiter = ",", step = text.length || 1) {
  const reader = new RowReader(delimiter);
  const rows = [];
  for (let at = 0; at < text.length; at += step) rows.push(...reader.read(text.slice(at, at + step)));
  return [...rows, ...reader.read("", true)];
}

test("rows are the same however the file comes in pieces", () => {
  const cases = [
    ["a,b\n1,2\n", [["a", "b"], ["1", "2"]]],
    ["a,b\r\n1,2", [["a", "b"], ["1", "2"]]],
    ["a\r1\r", [["a"], ["1"]]],
    ['"a,b","c ""d"""\n"x\ny",z\n', [["a,b", 'c "d"'], ["x\ny", "z"]]],
    ['5" disk,good\n6" disk,bad\n', [['5" disk', "good"], ['6" disk', "bad"]]],
    ['"",b\n,\n', [["", "b"], ["", ""]]],
    ['"a"x,b\n', [["ax", "b"]]],
    ["\n\na\n\n", [["a"]]],
    ["été,电影\n", [["été", "电影"]]],
    ["", []],
  ];
  for (const [text, expected] of cases) {
    for (const step of [1, 2, 3, 100]) {
      const rows = read(text, ",", step);
      assert.deepEqual(rows.map(({ cells }) => cells), expected, `${JSON.stringify(text)} by ${step}`);
      // What is written of the rows is read again.
      const again = rows.map(({ cells }) => cells.map((cell) => written(cell, ",")).join(",")).join("\n");
      assert.deepEqual(read(again).map(({ cells }) => cells).filter((cells) => cells.join("")), expected.filter((cells) => cells.join("")));
    }
  }
});

test("a quotation mark without an end is an error", () => {
  assert.throws(() => read('a\n"b\n'), RowsError);
  assert.throws(() => read(`"${"x".repeat(5_000_000)}`, ",", 1 << 20), /row 1: /);
});

test("delimiter, names and the column of texts are found", () => {
  const found = (text) => {
    const { delimiter, column, hasHeader } = look(text, true);
    return [delimiter, column, hasHeader];
  };
  assert.deepEqual(found("id,review\n1,A fine film.\n"), [",", 1, true]);
  assert.deepEqual(found("1;Ein guter, alter, langer Film.\n2;Ein anderer, neuer.\n"), [";", 1, false]);
  assert.deepEqual(found("a\tthis is a longer text\nb\tand so is this\n"), ["\t", 1, false]);
  assert.deepEqual(found("A line.\nAnother line, longer.\n"), [",", 0, false]);
  assert.throws(() => look("", true), /it has no rows/);
});
