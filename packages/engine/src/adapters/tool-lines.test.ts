/** Consoles of tools: told with their tool, bounded, without secrets, and in no byte of the run. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import { toolProject } from "../testing/tool-project.js";
import { lineCharsMax } from "./limits.js";
import { ToolLines } from "./tool-lines.js";
import type { ToolLine } from "./tool-lines.js";

const noisy = `console.log("loaded here");
export const search = { async run(input, { secret }) {
  console.log("looking for", input, { deep: [1] });
  await new Promise((resolve) => setImmediate(resolve));
  console.error("the key is " + secret("KEY"));
  process.stdout.write("zwei-teile ");
  process.stdout.write("ganz\\n");
  return 1;
} };
`;

for (const isolation of ["process", "inline"] as const) {
  test(`${isolation}: lines of a tool are told and stay out of the world`, async (context) => {
    const directory = toolProject(context, {
      files: { "noisy.mjs": noisy, key: "classified-7731" },
      tools: { search: { path: "./noisy.mjs", secrets: { KEY: { file: "./key" } } } },
      agents: { a: [{ tool: "search", input: "tea" }] },
    });
    await using world = await Engine.open(directory, { isolation });
    const heard: unknown[] = [];
    world.registerTelemetryHook((event) => {
      if (event.kind !== "tool-line") return;
      const { tool, level, text, dropped } = event.line;
      heard.push([tool, level, text, dropped]);
    });
    const { dir } = await world.run();
    await world.close();
    assert.deepEqual(heard, [
      ["search", "info", "loaded here", 0],
      ["search", "info", "looking for tea { deep: [ 1 ] }", 0],
      ["search", "error", "the key is [secret KEY]", 0],
      ["search", "info", "zwei-teile ganz", 0],
    ]);
    const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    for (const file of files) {
      const bytes = readFileSync(join(file.parentPath, file.name), "latin1");
      assert.ok(!/loaded here|looking for tea|the key is |zwei-teile ganz/.test(bytes), file.name);
    }
  });
}

test("a detached world keeps lines of tools in its log", async (context) => {
  const directory = toolProject(context, {
    files: { "noisy.mjs": noisy, key: "classified-7731" },
    tools: { search: { path: "./noisy.mjs", secrets: { KEY: { file: "./key" } } } },
    agents: { a: [{ tool: "search", input: "tea" }] },
  });
  const { log } = await Engine.detach(directory);
  const text = (): string => (existsSync(log) ? readFileSync(log, "utf8") : "");
  while (!text().includes(" ended (")) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.match(text(), / tool search: looking for tea/);
  assert.match(text(), / tool search: error: the key is \[secret KEY\]\n/);
});

test("[G10] lines are cut, counted beyond what people read, and know their tool across awaits", async () => {
  const lines = new ToolLines();
  const told: ToolLine[] = [];
  lines.begin(
    (line) => told.push(line),
    (text) => text.replace("secret", "[…]"),
  );
  const stream = { write: (() => true) as NodeJS.WriteStream["write"] };
  lines.take(stream, "info");
  const say = async (name: string): Promise<void> => {
    stream.write(`${name} `);
    await new Promise((resolve) => setImmediate(resolve));
    stream.write("secret\r\n");
  };
  await Promise.all(["a", "b"].map((name) => lines.within(name, () => say(name))));
  stream.write(`${"x".repeat(100 * lineCharsMax)}\n`);
  assert.deepEqual(
    told.map(({ tool, text }) => [tool, text.slice(0, 8), text.length <= lineCharsMax + 1]),
    [
      ["a", "a […]", true],
      ["b", "b […]", true],
      ["?", "xxxxxxxx", true],
    ],
  );
  stream.write("y\n".repeat(500_000));
  const dropped = told.reduce((sum, line) => sum + line.dropped, 0);
  assert.ok(told.length < 100_000 && dropped <= 500_000);
  await new Promise<void>((resolve) => void stream.write("", () => resolve()));
});
