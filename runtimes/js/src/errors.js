/** A model file that is refused, or an engine that cannot run it; the message is one line. */
export class ModelError extends Error {
  /** @param {string} message what is wrong, and what to do */
  constructor(message) {
    super(message);
    this.name = "ModelError";
  }
}

/** A text that cannot be scored; the message is one line. */
export class TextError extends Error {
  /** @param {string} message what is wrong */
  constructor(message) {
    super(message);
    this.name = "TextError";
  }
}
