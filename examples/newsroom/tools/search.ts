/**
 * Finds paragraphs of this repository's documentation: BM25 over words, best first. Runs outside of the world; what it
 * returns enters the world as a logged input, and a replay reads no file.
 */

import { readFile, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { defineTool } from "wasm-engine/tool";

interface Paragraph {
  readonly file: string;
  readonly heading: string;
  readonly text: string;
  readonly words: readonly string[];
}

/** Folder of the documentation. */
const documentation = fileURLToPath(new URL("../../../docs", import.meta.url));
const saturation = 1.4;
const lengthWeight = 0.6;
const wordsMin = 12;
const textMax = 500;

/** Read once: the documentation does not change while a world runs. */
let known: Promise<readonly Paragraph[]> | undefined;

export default defineTool({
  description: "Paragraphs of the documentation that fit a query, the best first",
  input: {
    type: "object",
    required: ["query"],
    additionalProperties: false,
    properties: {
      query: { type: "string", minLength: 1 },
      limit: { type: "integer", minimum: 1, maximum: 10 },
    },
  },
  idempotent: true,
  async run({ query, limit = 3 }: { query: string; limit?: number }) {
    const paragraphs = await (known ??= readParagraphs(documentation));
    return rank(paragraphs, wordsOf(query))
      .slice(0, limit)
      .map(({ file, heading, text }) => ({ file, heading, text }));
  },
});

async function readParagraphs(folder: string): Promise<readonly Paragraph[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".md")).sort();
  const files = await Promise.all(
    names.map(async (name) =>
      paragraphsOf(relative(folder, join(folder, name)), await readFile(join(folder, name), "utf8")),
    ),
  );
  return files.flat();
}

function paragraphsOf(file: string, markdown: string): readonly Paragraph[] {
  let heading = "";
  return markdown.split(/\n{2,}/).flatMap((block) => {
    const title = /^#+ (.*)/.exec(block)?.[1];
    if (title !== undefined) heading = title;
    const text = block
      .replace(/^#+ .*\n?/, "")
      .replaceAll(/[*`]/g, "")
      .replaceAll(/\s+/g, " ")
      .trim();
    const words = wordsOf(text);
    const isProse = /^[A-Z]/.test(text) && !text.includes("|") && words.length >= wordsMin;
    return isProse ? [{ file, heading, text: text.slice(0, textMax), words }] : [];
  });
}

function rank(paragraphs: readonly Paragraph[], query: readonly string[]): readonly Paragraph[] {
  const mean = paragraphs.reduce((sum, { words }) => sum + words.length, 0) / Math.max(1, paragraphs.length);
  const weights = new Map(query.map((word) => [word, rarity(paragraphs, word)]));
  const scored = paragraphs.map((paragraph) => {
    const length = 1 - lengthWeight + (lengthWeight * paragraph.words.length) / mean;
    const score = [...weights].reduce((sum, [word, weight]) => {
      const count = paragraph.words.filter((other) => other === word).length;
      return sum + (weight * count * (saturation + 1)) / (count + saturation * length);
    }, 0);
    return { paragraph, score };
  });
  return scored
    .filter(({ score }) => score > 0)
    .sort((left, right) => right.score - left.score)
    .map(({ paragraph }) => paragraph);
}

function rarity(paragraphs: readonly Paragraph[], word: string): number {
  const holding = paragraphs.filter(({ words }) => words.includes(word)).length;
  return Math.log(1 + (paragraphs.length - holding + 0.5) / (holding + 0.5));
}

/** Lower case, without the endings that change with grammar. */
function wordsOf(text: string): readonly string[] {
  return [...text.toLowerCase().matchAll(/[a-z]{3,}/g)].map(([word]) => word.replace(/(ing|ed|es|s)$/, ""));
}
