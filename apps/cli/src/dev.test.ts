/** `dev` with the real command line: saves, failures, forks, what cannot be built, and its end. */

import assert from "node:assert/strict";
import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DevProcess, devProject } from "./testing/dev-process.js";
import type { DevProject } from "./testing/dev-process.js";

const asker = `import { defineAgent } from "wasm-engine/agent";
import { greeting } from "./greeting.ts";
export const agent = defineAgent({
  capabilities: ["topics"],
  state: { sum: 0 },
  async onStart(message, ctx) {
    for (let n = 0; n < 5; n += 1) {
      ctx.send("worker", { n });
      await ctx.sleep(2);
    }
  },
  onMessage(message, ctx) {
    ctx.state.sum += message.body.n;
    ctx.publish("result", { sum: ctx.state.sum, greeting });
  },
});
`;
const greeting = `export const greeting = "hello";\n`;
const worker = (fails: boolean, factor = 10): string => `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  state: { seen: 0 },
  onMessage(message, ctx) {
    ctx.state.seen += 1;
    if (${String(fails)} && message.body.n === 3) throw new Error("planted");
    ctx.send("asker", { n: message.body.n * ${factor} });
  },
});
`;
const configuration = `version: 1
name: dev
stop: { when: idle }
modules: { asker: ./agents/asker.ts, worker: ./agents/worker.ts }
agents:
  - { id: asker, module: asker, capabilities: { send: [worker], topics: [result] } }
  - { id: worker, module: worker, capabilities: { send: [asker] }, onFault: { strategy: restart } }
`;

let project: DevProject;
before(() => {
  project = devProject({
    "engine.yaml": configuration,
    "agents/asker.ts": asker,
    "agents/greeting.ts": greeting,
    "agents/worker.ts": worker(false),
  });
});
after(() => project.remove());

/** A session over the project as it is, ended when the test ends. */
async function session(use: (dev: DevProcess) => Promise<void>, args: readonly string[] = []): Promise<void> {
  const dev = new DevProcess(project.folder, args);
  try {
    await use(dev);
  } finally {
    await dev.remove();
  }
}

function reset(): void {
  project.write("engine.yaml", configuration);
  project.write("agents/asker.ts", asker);
  project.write("agents/greeting.ts", greeting);
  project.write("agents/worker.ts", worker(false));
}

test("[S14.dev] a save of an imported file builds its module alone, runs again and shows the difference", async () => {
  reset();
  await session(async (dev) => {
    const first = await dev.until(/^watching/m);
    assert.match(first, /^plan +first run$/m);
    assert.match(first, /^ended +idle after \d+ ticks/m);
    assert.match(first, /^replay +identical/m);
    project.write("agents/greeting.ts", `export const greeting = "good day";\n`);
    const second = await dev.until(/^watching/m);
    assert.match(second, /^saved +agents\/greeting\.ts$/m);
    assert.match(second, /^built +asker$/m);
    assert.match(second, /^replay +identical/m);
    assert.match(second, /^differs +from the run before, from tick \d+$/m);
    assert.match(second, /- tick \d+ published result: .*"greeting":"hello"/);
    assert.match(second, /\+ tick \d+ published result: .*"greeting":"good day"/);
    assert.doesNotMatch(second, /^ {2}worker$/m, "the worker did the same in both");
  });
});

test("[S14.dev] a fixed bug: fork from just before the failure, which is gone; answers and the past stay", async () => {
  reset();
  project.write("agents/worker.ts", worker(true));
  await session(async (dev) => {
    const first = await dev.until(/^watching/m);
    const [, failedAt = ""] =
      /^failed +agent worker faulted at tick (\d+): .*planted at worker\.ts:6$/m.exec(first) ?? [];
    assert.notEqual(failedAt, "", first);
    project.write("agents/worker.ts", worker(false));
    const second = await dev.until(/^watching/m);
    assert.match(
      second,
      new RegExp(`^forked +at tick ${Number(failedAt) - 1}, before agent worker failed`, "m"),
    );
    assert.match(second, /^gone +the failure of agent worker/m);
    assert.match(second, /^replay +identical/m);
    assert.match(second, /- tick \d+ fault GUEST_ERROR/);
    assert.match(second, /\+ tick \d+ to asker: \{"n":30\}/);
    assert.doesNotMatch(second, /^failed/m);
  });
});

