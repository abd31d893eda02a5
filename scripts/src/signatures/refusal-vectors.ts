/** Modules and signatures that verification refuses: changed, cut, reordered, padded, oversized, forged. */

import type { VerificationVector } from "./signature-vectors.js";
import {
  HEADER,
  bytes,
  customSection,
  delimiter,
  hashesOf,
  leb,
  listOf,
  malleated,
  messageOf,
  moduleOf,
  payloadOf,
  recordOf,
  signatureOf,
  signedRecord,
  sized,
} from "./signed-bytes.js";
import type { VectorKey } from "./signed-bytes.js";

type Row = readonly [name: string, code: string, module: Buffer];

const none = Buffer.alloc(0);
const body = customSection("t", "2a");
const second = customSection("u", "2b");
const first = bytes(body, delimiter(1));
const whole = hashesOf(body);
const both = hashesOf(first, second);
const malformed = "WE_SIGNATURE_MALFORMED";
const limit = "WE_SIGNATURE_LIMIT";
const invalid = "WE_SIGNATURE_INVALID";

/** The bytes are not the ones that were signed. */
function changed(alice: VectorKey): Row[] {
  const payload = payloadOf(listOf(whole, [signedRecord(alice, whole)]));
  const parts = payloadOf(listOf(both, [signedRecord(alice, both)]));
  const firstAlone = payloadOf(listOf(hashesOf(first), [signedRecord(alice, hashesOf(first))]));
  return [
    ["unsigned", "WE_SIGNATURE_MISSING", bytes(HEADER, body)],
    ["a byte of the module", invalid, moduleOf(payload, customSection("t", "2b"))],
    ["cut off at the delimiter", invalid, moduleOf(parts, first)],
    ["cut off before the delimiter", invalid, moduleOf(parts, body)],
    ["only the first part is signed", invalid, moduleOf(firstAlone, first, second)],
    ["a section more", invalid, moduleOf(payload, body, second)],
    ["a part more", invalid, moduleOf(parts, first, second, delimiter(2))],
    ["a section less", invalid, moduleOf(parts, delimiter(1), second)],
    ["sections in another order", invalid, moduleOf(parts, delimiter(1), body, second)],
    ["a section twice", invalid, moduleOf(payload, body, body)],
    ["a padded section size", invalid, moduleOf(payload, bytes("00 838000 0174 2a"))],
    [
      "another WebAssembly version",
      "WE_MODULE_HEADER",
      bytes("0061736d02000000", moduleOf(payload, body).subarray(8)),
    ],
  ];
}

/** The section stands where it may not, or its frame has another form. */
function misplaced(alice: VectorKey): Row[] {
  const payload = payloadOf(listOf(whole, [signedRecord(alice, whole)]));
  const embedded = customSection("signature", payload);
  const name = sized(Buffer.from("signature"));
  const longName = bytes(Buffer.from([0x89, 0x00]), Buffer.from("signature"));
  const size = leb(name.length + payload.length);
  const padded = bytes(size.subarray(0, -1), Buffer.from([(size.at(-1) ?? 0) | 0x80, 0x00]));
  return [
    ["signature section at the end", malformed, bytes(HEADER, body, embedded)],
    ["two signature sections", malformed, bytes(HEADER, embedded, embedded, body)],
    ["a second one at the end", malformed, bytes(HEADER, embedded, body, embedded)],
    ["padded size of the section", malformed, bytes(HEADER, "00", padded, name, payload, body)],
    ["padded size of its name", malformed, bytes(HEADER, "00", sized(longName, payload), body)],
    ["65 parts", limit, moduleOf(payload, ...Array.from({ length: 65 }, () => delimiter(3)))],
    ["no payload", malformed, moduleOf(none, body)],
  ];
}

/** The payload does not follow the format. */
function badPayloads(alice: VectorKey): Row[] {
  const record = signedRecord(alice, whole);
  const list = listOf(whole, [record]);
  const good = payloadOf(list);
  const hash = whole[0] ?? none;
  const inList = (...parts: readonly (string | Buffer)[]) => payloadOf(bytes(leb(1), hash, ...parts));
  const inRecord = (...parts: readonly (string | Buffer)[]) => inList(leb(1), sized(...parts));
  const rows: readonly (readonly [string, string, Buffer])[] = [
    ["version 2", malformed, bytes("02", good.subarray(1))],
    ["content type 2", malformed, bytes("0102", good.subarray(2))],
    ["hash function 2", malformed, bytes("010102", good.subarray(3))],
    ["no lists", "WE_SIGNATURE_MISSING", payloadOf()],
    ["cut off", malformed, good.subarray(0, -1)],
    ["a byte more", malformed, bytes(good, "00")],
    ["a byte more in a list", malformed, payloadOf(bytes(list, "00"))],
    ["a byte more in a signature", malformed, inRecord(record, "00")],
    ["padded count of lists", malformed, bytes("010101 8100", sized(list))],
    ["padded size of a list", malformed, bytes("010101 01", padded(list.length), list)],
    ["padded count of hashes", malformed, payloadOf(bytes("8100", list.subarray(1)))],
    ["padded size of a signature", malformed, inList(leb(1), padded(record.length), record)],
    ["padded size of the key id", malformed, inRecord("8c00", record.subarray(1))],
    ["a count beyond 32 bits", malformed, bytes("010101 ffffffff7f")],
    ["65 lists", limit, bytes("010101 41")],
    ["65 hashes", limit, payloadOf(bytes("41"))],
    ["257 signatures", limit, inList("8102")],
    ["a key id of 256 bytes", limit, inRecord("8002 01")],
    ["4294967295 lists", limit, bytes("010101 ffffffff0f")],
    ["no hashes", malformed, payloadOf(bytes("00 00"))],
    ["two lists of the same hashes", malformed, payloadOf(list, listOf(whole, []))],
    ["the same signature twice", malformed, payloadOf(listOf(whole, [record, record]))],
    ["a signature of 63 bytes", malformed, inRecord(recordOf(none, Buffer.alloc(63)))],
    ["a hash that is cut off", malformed, payloadOf(bytes("01", hash.subarray(1)))],
  ];
  return rows.map(([name, code, payload]): Row => [name, code, moduleOf(payload, body)]);
}

