/**
 * The newsroom of the examples: with rules in place of a model it prints the same articles in every run; with a server
 * it asks over loopback, and asks nothing twice. Its sources are passages of this repository's documentation.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { heavyRun } from "../../packages/engine/dist/testing/heavy-run.js";
import { openAiServer } from "../../packages/engine/dist/testing/openai-server.js";
import type { AskedRequest } from "../../packages/engine/dist/testing/openai-server.js";
import { repositoryRoot } from "./tidy/source-tree.js";

interface Article {
  readonly payload: {
    readonly question: string;
    readonly text: string;
    readonly sources: readonly string[];
    readonly drafts: number;
  };
}

interface RunReport {
  readonly dir: string;
  readonly chainHead: string;
  readonly faults: number;
  readonly toolCalls: number;
  readonly answers: { readonly reused: number; readonly asked: number };
}

const program = join(repositoryRoot, "apps/cli/bin/wasm-engine.js");
const folder = mkdtempSync(join(tmpdir(), "newsroom-"));
const project = join(folder, "examples", "newsroom");
mkdirSync(join(folder, "examples"));
cpSync(join(repositoryRoot, "examples/newsroom"), project, {
  recursive: true,
  filter: (path) => !["out", ".wasm-engine"].includes(basename(path)),
});
for (const shared of ["docs", "node_modules"])
  symlinkSync(join(repositoryRoot, shared), join(folder, shared));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** One verb in the project; its JSON document. */
async function verb(...words: readonly string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...words, "--json", "--quiet"], {
    cwd: project,
  });
  return JSON.parse(stdout);
}

async function runNewsroom(
  ...options: readonly string[]
): Promise<RunReport & { readonly articles: Article[] }> {
  const report = (await verb("run", "engine.yaml", ...options)) as RunReport; // DESIGN §14 fixes the document
  const lines = readFileSync(join(project, "out/articles.jsonl"), "utf8").trimEnd().split("\n");
  return { ...report, articles: lines.map((line) => JSON.parse(line) as Article) };
}

test("agents and tool have the types that the packages declare", async () => {
  const compiler = join(repositoryRoot, "node_modules/@typescript/native/bin/tsc");
  await promisify(execFile)(process.execPath, [compiler, "-p", project], { cwd: project });
});

test("four articles are printed, each in its second draft, with sources that are there", async () => {
  const { articles, faults, toolCalls, dir } = await runNewsroom();
  assert.equal(articles.length, 4);
  assert.deepEqual([faults, toolCalls], [0, 8]);
  for (const { payload } of articles) {
    assert.equal(payload.drafts, 2, "the invention of the first draft is found");
    assert.match(payload.text, /\[1\].*\[2\]$/s);
    assert.ok(!payload.text.includes("Every reader"));
    for (const source of payload.sources)
      assert.ok(existsSync(join(repositoryRoot, "docs", source.split(": ")[0] ?? "")), source);
  }
  const replay = (await verb("replay", dir)) as { readonly verified: boolean };
  assert.equal(replay.verified, true);
  // Restored after every tick of a slice, models and tools asked.
  assert.equal(heavyRun(dir, { from: 2, ticks: 5 }).restored, 5);
});

test("[G2] the chain is the same for any number of threads: search and rules answer at their ticks", async () => {
  const one = await runNewsroom("--workers", "1");
  const three = await runNewsroom("--workers", "3");
  assert.equal(one.chainHead, three.chainHead);
});

test("a server takes the place of the rules with one option; a second run asks nothing anew", async (context) => {
  const server = await openAiServer(context, { answer: quote });
  const source = `writer=openai:${server.url}#quoting`;
  const first = await runNewsroom("--model", source);
  // Four articles: one draft and two claims each for the model, one search each for the tool.
  assert.equal(server.asked.length, 12);
  assert.deepEqual([first.answers, first.toolCalls], [{ reused: 0, asked: 12 + 4 }, 4]);
  const second = await runNewsroom("--model", source);
  assert.equal(server.asked.length, 12);
  assert.deepEqual(second.answers, { reused: 12, asked: 4 }, "a tool may be asked again, a model need not");
  assert.deepEqual(textsOf(second.articles), textsOf(first.articles));
});

function textsOf(articles: readonly Article[]): string[] {
  return articles.map(({ payload }) => payload.text).sort();
}

/** A model that quotes the first sentences of its passages, and says yes to what stands in the source. */
function quote({ body }: AskedRequest): string {
  const last = body.messages?.at(-1)?.content ?? "";
  const [, claim, source] = /^Claim: ([^\n]+)\nSource: ([^]*)$/.exec(last) ?? [];
  if (claim !== undefined) return source?.includes(claim) === true ? "yes" : "no: it is not there";
  return [...last.matchAll(/^Passage (\d) \([^)]*\): ([^.]+\.)/gm)]
    .map(([, number, sentence]) => `${sentence} [${number}]`)
    .join(" ");
}
