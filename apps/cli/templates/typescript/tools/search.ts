// A tool: runs outside of the world, in Node.js, with files, network and secrets. Its answers are logged, so neither a
// replay nor a fork calls it again.
import { readFile } from "node:fs/promises";
import { defineTool } from "wasm-engine/tool";
import type { Fact } from "../agents/messages";

const notes = new URL("../data/notes.txt", import.meta.url);

/** The note that shares most words with the query. */
async function findNote(query: string): Promise<Fact> {
  const words = new Set(query.toLowerCase().match(/[a-z]+/g));
  let best = { text: "Nothing is known.", source: "nobody", score: 0 };
  for (const line of (await readFile(notes, "utf8")).split("\n")) {
    const [, keys = "", text = "", source = ""] = /^(.*?): (.*) \[(.*)\]$/.exec(line) ?? [];
    const score = keys.split(" ").filter((key) => words.has(key.toLowerCase())).length;
    if (score > best.score) best = { text, source, score };
  }
  return { text: best.text, source: best.source };
}

export default defineTool({
  description: "The note that shares most words with the query",
  // Checked before `run` sees it: anything else is answered BAD_INPUT.
  input: { type: "object", required: ["query"], properties: { query: { type: "string" } } },
  run: ({ query }: { readonly query: string }) => findNote(query),
});
