import assert from "node:assert/strict";
import { test } from "node:test";
import { beginToken, byteTokenizer, endToken } from "../testing/sample-decoder.js";
import { StopStrings } from "./stop-strings.js";
import { formatTime } from "./time-format.js";
import { TokenStream } from "./token-stream.js";
import { readTokenizer } from "./tokenizer.js";
import type { Tokenizer } from "./tokenizer.js";

const bytes = readTokenizer("bytes", { tokenizer: JSON.stringify(byteTokenizer()) });

/** A vocabulary in the manner of SentencePiece: spaces are `▁`, unknown characters bytes. */
function pieces(decoders: readonly object[]): Tokenizer {
  const vocab = ["<unk>", "<s>", "▁", "▁tea", "t", "e", "a", "<0xE2>", "<0x82>", "<0xAC>", "<0x0A>", "▁te"];
  const tokenizer = {
    version: "1.0",
    added_tokens: [{ id: 1, content: "<s>", special: true }],
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: "Sequence", decoders },
    model: {
      type: "BPE",
      unk_token: "<unk>",
      byte_fallback: true,
      vocab: Object.fromEntries(vocab.map((piece, id) => [piece, id])),
      merges: ["▁ t", "▁t e", "▁te a"],
    },
  };
  return readTokenizer("pieces", { tokenizer: JSON.stringify(tokenizer) });
}

const usual = [
  { type: "Replace", pattern: { String: "▁" }, content: " " },
  { type: "ByteFallback" },
  { type: "Fuse" },
  { type: "Strip", content: " ", start: 1, stop: 0 },
];

function streamed(tokenizer: Tokenizer, ids: readonly number[]): string[] {
  const stream = new TokenStream(tokenizer);
  return [...ids.map((id) => stream.push(id)), stream.end()];
}

test("byte-level text goes to tokens and back, with merges and without special tokens", () => {
  for (const text of ["the hen", "naïve €5 🫖\n\ttea", "", "\u0000\u007f\u00ad\u00ff", " \ufeff"])
    assert.equal(bytes.decode(bytes.encode(text)), text);
  assert.deepEqual(bytes.encode("thehe"), [257, 256]);
  assert.equal(bytes.decode([beginToken, ...bytes.encode("he"), endToken, 9999]), "he");
  assert.deepEqual(
    bytes.encode("<begin>he"),
    [beginToken, 256],
    "special tokens are read where they are written",
  );
  assert.equal(bytes.idOf("<end>"), endToken);
});

test("pieces of a stream end between characters, and together they are the text", () => {
  const ids = bytes.encode("a€🫖b");
  assert.deepEqual(streamed(bytes, ids), ["a", "", "", "€", "", "", "", "🫖", "b", ""]);
  assert.deepEqual(streamed(bytes, ids.slice(0, 3)), ["a", "", "", "\ufffd"], "begun and not ended");
  assert.deepEqual(streamed(bytes, [0xe2, 0x41]), ["", "\ufffdA", ""]);
  for (let seed = 1; seed < 200; seed += 1) {
    const random = Array.from(
      { length: 40 },
      (_, index) => (Math.imul(seed, 2654435761) >>> (index % 24)) & 255,
    );
    const whole = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(random));
    assert.equal(streamed(bytes, random).join(""), whole, `seed ${seed}`);
  }
});

test("pieces with spaces before words: the first space is dropped, bytes make characters", () => {
  const tokenizer = pieces(usual);
  assert.deepEqual(tokenizer.encode("tea"), [3]);
  assert.equal(tokenizer.decode([1, 3, 3]), "tea tea");
  assert.deepEqual(streamed(tokenizer, [1, 3, 7, 8, 9, 10, 11]), ["", "tea", "", "", "€", "\n", " te", ""]);
  assert.equal(tokenizer.decode(tokenizer.encode("tea€ tea")), "tea€ tea");
  assert.equal(
    pieces(usual.slice(0, 3)).decode([3]),
    " tea",
    "nothing is stripped unless the decoder says so",
  );
  assert.equal(pieces([{ type: "Metaspace", replacement: "▁" }]).decode([3, 11]), "tea te");
});

test("stop strings end a text before the first of them, wherever pieces are cut", () => {
  const text = "one two END three";
  for (let size = 1; size < text.length; size += 1) {
    const stops = new StopStrings(["END", "three", " two END of"]);
    let shown = "";
    for (let place = 0; place < text.length; place += size) {
      const { text: piece, stopped } = stops.push(text.slice(place, place + size));
      shown += piece;
      if (stopped) break;
    }
    assert.equal(shown, "one two ", `in pieces of ${size}`);
  }
  const stops = new StopStrings(["abc"]);
  assert.deepEqual(stops.push("xab"), { text: "x", stopped: false });
  assert.deepEqual(stops.push("ab"), { text: "ab", stopped: false });
  assert.equal(stops.end(), "ab");
  assert.equal(stops.end(), "");
});

test("times are told in English and UTC, whatever the machine's own", () => {
  const time = Date.UTC(2024, 6, 6, 15, 4, 9);
  assert.equal(formatTime(time, "%A %d %B %Y, %H:%M:%S %% %q"), "Saturday 06 July 2024, 15:04:09 % %q");
  assert.equal(formatTime(time, "%a %-d %b %y %I %p %m%e"), "Sat 6 Jul 24 03 PM 07 6");
});

test("[G10] files that are no tokenizer say what is wrong with them", () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["{", /tokenizer\.json is no JSON object/],
    ["[]", /it is something else/],
    ["{}", /it has no decoder/],
    [JSON.stringify({ decoder: { type: "WordPiece" } }), /its decoder has the step "WordPiece"/],
    [
      JSON.stringify({ decoder: { type: "Replace", pattern: { Regex: "x" }, content: "" } }),
      /its decoder replaces by a pattern/,
    ],
    [
      JSON.stringify({ decoder: { type: "Strip", content: "_", start: 1, stop: 0 } }),
      /strips other than leading spaces/,
    ],
    [
      JSON.stringify({ decoder: { type: "ByteLevel" }, model: { type: "Nothing" } }),
      /the library refuses it/,
    ],
  ];
  for (const [tokenizer, message] of refused)
    assert.throws(() => readTokenizer("m", { tokenizer }), { code: "WE_TEXT_TOKENIZER", message });
  const tokenizer = JSON.stringify(byteTokenizer());
  assert.throws(() => readTokenizer("m", { tokenizer, config: "no" }), { code: "WE_TEXT_TOKENIZER" });
  assert.throws(() => readTokenizer("m", { tokenizer, chatTemplate: "{% if %}" }), {
    code: "WE_TEXT_TEMPLATE",
  });
});
