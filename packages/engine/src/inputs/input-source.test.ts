import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { EngineError, decodeUtf8 } from "@wasm-engine/abi";
import type { Genesis } from "@wasm-engine/core";
import { sha256Hex } from "../crypto/node-crypto.js";
import { projectFolder } from "../testing/project.js";
import { parseTime } from "../time/virtual-time.js";
import type { InputSourceSpec, SourceInput } from "../world/contract.js";
import { scanInput } from "./input-scan.js";
import { openInputSource } from "./input-source.js";
import { StreamInputSource } from "./stream-input-source.js";

const epoch = "2001-01-01T00:00:00Z";
/** What sources read of a genesis: the clock and the ids. */
const genesis = {
  epochNanos: parseTime(epoch),
  tickNanos: 600_000_000_000n,
  agents: [{ id: "ORD" }, { id: "LAS" }],
} as unknown as Genesis;

function spec(
  context: TestContext,
  content: string | Uint8Array,
  extra: Partial<InputSourceSpec> & { name?: string } = {},
): InputSourceSpec {
  const { name = "in.csv", ...rest } = extra;
  const directory = projectFolder(context, { [name]: content });
  const format = name.includes("csv") ? "csv" : "jsonl";
  return { path: join(directory, name), format, topic: "t", ...rest };
}

/** Delivered records as short text: tick it was taken at, receiver or topic, payload. */
function drain(input: InputSourceSpec, from = 0): string[] {
  const source = openInputSource(input, genesis);
  if (from > 0) source.seek(from);
  const lines: string[] = [];
  for (let tick = source.peekTick(); tick !== undefined; tick = source.peekTick()) {
    for (const taken of source.take(tick)) lines.push(`${tick} #${taken.record} ${shown(taken)}`);
  }
  assert.ok(source.done);
  source.close();
  return lines;
}

function shown({ body, key }: SourceInput): string {
  assert.ok(body.kind === "message" || body.kind === "publish");
  const to = body.kind === "message" ? `${body.to}/` : "";
  return `${to}${body.topic} ${decodeUtf8(body.payload)}${key === undefined ? "" : ` key=${key}`}`;
}

test("CSV: time to tick, receiver and topic from templates, chosen and renamed fields, key", (context) => {
  const text = `id,date,origin,delay\n7,2001-01-01 00:09:59,ORD,5\n8,2001-01-01T00:10:00Z,LAS,-2.50\n`;
  const input = spec(context, text, {
    at: "date",
    to: "{origin}",
    topic: "flight.{origin}",
    fields: [
      { name: "minutes", field: "delay", type: "auto" },
      { name: "code", field: "id", type: "text" },
    ],
    key: "f{id}",
  });
  assert.deepEqual(drain(input), [
    '0 #0 ORD/flight.ORD {"minutes":5,"code":"7"} key=f7',
    '1 #1 LAS/flight.LAS {"minutes":-2.5,"code":"8"} key=f8',
  ]);
});

test("records enter by tick, then in the order of the file; numbers of records are those of delivery", (context) => {
  const text = "tick,n\n5,a\n1,b\n5,c\n0,d\n1,e\n";
  const input = spec(context, text, { at: "tick", fields: [{ name: "n", field: "n", type: "auto" }] });
  const order = [
    '0 #0 t {"n":"d"}',
    '1 #1 t {"n":"b"}',
    '1 #2 t {"n":"e"}',
    '5 #3 t {"n":"a"}',
    '5 #4 t {"n":"c"}',
  ];
  assert.deepEqual(drain(input), order);
  for (const from of [1, 2, 3, 4, 5]) assert.deepEqual(drain(input, from), order.slice(from), `from ${from}`);
});

test("without `at`, record n is due at tick n, and all that is due is taken", (context) => {
  const input = spec(context, '{"a":1}\n\n {"b":2} \n[3]\n', { name: "in.jsonl" });
  assert.deepEqual(drain(input), ['0 #0 t {"a":1}', '1 #1 t {"b":2}', "2 #2 t [3]"]);
  const source = openInputSource(input, genesis);
  assert.equal(source.take(1).length, 2);
  assert.equal(source.peekTick(), 2);
  assert.ok(!source.done);
});

