import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Commit, Input } from "../model.js";
import { headEveryCommits } from "../limits.js";
import { nodeHasher } from "../testing/node-hasher.js";
import { LogImage } from "../testing/log-image.js";
import { sampleCommit, sampleGenesis, sampleInput } from "../testing/sample.js";
import { crc32c } from "./crc32c.js";
import { genesisDigest, nextChainHead } from "./chain.js";
import { readLog, verifyLog } from "./log-verdict.js";
import { encodeSyncedMark, readSyncedMark } from "./synced-mark.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

test("[G10] CRC-32C agrees with the published check values", () => {
  assert.equal(crc32c(ascii("123456789")), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  const whole = ascii("a log record whose CRC is taken in two parts");
  assert.equal(crc32c(whole, crc32c(whole, 0, 0, 7), 7), crc32c(whole));
});

test("[G4] a log reads back as it was written, over several segments", () => {
  const image = LogImage.sample({ ticks: 40, segmentBytes: 600 });
  assert.ok(image.segments.length > 3, "the log has several segments");
  const seenInputs: Input[] = [];
  const seenCommits: Commit[] = [];
  const verdict = readLog(image.segments, {
    hasher: nodeHasher,
    onRecord: (record) => {
      if (record.kind === "input") seenInputs.push(record.input);
      if (record.kind !== "commit") return;
      seenCommits.push(record.commit);
      assert.ok(record.inputs.every((input) => input.tick === record.commit.tick));
    },
  });
  assert.equal(verdict.ok, true);
  assert.equal(verdict.closed, true);
  assert.deepEqual(verdict.genesis, sampleGenesis);
  assert.deepEqual(seenInputs, image.inputs);
  assert.deepEqual(seenCommits, image.commits);
  assert.equal(hex(verdict.state.chainHead), hex(image.chainHead));
  assert.equal(
    verifyLog(image.segments, nodeHasher).ticks,
    45,
    "the closing record says how far the run came",
  );
});

test("[G10] [S14.verify-log] every flipped bit of a closed log is found and the record named", () => {
  const image = LogImage.sample({ ticks: 6, segmentBytes: 900 });
  const places = image.places();
  let flips = 0;
  for (const [segment, { bytes }] of image.segments.entries()) {
    for (let offset = 0; offset < bytes.length; offset += 1) {
      for (let mask = 0x01; mask <= 0x80; mask <<= 1) {
        bytes[offset] = (bytes[offset] ?? 0) ^ mask;
        const report = verifyLog(image.segments, nodeHasher);
        bytes[offset] = (bytes[offset] ?? 0) ^ mask;
        assert.equal(report.ok, false, `segment ${segment} offset ${offset} mask ${mask}`);
        assert.equal(report.damagedAt?.record, places.recordAt(segment, offset), `at ${segment}:${offset}`);
        flips += 1;
      }
    }
  }
  assert.ok(flips > 8000);
  assert.equal(verifyLog(image.segments, nodeHasher).ok, true);
});

test("[G10] records that are swapped, repeated or displaced are found although their bytes are whole", () => {
  const image = LogImage.sample({ ticks: 6, segmentBytes: 1 << 20 });
  const places = image.places();
  const whole = image.segments[0]?.bytes ?? new Uint8Array();
  const [first, second, third] = places.all.filter((place) => place.kind === "commit");
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  const cut = (from: number, to: number): Uint8Array => whole.subarray(from, to);
  const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
  const variants: readonly Uint8Array[] = [
    join(cut(0, first.offset), cut(first.end, whole.length)),
    join(cut(0, first.end), cut(first.offset, whole.length)),
    join(cut(0, second.offset), cut(first.offset, first.end), cut(second.end, whole.length)),
  ];
  for (const bytes of variants) {
    const verdict = readLog([{ index: 0, bytes }], { hasher: nodeHasher, syncedPosition: whole.length });
    assert.equal(verdict.ok, false);
    assert.ok(verdict.damagedAt);
  }
  const other = LogImage.sample({ ticks: 6, segmentBytes: 1 << 20, fuel: 1 });
  const foreign = join(cut(0, third.offset), (other.segments[0]?.bytes ?? whole).subarray(third.offset));
  assert.equal(verifyLog([{ index: 0, bytes: foreign }], nodeHasher).ok, false, "blocks of another history");
});

test("[G3] a torn tail is cut at every length; what was synced stays and what is missing of it is damage", () => {
  const image = LogImage.sample({ ticks: 5, segmentBytes: 1 << 20 });
  const places = image.places();
  const whole = image.segments[0]?.bytes ?? new Uint8Array();
  const genesisEnd = places.all[0]?.end ?? 0;
  for (let length = genesisEnd; length < whole.length; length += 1) {
    const synced = Math.max(genesisEnd, length - 40);
    for (const tail of [0, 1, 9, 200]) {
      const bytes = new Uint8Array(length + tail);
      bytes.set(whole.subarray(0, length));
      const verdict = readLog([{ index: 0, bytes }], { hasher: nodeHasher, syncedPosition: 0 });
      assert.equal(verdict.ok, true, `${length}+${tail}: ${verdict.damagedAt?.reason}`);
      const differs = bytes.findIndex((byte, offset) => byte !== whole[offset]);
      const same = differs === -1 ? bytes.length : differs;
      const end = places.all.findLast((place) => place.end <= same)?.end;
      assert.equal(verdict.end.offset, end, "exactly the whole records remain");
      const strict = readLog([{ index: 0, bytes }], { hasher: nodeHasher, syncedPosition: synced });
      assert.equal(strict.ok, (end ?? 0) >= synced, "acknowledged bytes are never cut");
    }
  }
});

test("[G10] missing, foreign and future segments are refused and never cut", () => {
  const { segments } = LogImage.sample({ ticks: 40, segmentBytes: 600 });
  const read = (given: typeof segments): unknown =>
    readLog(given, { hasher: nodeHasher, syncedPosition: 0 }).damagedAt?.reason;
  assert.match(String(read(segments.filter(({ index }) => index !== 1))), /missing/);
  assert.match(String(read(segments.slice(1))), /missing/);
  assert.match(String(read([])), /no genesis/);
  const foreign = LogImage.sample({ ticks: 40, segmentBytes: 600, seed: 7 }).segments;
  assert.match(
    String(read(segments.map((segment, index) => (index === 1 ? (foreign[1] ?? segment) : segment)))),
    /another run/,
  );
  const last = segments.at(-1);
  assert.ok(last);
  const future = last.bytes.slice();
  future[8] = 2;
  assert.match(
    String(read([...segments.slice(0, -1), { index: last.index, bytes: future }])),
    /version is 2/,
  );
  const middle = segments[1];
  assert.ok(middle);
  const torn = { index: 1, bytes: middle.bytes.slice(0, -1) };
  assert.equal(read(segments.with(1, torn)) === undefined, false, "only the last segment may be torn");
});

test("[G4] a commit without inputs takes at most 64 bytes and a chain head stands after every 1024th", () => {
  const image = new LogImage({ segmentBytes: 1 << 26 });
  const commits = 3 * headEveryCommits;
  for (let tick = 1; tick <= commits * 3; tick += 3) {
    image.commit({ tick, fuel: 50_000_000_000, effectsDigest: new Uint8Array(32).fill(9) });
  }
  const sizes = image.places().all.filter((place) => place.kind === "commit");
  assert.equal(sizes.length, commits);
  assert.ok(sizes.every((place) => place.end - place.offset <= 64));
  const heads = image.places().all.filter((place) => place.kind === "head");
  assert.equal(heads.length, 3);
});

test("[G1] the chain can be recomputed from the log without executing", () => {
  const image = LogImage.sample({ ticks: 12, segmentBytes: 1 << 20 });
  let head = genesisDigest(nodeHasher, sampleGenesis);
  readLog(image.segments, {
    hasher: nodeHasher,
    onRecord: (record) => {
      if (record.kind === "commit") head = nextChainHead(nodeHasher, head, record.commit);
    },
  });
  assert.equal(hex(head), hex(image.chainHead));
});

test("[G3] the synced mark reads back, and torn or foreign ones are ignored", () => {
  const digest = new Uint8Array(32).fill(3);
  const mark = encodeSyncedMark(digest, 2 ** 40 + 5);
  assert.equal(readSyncedMark(mark, digest), 2 ** 40 + 5);
  assert.equal(readSyncedMark(mark, new Uint8Array(32)), undefined);
  assert.equal(readSyncedMark(mark.subarray(0, 20), digest), undefined);
  for (let offset = 0; offset < mark.length; offset += 1) {
    const flipped = mark.slice();
    flipped[offset] = (flipped[offset] ?? 0) ^ 0x10;
    assert.equal(readSyncedMark(flipped, digest), undefined);
  }
});

test("[G10] arbitrary bytes in place of a log give a verdict, never an exception", () => {
  const good = LogImage.sample({ ticks: 4, segmentBytes: 1 << 20 }).segments[0]?.bytes ?? new Uint8Array();
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1 }), (changes) => {
      const bytes = good.slice();
      for (const [offset, value] of changes) bytes[offset] = value;
      const changed = bytes.some((byte, offset) => byte !== good[offset]);
      assert.equal(verifyLog([{ index: 0, bytes }], nodeHasher).ok, !changed);
    }),
    { numRuns: 500 },
  );
  assert.equal(verifyLog([{ index: 0, bytes: new Uint8Array(500) }], nodeHasher).ok, false);
});

test("[G3] inputs that wait for their commit are kept, also where a later tick was logged first", () => {
  const image = new LogImage({ segmentBytes: 1 << 20 });
  image.input(sampleInput(1, 9));
  image.input(sampleInput(2, 3));
  image.commit(sampleCommit(3, image.digestOf(3)));
  image.input(sampleInput(3, 9));
  const verdict = readLog(image.segments, { hasher: nodeHasher });
  assert.equal(verdict.ok, true, verdict.damagedAt?.reason);
  assert.deepEqual(
    verdict.pending.map((input) => input.seq),
    [1, 3],
  );
});
