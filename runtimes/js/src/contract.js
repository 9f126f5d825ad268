import { ModelError } from "./errors.js";
import { JsonError, parseJson } from "./json.js";
import { countCodePoints, isPrintable, shown } from "./messages.js";

/** @typedef {import("./json.js").Json} Json */

const VERSIONS = [1n, 2n];
const MAX_LABELS = 1024;
const MAX_LABEL_CHARACTERS = 256;
const MAX_IDS = 2 ** 24;
const MAX_LENGTH = 2 ** 16;
const MAX_CHARACTERS = 2 ** 12;
const MAX_STOP_WORDS = 2 ** 14;

/** @type {Record<string, string[]>} */
const CHOICES = {
  unicode_form: ["none", "NFC"],
  html_breaks: ["keep", "space"],
  control_characters: ["keep", "space"],
  case: ["keep", "lower"],
  tokenizer: ["subwords", "words"],
  cut: ["start", "end"],
  padding: ["none", "start", "end"],
};
/** @type {Record<string, string[]>} */
const SECOND_CHOICES = {
  decision: ["threshold", "largest", "each"],
  html_entities: ["keep", "decode"],
  quotes: ["keep", "ascii"],
  hashtags: ["keep", "open"],
  symbols: ["keep", "words"],
  unspaced_scripts: ["keep", "characters", "bigrams"],
  word_class: ["listed", "letters"],
};
const WORD_FIELDS = [
  "separators", "word_characters", "stop_words", "first_word_id", "unknown_id", "start_id",
];
const SECOND_WORD_FIELDS = ["symbols", "unspaced_scripts", "word_class"];
const FIELDS = [
  "vocabulary_sha256", "vocabulary_size", "max_length", "version", "vocabulary_file",
  ...Object.keys(CHOICES), ...WORD_FIELDS, "padding_id", "labels", "threshold",
];
const SECOND_FIELDS = [
  ...Object.keys(SECOND_CHOICES), "thresholds", "none_below", "deleted_characters",
];

/**
 * The rules by which a text becomes ids, and probabilities labels: `contract.json`, versions 1 and
 * 2, as docs/contract.md describes it.
 */
export class Contract {
  /** @type {Map<string, Json>} */
  #fields;

  /**
   * Reads a contract; every field must be there and none besides.
   * @param {Uint8Array} json the content of `contract.json`
   * @throws {ModelError} it is no JSON, or has rules that are not known here
   */
  constructor(json) {
    this.#fields = readFields(json);
    const fields = this.#fields;
    /** The version of the contract. */
    this.version = Number(fields.get("version"));
    this.#checkNames();
    this.#checkChoices();
    this.composes = fields.get("unicode_form") === "NFC";
    this.replacesBreaks = fields.get("html_breaks") === "space";
    this.replacesControls = fields.get("control_characters") === "space";
    this.lowers = fields.get("case") === "lower";
    this.hasSubwords = fields.get("tokenizer") === "subwords";
    this.cutsEnd = fields.get("cut") === "end";
    this.padding = /** @type {"none" | "start" | "end"} */ (fields.get("padding"));
    /** Number of ids; every id is at least 0 and below it. */
    this.vocabularySize = this.#integer("vocabulary_size", 1, MAX_IDS);
    /** The most ids that a text keeps. */
    this.maxLength = this.#integer("max_length", 1, MAX_LENGTH);
    this.paddingId = this.#integer("padding_id", 0, this.vocabularySize - 1);
    this.separators = this.#characters("separators");
    this.wordCharacters = this.#characters("word_characters");
    this.deletedCharacters = this.version > 1 ? this.#characters("deleted_characters") : "";
    this.decodesReferences = fields.get("html_entities") === "decode";
    this.writesAsciiQuotes = fields.get("quotes") === "ascii";
    this.opensHashtags = fields.get("hashtags") === "open";
    this.symbolsAreWords = fields.get("symbols") === "words";
    this.unspacedScripts = /** @type {"keep" | "characters" | "bigrams"} */ (
      fields.get("unspaced_scripts") ?? "keep"
    );
    this.hasLetters = fields.get("word_class") === "letters";
    this.stopWords = this.#stopWords();
    this.#checkTokenizer();
    this.firstWordId = this.hasSubwords
      ? 0
      : this.#integer("first_word_id", 1, this.vocabularySize);
    this.unknownId = this.#optionalId("unknown_id");
    this.startId = this.#optionalId("start_id");
    /** How probabilities become labels. */
    this.decision = /** @type {"threshold" | "largest" | "each"} */ (
      fields.get("decision") ?? "threshold"
    );
    /** Of `threshold`: from which probability on a text gets the second label. */
    this.threshold = this.#threshold();
    /** Of `each`: from which probability on a text gets each label. */
    this.thresholds = this.#thresholds();
    /** A label less probable than this is not given; null: it always is. */
    this.noneBelow = this.#noneBelow();
    /** SHA-256 of the vocabulary file. */
    this.vocabularySha256 = this.#string("vocabulary_sha256");
    /** The name of the attachment that is the vocabulary. */
    this.vocabularyFile = this.#string("vocabulary_file");
    /** The names of the classes, in the order of the model's probabilities. */
    this.labels = this.#labels();
  }

