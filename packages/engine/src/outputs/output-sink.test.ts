import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { Encoding, encodeUtf8 } from "@wasm-engine/abi";
import type { Departure, Genesis } from "@wasm-engine/core";
import { projectFolder } from "../testing/project.js";
import { parseTime } from "../time/virtual-time.js";
import type { OutputSink } from "../world/contract.js";
import { clearOutputs } from "./clear-outputs.js";
import { openOutputSink } from "./output-sink.js";

/** What sinks read of a genesis: the clock. */
const genesis = {
  epochNanos: parseTime("2001-01-01T00:00:00Z"),
  tickNanos: 600_000_000_000n,
} as unknown as Genesis;

function publish(
  topic: string,
  payload: string | Uint8Array,
  encoding: Departure["encoding"] = Encoding.JSON,
): Departure {
  const bytes = typeof payload === "string" ? encodeUtf8(payload) : payload;
  return {
    kind: "publish",
    agentId: "ORD" as Departure["agentId"],
    topic,
    encoding,
    payload: bytes,
    flags: 0,
  };
}

function open(path: string, position = 0, topic = "score"): OutputSink {
  return openOutputSink({ topic, path }, { genesis, position });
}

test("lines have the founding shape with virtual time; other topics and answers stay out", (context) => {
  const path = join(projectFolder(context), "deep", "er", "scores.jsonl");
  const sink = open(path);
  const answer: Departure = { ...publish("score", "1"), kind: "answer", inputSeq: 1 };
  sink.offer(0, [
    publish("score", '{"p":0.25}'),
    publish("scores", "1"),
    answer,
    publish("score", "[1,\n2]"),
  ]);
  sink.offer(144, [
    publish("score", "hello", Encoding.TEXT),
    publish("score", Uint8Array.of(0, 255), Encoding.BYTES),
  ]);
  sink.offer(145, [publish("score", "{broken"), publish("score", Uint8Array.of(0xff), Encoding.TEXT)]);
  sink.release(145);
  sink.close();
  const line = (payload: string, timestamp: string): string =>
    `{"agentId":"ORD","topic":"score","payload":${payload},"timestamp":"2001-01-${timestamp}:00.000Z"}`;
  assert.deepEqual(readFileSync(path, "utf8").split("\n"), [
    line('{"p":0.25}', "01T00:00"),
    line("[1, 2]", "01T00:00"),
    line('"hello"', "02T00:00"),
    line('{"encoding":"bytes","base64":"AP8="}', "02T00:00"),
    line('{"encoding":"json","base64":"e2Jyb2tlbg=="}', "02T00:10"),
    line('{"encoding":"text","base64":"/w=="}', "02T00:10"),
    "",
  ]);
});

test("a topic pattern collects every topic with its prefix", (context) => {
  const path = join(projectFolder(context), "all.jsonl");
  const sink = open(path, 0, "score.*");
  sink.offer(0, [publish("score.a", "1"), publish("score", "2"), publish("score.b", "3")]);
  sink.release(0);
  sink.close();
  const lines = readFileSync(path, "utf8").trim().split("\n");
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { topic: string }).topic),
    ["score.a", "score.b"],
  );
});

test("nothing is written before its tick is released", (context) => {
  const path = join(projectFolder(context), "o.jsonl");
  const sink = open(path);
  sink.offer(1, [publish("score", "1")]);
  sink.offer(2, [publish("score", "2")]);
  const whole = sink.position;
  assert.equal(readFileSync(path).length, 0);
  sink.release(1);
  assert.equal(readFileSync(path, "utf8").split("\n").length, 2);
  sink.release(5);
  sink.close();
  assert.equal(readFileSync(path).length, whole);
});

/** Payloads per tick to the bytes that the file must hold in the end. */
function undisturbed(path: string, ticks: readonly (readonly string[])[]): Buffer {
  const sink = open(path);
  ticks.forEach((payloads, tick) =>
    sink.offer(
      tick,
      payloads.map((payload) => publish("score", JSON.stringify(payload))),
    ),
  );
  sink.release(ticks.length);
  sink.close();
  return readFileSync(path);
}

