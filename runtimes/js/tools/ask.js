// Answers lines of JSON with lines of JSON: how other programs' tests ask this library.
import readline from "node:readline";

import { load } from "../src/index.js";
import { KINDS, readCorpus } from "../test/repository.js";

const encoders = new Map(KINDS.flatMap((kind) => [...readCorpus(kind).encoders]));
const models = new Map();

const functions = {
  /** The ids of a text by a contract of the corpus. */
  encode: (contract, text) => [...encoders.get(contract).ids(text)],
  async load(path, options) {
    models.set(path, await load(path, options));
  },
  score: (path, texts) => models.get(path).score(texts),
  ids: (path, texts) => texts.map((text) => [...models.get(path).encode(text)]),
  verify: (path) => models.get(path).verify(),
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [name, ...given] = JSON.parse(line);
  try {
    console.log(JSON.stringify({ value: (await functions[name](...given)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: `${error.name}: ${error.message}` }));
  }
}