  /** How many numbers the graph gives for a text. */
  get outputs() {
    return this.decision === "threshold" ? 1 : this.labels.length;
  }

  #checkNames() {
    const known = this.version === 1 ? FIELDS : [...FIELDS, ...SECOND_FIELDS];
    const missing = known.filter((name) => !this.#fields.has(name));
    if (missing.length) throw refused(` lacks fields: ${missing.sort().join(", ")}`);
    const unknown = [...this.#fields.keys()].filter((name) => !known.includes(name));
    if (unknown.length) throw refused(` has unknown fields: ${unknown.sort().join(", ")}`);
  }

  #checkChoices() {
    for (const name of ["labels", "stop_words", "thresholds"]) {
      if (this.#fields.has(name) && !Array.isArray(this.#fields.get(name))) {
        throw refused(`: ${name} is not a list`);
      }
    }
    for (const [name, choices] of Object.entries({ ...CHOICES, ...SECOND_CHOICES })) {
      const value = this.#fields.get(name);
      if (value !== undefined && !choices.includes(/** @type {string} */ (value))) {
        throw refused(
          ` rule ${name}=${shown(value)} is not known here (known: ${choices.join(", ")}): ` +
            "update edgernn",
        );
      }
    }
  }

  /**
   * @param {string} name
   * @param {number} low
   * @param {number} high
   */
  #integer(name, low, high) {
    const value = this.#fields.get(name);
    if (typeof value !== "bigint" || value < low || value > high) {
      throw refused(`: ${name} ${shown(value)} is not an integer in [${low}, ${high}]`);
    }
    return Number(value);
  }

  /** @param {string} name */
  #optionalId(name) {
    const isThere = this.#fields.get(name) !== null;
    return isThere ? this.#integer(name, 0, this.vocabularySize - 1) : null;
  }

  /** @param {string} name */
  #characters(name) {
    const value = this.#fields.get(name);
    if (typeof value !== "string" || countCodePoints(value) > MAX_CHARACTERS) {
      throw refused(`: ${name} is not a string of at most ${MAX_CHARACTERS} characters`);
    }
    return value;
  }

  /** @param {string} name */
  #string(name) {
    const value = this.#fields.get(name);
    if (typeof value !== "string") throw refused(`: ${name} is not a string`);
    return value;
  }

  #stopWords() {
    const words = this.#list("stop_words");
    if (!words.every((one) => typeof one === "string" && one) || words.length > MAX_STOP_WORDS) {
      throw refused(`: stop_words is not a list of at most ${MAX_STOP_WORDS} words`);
    }
    return /** @type {string[]} */ (words);
  }

  /** @param {string} name */
  #list(name) {
    return /** @type {Json[]} */ (this.#fields.get(name) ?? []);
  }

  #checkTokenizer() {
    if (this.hasSubwords) {
      const isNothing = (/** @type {Json | undefined} */ value) =>
        value === null || value === "" || (Array.isArray(value) && value.length === 0);
      const given = WORD_FIELDS.filter((name) => !isNothing(this.#fields.get(name)));
      for (const name of this.version > 1 ? SECOND_WORD_FIELDS : []) {
        if (this.#fields.get(name) !== SECOND_CHOICES[name][0]) given.push(name);
      }
      if (given.length) throw refused(`: tokenizer 'subwords' has no ${given.join(", ")}`);
    } else if (this.hasLetters) {
      if (this.separators) throw refused(": word_class 'letters' has no separators");
    } else if (!this.separators === !this.wordCharacters) {
      throw refused(": tokenizer 'words' needs either separators or word_characters");
    }
  }

  #threshold() {
    const value = this.#fields.get("threshold");
    if (this.decision !== "threshold") {
      if (value !== null) throw refused(`: decision '${this.decision}' has no threshold`);
      return null;
    }
    if (!isShare(value)) throw refused(`: threshold ${shown(value)} is not in (0, 1)`);
    if (this.version > 1 && this.#list("labels").length !== 2) {
      throw refused(": decision 'threshold' is one of two labels");
    }
    return value;
  }

  #thresholds() {
    const count = this.#list("labels").length;
    if (this.decision === "largest" && count < 3) {
      throw refused(": decision 'largest' is one of three labels or more");
    }
    const values = this.#list("thresholds");
    const expected = this.decision === "each" ? count : 0;
    if (values.length !== expected || !values.every(isShare)) {
      throw refused(`: thresholds is not a list of ${expected} numbers in (0, 1)`);
    }
    return values;
  }

  #noneBelow() {
    const value = this.#fields.get("none_below");
    if (value === null || value === undefined) return null;
    if (this.decision === "each") throw refused(": decision 'each' has no none_below");
    if (!isShare(value)) throw refused(`: none_below ${shown(value)} is not in (0, 1)`);
    return value;
  }

  #labels() {
    const values = this.#list("labels");
    const areNames = values.every(isName) && new Set(values).size === values.length;
    if (this.version === 1) {
      if (values.length !== 2 || !areNames) {
        throw refused(`: labels ${shown(values, "()")} are not two names`);
      }
    } else if (values.length < 2 || values.length > MAX_LABELS || !areNames) {
      throw refused(": labels are not 2 to 1,024 different names");
    }
    const names = /** @type {string[]} */ (values);
    if (this.version > 1 && names.some((name) => countCodePoints(name) > MAX_LABEL_CHARACTERS)) {
      throw refused(`: a label has more than ${MAX_LABEL_CHARACTERS} characters`);
    }
    return names;
  }
}

/** @param {Uint8Array} json */
function readFields(json) {
  /** @type {Json} */
  let values;
  try {
    values = parseJson(json);
  } catch (error) {
    if (error instanceof JsonError) throw refused(`: not JSON: ${error.message}`);
    throw error;
  }
  if (!(values instanceof Map)) throw refused(": not a JSON object");
  // First, since another version may have other fields.
  const version = values.get("version");
  if (!VERSIONS.includes(/** @type {bigint} */ (version))) {
    throw refused(
      ` version ${shown(version)} is not known here (known: ${VERSIONS.join(", ")}): update edgernn`,
    );
  }
  return values;
}

/**
 * @param {Json | undefined} value
 * @returns {value is number}
 */
function isShare(value) {
  return typeof value === "number" && value > 0 && value < 1;
}

/** @param {Json} value */
function isName(value) {
  return typeof value === "string" && value !== "" && Array.from(value).every(isPrintable);
}

/** @param {string} what */
function refused(what) {
  return new ModelError(`text contract${what}`);
}