test("JSON Lines: a whole record passes byte for byte, epoch milliseconds, times with zones", (context) => {
  const records = [
    `{"at":978307200000,"big":12345678901234567890, "x" : 1.50}`,
    `{"at":"2001-01-01T02:20:00+02:00","nested":{"a":[1]}}`,
    `{"at":978308399999.5}`,
  ];
  const input = spec(context, records.join("\r\n"), { name: "in.ndjson", at: "at" });
  assert.deepEqual(drain(input), [`0 #0 t ${records[0]}`, `1 #1 t ${records[2]}`, `2 #2 t ${records[1]}`]);
});

test("JSON Lines: chosen fields keep their JSON values", (context) => {
  const fields = ["a", "b", "c"].map((name) => ({ name, field: name, type: "auto" }) as const);
  const input = spec(context, '{"c":{"x":[null]},"b":null,"a":"1","d":4}', { name: "in.jsonl", fields });
  assert.deepEqual(drain(input), ['0 #0 t {"a":"1","b":null,"c":{"x":[null]}}']);
});

test("gz is unpacked", (context) => {
  const input = spec(context, gzipSync("tick,n\n3,x\n"), { name: "in.csv.gz", at: "tick" });
  assert.deepEqual(drain(input), ['3 #0 t {"tick":3,"n":"x"}']);
});

test("files larger than a chunk arrive whole, packed and unpacked", (context) => {
  const lines = Array.from(
    { length: 40_000 },
    (_, index) => `${index},${sha256Hex(Buffer.from(`${index}`))}`,
  );
  const text = `tick,n\n${lines.join("\n")}\n`;
  const expected = lines.map((line, index) => {
    const [tick, n] = line.split(",");
    return `${index} #${index} t {"tick":${tick},"n":"x${n}"}`;
  });
  const filled = text.replaceAll(/^(\d+),/gm, "$1,x");
  const plain = spec(context, filled, { at: "tick" });
  assert.deepEqual(drain(plain), expected);
  assert.deepEqual(drain(plain, 39_990), expected.slice(39_990));
  assert.deepEqual(drain(spec(context, gzipSync(filled), { name: "in.csv.gz", at: "tick" })), expected);
});

test("[G10] a bad record gets one coded error that names file and line", (context) => {
  const cases: readonly (readonly [string, Partial<InputSourceSpec>, string, RegExp])[] = [
    [
      "d,o\n2000-12-31,ORD\n",
      { at: "d" },
      "WE_INPUT_TIME",
      /in\.csv:2: field "d" must be a time at or after the epoch/,
    ],
    [
      "d,o\n2001-01-01,x\nsoon,ORD\n",
      { at: "d" },
      "WE_INPUT_TIME",
      /in\.csv:3: field "d" must be a time, got "soon"/,
    ],
    ["d,o\n2001/01/01,x\n", { at: "d" }, "WE_INPUT_TIME", /in\.csv:2/],
    ["tick\n-1\n", { at: "tick" }, "WE_INPUT_TIME", /in\.csv:2: field "tick" must be a tick/],
    ["tick\n1.5\n", { at: "tick" }, "WE_INPUT_TIME", /in\.csv:2/],
    ["d\n2001-01-01\n", { at: "d", atUnit: "tick" }, "WE_INPUT_TIME", /a tick/],
    ["d,o\n1,2\n", { at: "date" }, "WE_INPUT_FIELD", /in\.csv:2: the record has no field "date"/],
    [
      "d,o\n1,O RD\n",
      { to: "{o}" },
      "WE_INPUT_RECEIVER",
      /in\.csv:2: the receiver must be an agent id, got O RD/,
    ],
    ["d,o\n1,\n", { topic: "{o}" }, "WE_INPUT_TOPIC", /in\.csv:2/],
    [
      "d,o\n1,x\n",
      { fields: [{ name: "d", field: "o", type: "number" }] },
      "WE_INPUT_VALUE",
      /in\.csv:2: field "o"/,
    ],
  ];
  for (const [text, extra, code, message] of cases) {
    assert.throws(() => openInputSource(spec(context, text, extra), genesis), { code, message }, text);
  }
  const fields = [{ name: "a", field: "a", type: "auto" }] as const;
  const lines: readonly (readonly [string, string])[] = [
    ['{"a":1}\n{"a":\n', "WE_INPUT_SYNTAX"],
    ['{"a":9007199254740993}', "WE_INPUT_VALUE"],
    ['{"b":1}', "WE_INPUT_FIELD"],
    ['{"constructor":1}', "WE_INPUT_FIELD"],
    [`{"a":"${"x".repeat(1_048_540)}"}`, "WE_INPUT_RECORD_SIZE"],
  ];
  for (const [text, code] of lines) {
    assert.throws(
      () => openInputSource(spec(context, text, { name: "x.jsonl", fields }), genesis),
      { code },
      text.slice(0, 40),
    );
  }
});

