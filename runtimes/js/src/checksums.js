import { ModelError } from "./errors.js";
import { sha256 } from "./sha256.js";
import { decodeLatin1 } from "./utf8.js";

const NAME = "SHA256SUMS";
const GRAPH = "(graph)";
const MAX_BYTES = 16 << 10;
const LINE = /^([0-9a-f]{64}) {2}([!-~]+)$/;

/**
 * Makes sure that a model file still is what was exported.
 * @param {import("./attachments.js").Container} container
 * @throws {ModelError} there are no checksums, or something is changed, missing, or more
 */
export function checkSums({ attachments, graphSha256 }) {
  const content = attachments.get(NAME);
  if (content === undefined) {
    throw new ModelError(`the file carries no ${NAME}: export it again with this edgernn`);
  }
  const expected = parse(content);
  const found = new Map([[GRAPH, graphSha256]]);
  for (const [name, one] of attachments) if (name !== NAME) found.set(name, sha256(one));
  for (const name of [...new Set([...expected.keys(), ...found.keys()])].sort()) {
    if (expected.get(name) !== found.get(name)) {
      throw new ModelError(
        `${name === GRAPH ? "the graph" : name} is not what was exported (SHA-256 ` +
          `${short(found.get(name))}, ${NAME} says ${short(expected.get(name))}): the file is ` +
          "damaged or was altered; export it again or get a fresh copy",
      );
    }
  }
}

/** @param {Uint8Array} content */
function parse(content) {
  /** @type {Map<string, string>} */
  const sums = new Map();
  const text = decodeLatin1(content.subarray(0, MAX_BYTES)).replace(/\n$/, "");
  for (const line of text.split("\n")) {
    const parts = LINE.exec(line);
    if (parts === null || sums.has(parts[2])) {
      throw new ModelError(`${NAME} is damaged: export the file again or get a fresh copy`);
    }
    sums.set(parts[2], parts[1]);
  }
  return sums;
}

/** @param {string | undefined} digest */
function short(digest) {
  return digest === undefined ? "none" : `${digest.slice(0, 12)}…`;
}
