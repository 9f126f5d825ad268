import { loadInWorker } from "./edgernn/index.js";

const SHOWN_LABELS = 10;
const SAID_AFTER_MS = 700;

const element = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const number = (/** @type {number} */ value) => value.toLocaleString("en");

/** @type {import("./edgernn/background.js").BackgroundClassifier | null} */
let model = null;

/** Shows what went wrong; nothing where it went right. */
function complain(/** @type {string} */ message) {
  element("problem").textContent = message;
  element("problem").hidden = message === "";
}

// The model.

/** Takes a model file; the one before stays where it is refused. */
async function take(/** @type {string | File} */ source) {
  complain("");
  let taken;
  try {
    taken = await loadInWorker(source, source instanceof File ? { name: source.name } : {});
  } catch (error) {
    complain(/** @type {Error} */ (error).message);
    if (model === null) element("model").textContent = "No model.";
    return;
  }
  model?.close();
  model = taken;
  showModel(taken);
  await answer();
}

function showModel(/** @type {import("./edgernn/background.js").BackgroundClassifier} */ taken) {
  const { name, format, size, sha256, labels, decision, maxLength, card, page, hasGolden } = taken;
  element("model").textContent = `${name}, ready`;
  const how = {
    threshold: "one of two labels",
    largest: "the likeliest label",
    each: "each label that fits, or none",
  }[decision];
  const facts = [
    ["File", `${name}, ${format}, ${number(size)} bytes`],
    ["Labels", `${number(labels.length)}: ${labels.slice(0, SHOWN_LABELS).join(", ")}${labels.length > SHOWN_LABELS ? ", …" : ""}`],
    ["A text gets", how],
    ["Looks at", `up to ${number(maxLength)} tokens`],
    ["Recipe", String(card.recipe ?? "unknown")],
    ["Precision", String(card.precision ?? "unknown")],
    ["SHA-256", sha256],
  ];
  element("facts").replaceChildren(
    ...facts.flatMap(([term, fact]) => [withText("dt", term), withText("dd", fact)]),
  );
  element("card").textContent = page;
  element("card-box").hidden = page === "";
  for (const id of ["text", "file", "own", "bench"]) element(id).disabled = false;
  element("verify").disabled = !hasGolden;
  element("check-state").textContent = "";
  element("bench-download").hidden = true;
}