test("[G3] exactly once: after a crash at any byte, and from any snapshot, the file ends up the same", (context) => {
  const folder = projectFolder(context);
  const ticks = fc.array(fc.array(fc.string({ maxLength: 6 }), { maxLength: 3 }), {
    minLength: 1,
    maxLength: 8,
  });
  let runs = 0;
  fc.assert(
    fc.property(ticks, fc.nat(), fc.nat(), (payloads, cutSeed, snapshotSeed) => {
      runs += 1;
      const expected = undisturbed(join(folder, `${runs}-whole`), payloads);
      const snapshotTick = snapshotSeed % (payloads.length + 1);
      const position = undisturbed(join(folder, `${runs}-part`), payloads.slice(0, snapshotTick)).length;
      // A crashed process left at least what the snapshot knows of, torn anywhere after it.
      const path = join(folder, `${runs}-crashed`);
      writeFileSync(path, expected.subarray(0, position + (cutSeed % (expected.length - position + 1))));
      const sink = open(path, position);
      payloads.forEach((texts, tick) => {
        if (tick < snapshotTick) return;
        sink.offer(
          tick,
          texts.map((text) => publish("score", JSON.stringify(text))),
        );
        if (tick % 2 === 0) sink.release(tick);
      });
      sink.release(payloads.length);
      assert.equal(sink.position, expected.length);
      sink.close();
      assert.deepEqual(readFileSync(path), expected);
    }),
    { seed: 20261121, numRuns: 200 },
  );
});

test("[G10] content of somebody else, a file cut or gone, a folder in the way: one coded error each", (context) => {
  const folder = projectFolder(context);
  const path = join(folder, "o.jsonl");
  const whole = undisturbed(path, [["a"], ["b"]]);
  const rewrite = (position: number): void => {
    const sink = open(path, position);
    sink.offer(0, [publish("score", '"a"')]);
    sink.offer(1, [publish("score", '"b"')]);
    sink.release(1);
    sink.close();
  };
  rewrite(0);
  assert.deepEqual(readFileSync(path), whole);
  const changed = Buffer.from(whole);
  changed[whole.length - 5] = 0x21;
  writeFileSync(path, changed);
  assert.throws(() => rewrite(0), {
    code: "WE_OUTPUT_FOREIGN",
    message: new RegExp(`at byte ${whole.length - 5}:`),
  });
  assert.deepEqual(readFileSync(path), changed, "nothing was overwritten");
  writeFileSync(path, "");
  appendFileSync(path, "x");
  assert.throws(() => rewrite(0), { code: "WE_OUTPUT_FOREIGN" });
  truncateSync(path, 0);
  assert.throws(() => open(path, 10), { code: "WE_OUTPUT_SHORT" });
  mkdirSync(join(folder, "in-the-way"));
  assert.throws(() => open(join(folder, "in-the-way")), { code: "WE_OUTPUT_OPEN" });
  assert.throws(() => open(join(path, "below-a-file")), { code: "WE_OUTPUT_OPEN" });
});

test("[G10] a new run replaces what a run wrote, and nothing else", (context) => {
  const folder = projectFolder(context, { "notes.txt": "mine", "empty.jsonl": "", "in/x.jsonl": "" });
  const own = join(folder, "own.jsonl");
  undisturbed(own, [["a"]]);
  const outputs = (names: readonly string[]): { topic: string; path: string }[] =>
    names.map((name) => ({ topic: "t", path: join(folder, name) }));
  const refused = outputs(["own.jsonl", "notes.txt"]);
  assert.throws(() => clearOutputs(refused), { code: "WE_OUTPUT_FOREIGN", message: /notes\.txt/ });
  assert.ok(existsSync(own), "nothing is removed where one is refused");
  assert.throws(() => clearOutputs(outputs(["in"])), { code: "WE_OUTPUT_OPEN" });
  clearOutputs(outputs(["own.jsonl", "empty.jsonl", "none.jsonl"]));
  assert.ok(!existsSync(own));
});

test("sync and close may be repeated", (context) => {
  const sink = open(join(projectFolder(context), "o.jsonl"));
  sink.offer(0, [publish("score", "1")]);
  sink.release(0);
  sink.sync();
  sink.sync();
  sink.close();
  sink.close();
  assert.ok(sink.position > 0);
});
