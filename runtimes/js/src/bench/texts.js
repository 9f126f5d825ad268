// Texts to time, made as edgernn's own bench makes them.

/** Those of `edgernn.bench.texts`, so that a page's rows stand beside a laptop's. */
export const SENTENCES = [
  "I went in with no expectations and came out humming the theme.",
  "The first act takes its time, but every minute of it pays off later.",
  "Sadly, the lead seems bored, and after half an hour so was I.",
  "There is a scene at a railway station that alone is worth the ticket.",
  "Who thought that this needed three endings?",
  "The photography is gorgeous: fog, lamplight, wet streets and an empty harbour.",
  "I've seen it four times now and it gets better with each viewing.",
  "None of the jokes land, and the laughs of the audience sounded polite at best.",
  "Her performance is quiet, exact and, in the last ten minutes, simply devastating.",
  "The script borrows from better films and gives nothing back.",
  "My kids loved it; I checked my watch.<br /><br />Twice.",
  "What a waste of a talented cast, and of two and a half hours of my life!",
  "The music never tells you what to feel, which is rarer than it should be.",
  "Some effects have aged badly, yet the story still works wonderfully.",
  "It wants to be a thriller and a romance, and ends up as neither.",
  "I can't recommend it highly enough: funny, sad and honest from start to finish.",
  "The dialogue sounds as if it had been translated twice.",
  "Not a masterpiece, perhaps, but a warm and clever little film with a big heart.",
  "By the time the villain explains his plan, nobody in the theatre cared any more.",
  "The director trusts the viewer, and that trust is repaid.",
  "It was filmed in 1974 for next to no money, and you can see both.",
  "Everything about the sequel is louder, longer and worse.",
  "Watch it with friends, late at night, and don't take it too seriously.",
  "A slow, patient, beautiful picture about two people who cannot say what they mean.",
];

const MEDIAN_WORDS = 174;
const SPREAD = 0.7;
const FEWEST_WORDS = 10;
const MOST_WORDS = 1500;

/**
 * Returns the shortest beginning of the sentences, repeated, that has so many tokens; null where
 * the contract cuts texts shorter, or the vocabulary knows no word of the sentences.
 * @param {(text: string) => number} count counts the tokens of a text before it is cut
 * @param {number} maxLength
 * @param {number} tokens
 */
export function textOfTokens(count, maxLength, tokens) {
  const words = SENTENCES.join(" ").split(" ");
  const known = count(words.join(" "));
  if (tokens > maxLength || known === 0) return null;
  const beginning = (/** @type {number} */ length) =>
    Array.from({ length }, (_, i) => words[i % words.length]).join(" ");
  let low = 1;
  let high = words.length * (Math.floor(tokens / known) + 2);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (count(beginning(middle)) >= tokens) high = middle;
    else low = middle + 1;
  }
  return beginning(low);
}

/**
 * Returns texts of the lengths that IMDB reviews have, roughly log-normal; always the same.
 * @param {number} count
 */
export function generatedReviews(count) {
  const random = mulberry32(1);
  return Array.from({ length: count }, () => {
    // Of Box and Muller (1958).
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const drawn = Math.round(MEDIAN_WORDS * Math.exp(SPREAD * normal));
    const wanted = Math.min(Math.max(drawn, FEWEST_WORDS), MOST_WORDS);
    /** @type {string[]} */
    const words = [];
    while (words.length < wanted) {
      words.push(...SENTENCES[Math.floor(random() * SENTENCES.length)].split(" "));
    }
    return words.slice(0, wanted).join(" ");
  });
}

/**
 * A generator of Tommy Ettinger's, in the public domain.
 * @param {number} seed
 */
function mulberry32(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
