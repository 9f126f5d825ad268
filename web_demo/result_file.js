// Where labelled rows go: a file of the browser's own, so that a large result is in no memory. It is
// gone once no page needs it.

const NAME = "edgernn-labels-";

/**
 * A result that is being written.
 * @typedef {object} Result
 * @property {(text: string) => Promise<void>} write
 * @property {() => Promise<Blob>} close returns what was written
 * @property {() => Promise<void>} drop forgets it, open or closed
 */

/**
 * Begins a result.
 * @returns {Promise<Result>}
 */
export async function openResult() {
  // Pages that are not served over HTTPS or from this machine have no such files.
  if (navigator.storage?.getDirectory === undefined) return inMemory();
  try {
    return await inFile();
  } catch (error) {
    console.warn(`The result is kept in memory: ${/** @type {Error} */ (error).message}`);
    return inMemory();
  }
}

/** Removes what pages left that are closed. */
export async function removeLeftResults() {
  if (navigator.storage?.getDirectory === undefined) return;
  const folder = await navigator.storage.getDirectory();
  const { held = [] } = await navigator.locks.query();
  const kept = new Set(held.map(({ name }) => name));
  for await (const name of /** @type {any} */ (folder).keys()) {
    if (name.startsWith(NAME) && !kept.has(name)) await folder.removeEntry(name);
  }
}

/** @returns {Promise<Result>} */
async function inFile() {
  const folder = await navigator.storage.getDirectory();
  const name = NAME + crypto.randomUUID();
  const release = await lock(name);
  const file = await folder.getFileHandle(name, { create: true });
  const stream = await file.createWritable();
  let isOpen = true;
  return {
    write: (text) => stream.write(text),
    async close() {
      isOpen = false;
      await stream.close();
      return file.getFile();
    },
    async drop() {
      if (isOpen) await stream.abort();
      await folder.removeEntry(name);
      release();
    },
  };
}

/**
 * Tells other pages that this one needs a file, until what it returns is called or it closes.
 * @param {string} name
 * @returns {Promise<() => void>}
 */
function lock(name) {
  return new Promise((taken, fail) => {
    const held = () => new Promise((/** @type {(value?: any) => void} */ release) => taken(release));
    navigator.locks.request(name, held).catch(fail);
  });
}

/** @returns {Result} */
function inMemory() {
  /** @type {Blob[]} */
  const parts = [];
  return {
    async write(text) {
      parts.push(new Blob([text]));
    },
    close: async () => new Blob(parts),
    drop: async () => void parts.splice(0),
  };
}