test("[G10] files that cannot be read: missing, a folder, cut gz", (context) => {
  const folder = projectFolder(context, { "cut.csv.gz": gzipSync("a,b\n1,2\n").subarray(0, 15) });
  const open =
    (name: string): (() => unknown) =>
    () =>
      openInputSource({ path: join(folder, name), format: "csv", topic: "t" }, genesis);
  assert.throws(open("none.csv"), { code: "WE_INPUT_READ" });
  assert.throws(open("."), { code: "WE_INPUT_READ", message: /folder/ });
  assert.throws(open("cut.csv.gz"), { code: "WE_INPUT_COMPRESSION" });
});

test("[G10] a file that changed since the run began is refused, an unchanged one is not", (context) => {
  const input = spec(context, "tick\n1\n", { at: "tick" });
  const { sha256, recordCount, lastTick } = scanInput(input, genesis, false);
  assert.deepEqual([recordCount, lastTick], [1, 1]);
  assert.equal(drain({ ...input, sha256 }).length, 1);
  writeFileSync(input.path, "tick\n2\n");
  assert.throws(() => openInputSource({ ...input, sha256 }, genesis), { code: "WE_INPUT_CHANGED" });
});

test("receivers that the genesis does not know are counted, not refused", (context) => {
  const input = spec(context, "tick,o\n1,ORD\n2,ZZZ\n3,YYY\n", { at: "tick", to: "{o}" });
  assert.equal(scanInput(input, genesis, false).strangerCount, 2);
  assert.equal(drain(input).length, 3);
});

test("a stream delivers in the order of arrival and holds records back until their tick", () => {
  const source = new StreamInputSource({ path: "-", format: "jsonl", topic: "t", at: "tick" }, genesis);
  assert.equal(source.peekTick(), undefined);
  source.push(Buffer.from('{"tick":4}\n{"ti'));
  assert.equal(source.peekTick(), 4);
  assert.deepEqual(source.take(3), []);
  source.push(Buffer.from('ck":2}\n'));
  assert.deepEqual(source.take(4).map(shown), ['t {"tick":4}', 't {"tick":2}']);
  source.push(Buffer.from('{"tick":9}'));
  assert.ok(!source.done);
  source.end();
  assert.deepEqual(
    source.take(9).map(({ record }) => record),
    [2],
  );
  assert.ok(source.done);
});

test("[G10] a bad record in a stream is reported after the good ones before it", () => {
  const source = new StreamInputSource({ path: "-", format: "jsonl", topic: "t" }, genesis);
  source.seek(7);
  source.push(Buffer.from("1\n2\nx\n3\n"));
  assert.deepEqual(
    source.take(0).map(({ record }) => record),
    [7, 8],
  );
  assert.ok(!source.done);
  assert.throws(
    () => source.peekTick(),
    (error) =>
      EngineError.is(error) && error.code === "WE_INPUT_SYNTAX" && error.message.startsWith("<stdin>:3: "),
  );
});