test("[S14.dev] a syntax error is shown with its place; the next save mends it", async () => {
  reset();
  await session(async (dev) => {
    await dev.until(/^watching/m);
    project.write("agents/worker.ts", "export const agent = (;\n");
    const broken = await dev.until(/^watching/m);
    assert.match(broken, /^error\[WE_/m);
    assert.match(broken, /worker\.ts:1:/);
    project.write("agents/worker.ts", worker(false, 100));
    const mended = await dev.until(/^watching/m);
    assert.match(mended, /^built +worker$/m);
    assert.match(mended, /\+ tick \d+ to asker: \{"n":400\}/);
  });
});

test("[S14.dev] engine.yaml: broken and mended, changed means a run from the start", async () => {
  reset();
  await session(async (dev) => {
    await dev.until(/^watching/m);
    project.write("engine.yaml", configuration.replace("stop:", "stopp:"));
    assert.match(await dev.until(/^watching/m), /^error\[WE_CONFIG_[A-Z_]+\][^]*engine\.yaml/m);
    project.write("engine.yaml", configuration);
    assert.match(await dev.until(/^watching/m), /^same +nothing that a run would notice/m);
    project.write("engine.yaml", configuration.replace("when: idle", "when: tick, tick: 6"));
    const third = await dev.until(/^watching/m);
    assert.match(third, /^plan +from the start: stop changed$/m);
    assert.match(third, /^ended +tick after 6 ticks/m);
  });
});

test("[S14.dev] atomic saves, deleted and new files, and two saves at once are one change each", async () => {
  reset();
  await session(async (dev) => {
    await dev.until(/^watching/m);
    const path = join(project.folder, "agents/worker.ts");
    writeFileSync(`${path}.tmp`, worker(false, 20));
    renameSync(`${path}.tmp`, path);
    assert.match(await dev.until(/^watching/m), /\+ tick \d+ to asker: \{"n":80\}/);
    rmSync(path);
    assert.match(await dev.until(/^watching/m), /^error\[WE_CONFIG_FILE_MISSING\]/m);
    writeFileSync(path, worker(false, 30));
    assert.match(await dev.until(/^watching/m), /\+ tick \d+ to asker: \{"n":120\}/);
    writeFileSync(path, worker(false, 40));
    writeFileSync(path, worker(false, 50));
    assert.match(await dev.until(/\+ tick \d+ to asker: \{"n":200\}/), /^built +worker$/m);
    await dev.until(/^watching/m);
    const ended = await dev.interrupt();
    assert.equal(ended.code, 0, ended.stderr);
  });
});

test("[S14.dev] Ctrl-C while a world runs seals it and says how to go on; no process is left", async () => {
  reset();
  project.write("engine.yaml", configuration.replace("when: idle", "when: never"));
  await session(async (dev) => {
    await dev.until(/^run /m);
    const { code, stderr } = await dev.interrupt();
    assert.equal(code, 130, stderr);
    assert.match(stderr, /wasm-engine run --resume .*-dev$/m);
    assert.throws(() => process.kill(-dev.pid, 0), { code: "ESRCH" });
  });
});

test("[S14.dev] --once --json: one document; old runs of dev are removed, others are not", async () => {
  reset();
  project.write("agents/worker.ts", worker(true));
  await session(
    async (dev) => {
      const { code, stdout } = await dev.ended;
      assert.equal(code, 1);
      const document = JSON.parse(stdout) as {
        readonly cycles: readonly {
          readonly failures: readonly { readonly agentId: string }[];
          readonly replay: string;
        }[];
        readonly error: { readonly code: string };
      }; // DESIGN §14
      assert.equal(document.error.code, "WE_DEV_FAILED");
      assert.equal(document.cycles.length, 1);
      assert.deepEqual(
        document.cycles[0]?.failures.map(({ agentId }) => agentId),
        ["worker"],
      );
      assert.equal(document.cycles[0]?.replay, "identical");
    },
    ["--once", "--json"],
  );
  const runs = readdirSync(join(project.folder, ".wasm-engine/runs"));
  assert.ok(runs.length <= 10, `${runs.length} runs are kept`);
  assert.ok(runs.every((name) => name.endsWith("-dev")));
});

test("[S14.dev] --test runs the project's tests after a run; with --once they decide too", async () => {
  reset();
  const check = (expected: number): string => `import assert from "node:assert/strict";
import { test } from "node:test";
test("sum", () => assert.equal(1 + 1, ${expected}));
`;
  for (const [expected, exitCode, code] of [
    [2, 0, undefined],
    [3, 1, "WE_DEV_TESTS_FAILED"],
  ] as const) {
    project.write("tests/sum.test.mjs", check(expected));
    await session(
      async (dev) => {
        const ended = await dev.ended;
        assert.equal(ended.code, exitCode, ended.stderr);
        const document = JSON.parse(ended.stdout) as { readonly error?: { readonly code: string } }; // DESIGN §14
        assert.equal(document.error?.code, code);
      },
      ["--once", "--test", "--json"],
    );
  }
});