function padded(value: number): Buffer {
  const minimal = leb(value);
  return bytes(minimal.subarray(0, -1), Buffer.from([(minimal.at(-1) ?? 0) | 0x80, 0x00]));
}

/** The format is followed, the signature is not one of a trusted key. */
function forged(alice: VectorKey, bob: VectorKey): Row[] {
  const signature = signatureOf(alice, messageOf(whole));
  const withRecord = (record: Buffer): Buffer => moduleOf(payloadOf(listOf(whole, [record])), body);
  const twisted = bytes(
    signature.subarray(0, 31),
    Buffer.from([(signature[31] ?? 0) ^ 0x80]),
    signature.subarray(32),
  );
  return [
    ["signed by nobody", "WE_SIGNATURE_UNTRUSTED", moduleOf(payloadOf(listOf(whole, [])), body)],
    ["signed by another", "WE_SIGNATURE_UNTRUSTED", withRecord(signedRecord(bob, whole))],
    ["signed by another without name", "WE_SIGNATURE_UNTRUSTED", withRecord(signedRecord(bob, whole, none))],
    ["signed by another under the name", invalid, withRecord(signedRecord(bob, whole, alice.keyId))],
    ["under the name of another", invalid, withRecord(signedRecord(alice, whole, bob.keyId))],
    ["under no key's name", invalid, withRecord(signedRecord(alice, whole, Buffer.from("alice")))],
    ["S + L instead of S", invalid, withRecord(recordOf(alice.keyId, malleated(signature)))],
    ["S + L without name", "WE_SIGNATURE_UNTRUSTED", withRecord(recordOf(none, malleated(signature)))],
    ["R with another sign", invalid, withRecord(recordOf(alice.keyId, twisted))],
    ["of zeros", invalid, withRecord(recordOf(alice.keyId, Buffer.alloc(64)))],
    ["over the hash alone", invalid, withRecord(recordOf(alice.keyId, signatureOf(alice, whole[0] ?? none)))],
    ["of an unknown algorithm", "WE_SIGNATURE_UNTRUSTED", withRecord(recordOf(alice.keyId, signature, 2))],
    [
      "a wrong one beside a good one",
      invalid,
      moduleOf(
        payloadOf(
          listOf(whole, [
            signedRecord(alice, whole, none),
            recordOf(alice.keyId, signatureOf(alice, messageOf(both))),
          ]),
        ),
        body,
      ),
    ],
  ];
}

export function refusalVectors(alice: VectorKey, bob: VectorKey): VerificationVector[] {
  const rows = [...changed(alice), ...misplaced(alice), ...badPayloads(alice), ...forged(alice, bob)];
  const embedded = rows.map(([name, code, module]) => ({ name, module, trusted: ["alice"], code }));
  const payload = payloadOf(listOf(whole, [signedRecord(alice, whole)]));
  const unsigned = bytes(HEADER, body);
  const trusted = ["alice"];
  return [
    ...embedded,
    {
      name: "nobody is trusted",
      module: moduleOf(payload, body),
      trusted: [],
      code: "WE_SIGNATURE_UNTRUSTED",
    },
    {
      name: "a trusted key of small order",
      module: moduleOf(payload, body),
      trusted: ["alice", "00".repeat(32)],
      code: "WE_SIGNATURE_KEY",
    },
    {
      name: "detached beside an embedded one",
      module: moduleOf(payload, body),
      signature: payload,
      trusted,
      code: malformed,
    },
    {
      name: "detached, of another module",
      module: bytes(HEADER, second),
      signature: payload,
      trusted,
      code: invalid,
    },
    {
      name: "detached, a byte more",
      module: unsigned,
      signature: bytes(payload, "00"),
      trusted,
      code: malformed,
    },
  ];
}