function withText(/** @type {string} */ tag, /** @type {string} */ text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

// Typing: the latest text is scored, and those between are left out.

let isScoring = false;
let isStale = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let sayTimer;

async function answer() {
  if (isScoring) {
    isStale = true;
    return;
  }
  isScoring = true;
  do {
    isStale = false;
    const text = element("text").value;
    if (text === "" || model === null) {
      element("answer").hidden = true;
      continue;
    }
    try {
      const start = performance.now();
      const [score] = await model.score([text]);
      show(score, performance.now() - start);
    } catch (error) {
      complain(/** @type {Error} */ (error).message);
    }
  } while (isStale);
  isScoring = false;
}

function show(/** @type {import("./edgernn/index.js").Score} */ score, /** @type {number} */ milliseconds) {
  const { labels } = /** @type {NonNullable<typeof model>} */ (model);
  const verdict = score.reason ?? (score.given.length ? score.given.join(", ") : "No label");
  element("answer").hidden = false;
  element("verdict").textContent = verdict;
  const all = score.probabilities ?? [];
  const order = [...all.keys()].sort((a, b) => all[b] - all[a]).slice(0, SHOWN_LABELS);
  element("bars").replaceChildren(
    ...order.map((i) => {
      const item = document.createElement("li");
      item.className = score.given.includes(labels[i]) ? "given" : "";
      const bar = document.createElement("progress");
      bar.max = 1;
      bar.value = all[i];
      bar.setAttribute("aria-label", labels[i]);
      const share = withText("span", `${(100 * all[i]).toFixed(1)} %`);
      share.className = "number";
      item.append(withText("span", labels[i]), bar, share);
      return item;
    }),
  );
  const hidden = all.length - order.length;
  const more = hidden > 0 ? `; ${number(hidden)} less likely labels are not shown` : "";
  element("time").textContent = `${number(score.tokens)} tokens, ${milliseconds.toFixed(1)} ms${more}`;
  clearTimeout(sayTimer);
  const share = score.confidence === null ? "" : `, ${Math.round(100 * score.confidence)} percent`;
  sayTimer = setTimeout(() => (element("said").textContent = verdict + share), SAID_AFTER_MS);
}

element("text").addEventListener("input", answer);

// A file of texts.

/** @type {{file: File, delimiter: string, first: string[], column: number, hasHeader: boolean} | null} */
let job = null;
let goesOn = false;
/** Of the last file. @type {import("./result_file.js").Result | null} */
let result = null;
/** Of what can be saved, by the link's name. @type {Map<string, string>} */
const addresses = new Map();

async function open(/** @type {File} */ file) {
  complain("");
  try {
    // Who only types does not wait for it.
    const { beginningOf, look } = await import("./label_file.js");
    job = { file, ...look(...(await beginningOf(file))) };
  } catch (error) {
    complain(`${file.name}: ${/** @type {Error} */ (error).message}`);
    return;
  }
  element("job").hidden = false;
  element("job-name").textContent = `${file.name}, ${number(file.size)} bytes`;
  element("header").checked = job.hasHeader;
  element("download").hidden = true;
  element("progress").hidden = true;
  element("job-state").textContent = "";
  showColumns();
}

function showColumns() {
  if (job === null) return;
  const hasHeader = element("header").checked;
  const options = job.first.map((cell, i) => {
    const name = hasHeader ? cell : `Column ${i + 1}: ${cell.slice(0, 40)}`;
    const option = withText("option", name || `Column ${i + 1}`);
    option.setAttribute("value", String(i));
    return option;
  });
  element("column").replaceChildren(...options);
  element("column").value = String(job.column);
}

async function start() {
  if (job === null || model === null) return;
  const { file, delimiter } = job;
  const form = { delimiter, column: Number(element("column").value), hasHeader: element("header").checked };
  const busy = ["start", "file", "own", "column", "header", "bench"];
  for (const id of busy) element(id).disabled = true;
  element("stop").hidden = false;
  element("progress").hidden = false;
  element("download").hidden = true;
  complain("");
  goesOn = true;
  const begun = performance.now();
  let said = 0;
  try {
    const { labelFile, openResult } = await import("./label_file.js");
    await forgetResult();
    result = await openResult();
    const found = await labelFile(file, model, form, result, ({ share, rows }) => {
      element("progress").value = share;
      // A screen reader hears each tenth.
      if (Math.floor(10 * share) > said || rows === 0) {
        said = Math.floor(10 * share);
        element("job-state").textContent = `${number(rows)} rows, ${10 * said} percent`;
      }
      return goesOn;
    });
    if (found === null) {
      await forgetResult();
      element("job-state").textContent = "Stopped.";
    } else {
      const seconds = (performance.now() - begun) / 1000;
      const without = found.unlabelled ? `, ${number(found.unlabelled)} without a label` : "";
      element("progress").value = 1;
      element("job-state").textContent =
        `Done: ${number(found.rows)} rows in ${seconds.toFixed(1)} seconds${without}.`;
      const name = file.name.replace(/(\.[^.]*)?$/, (ending) => `.labels${ending || ".csv"}`);
      offer("download", new Blob([await result.close()], { type: "text/csv" }), name);
    }
  } catch (error) {
    complain(`${file.name}: ${/** @type {Error} */ (error).message}`);
    element("job-state").textContent = "";
  }
  element("stop").hidden = true;
  for (const id of busy) element(id).disabled = false;
}

async function forgetResult() {
  const old = result;
  result = null;
  await old?.drop();
}

function offer(/** @type {string} */ id, /** @type {Blob} */ blob, /** @type {string} */ name) {
  URL.revokeObjectURL(addresses.get(id) ?? "");
  const link = element(id);
  link.href = URL.createObjectURL(blob);
  addresses.set(id, link.href);
  link.download = name;
  link.hidden = false;
}

element("header").addEventListener("change", showColumns);
element("column").addEventListener("change", () => {
  if (job !== null) job.column = Number(element("column").value);
});
element("start").addEventListener("click", start);
element("stop").addEventListener("click", () => (goesOn = false));

// Checks.

async function busily(/** @type {string} */ state, /** @type {() => Promise<string>} */ action) {
  for (const id of ["verify", "bench", "own"]) element(id).disabled = true;
  element("check-state").textContent = state;
  complain("");
  try {
    element("check-state").textContent = await action();
  } catch (error) {
    element("check-state").textContent = "";
    complain(/** @type {Error} */ (error).message);
  }
  for (const id of ["bench", "own"]) element(id).disabled = false;
  element("verify").disabled = !model?.hasGolden;
}

element("verify").addEventListener("click", () =>
  busily("Verifying …", async () => {
    const { passed, vectors, failures, largestDifference } = await /** @type {any} */ (model).verify();
    if (!passed) return `${failures.length} of ${vectors} texts differ: ${failures.slice(0, 3).join("; ")}`;
    return `Verified: ${vectors} texts of the file score here as when it was exported, at most ${largestDifference.toExponential(1)} off.`;
  }),
);

element("bench").addEventListener("click", () =>
  busily("Measuring, which takes up to half a minute …", async () => {
    const report = await /** @type {any} */ (model).benchmark();
    const [{ latency, throughput, problem }] = report.rows;
    if (problem !== null) return problem;
    offer("bench-download", new Blob([`${JSON.stringify(report, null, 2)}\n`]), "bench.json");
    const times = latency.map((/** @type {any} */ one) => `${one.p50_ms} ms for ${one.tokens} tokens`);
    return `${times.join(", ")}; ${number(Math.round(throughput.reviews_per_second))} reviews a second.`;
  }),
);

// Files, chosen or dropped.

function received(/** @type {File | undefined} */ file) {
  if (file === undefined) return;
  if (/\.(onnx|tflite)$/i.test(file.name)) take(file);
  else if (/\.(csv|tsv|txt)$/i.test(file.name)) open(file);
  else complain(`${file.name}: neither a model (.onnx, .tflite) nor a file of texts (.csv, .tsv)`);
}

for (const id of ["file", "own"]) {
  element(id).addEventListener("change", () => {
    received(element(id).files[0]);
    element(id).value = "";
  });
}
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", () => document.body.classList.remove("dropping"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  if (!element("file").disabled) received(event.dataTransfer?.files[0]);
});

take(/** @type {any} */ (globalThis).SITE.model)
  .then(() => import("./result_file.js"))
  .then(({ removeLeftResults }) => removeLeftResults())
  .catch((error) => console.warn(`Results of closed pages are still there: ${error.message}`));
// Where a page is not served over HTTPS or from this machine, there are none.
navigator.serviceWorker
  ?.register("service_worker.js")
  .catch((error) => console.warn(`This page will not open offline: ${error.message}`));
