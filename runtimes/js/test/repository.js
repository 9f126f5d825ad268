import fs from "node:fs";

import { Contract } from "../src/contract.js";
import { TextEncoder } from "../src/text/encoder.js";
import { encodeUtf8 } from "../src/utf8.js";

const ROOT = new URL("../../../", import.meta.url);

/** A file of the repository, by its path. */
export const bytesOf = (path) => new Uint8Array(fs.readFileSync(new URL(path, ROOT)));
export const textOf = (path) => fs.readFileSync(new URL(path, ROOT), "utf8");
export const SHIPPED = new URL("edgernn/models/flagship/model.onnx", ROOT);

export const KINDS = ["subwords", "words", "stop_words", "rules"];

/** The cases of a kind of contract, with the encoder of each. */
export function readCorpus(kind) {
  const [head, ...cases] = textOf(`runtimes/conformance/${kind}.jsonl`).trim().split("\n").map(
    (line) => JSON.parse(line),
  );
  const encoders = new Map();
  for (const [name, { vocabulary, contract }] of Object.entries(head.contracts)) {
    const written = new Contract(encodeUtf8(JSON.stringify(contract)));
    encoders.set(name, new TextEncoder(written, encodeUtf8(head.vocabularies[vocabulary].text)));
  }
  return { encoders, cases: cases.map((one) => ({ ...one, text: one.text ?? joined(one.repeat) })) };
}

function joined(repeat) {
  let text = "";
  for (let i = 0; i < repeat.length; i += 2) text += repeat[i].repeat(repeat[i + 1]);
  return text;
}
