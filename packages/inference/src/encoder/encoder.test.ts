/** Texts to vectors and classes: right against a plain computation, and the same bits however they are asked. */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ModelFacts, ModelSpec, TensorResponse } from "@wasm-engine/core";
import { SeededNumbers } from "../batch/seeded-numbers.js";
import { nativeRuntime } from "../runtime/native-runtime.js";
import { createInferenceService } from "../service/inference-service.js";
import {
  encoderContext,
  encoderFolder,
  idsOf,
  plainEncoder,
  plainScores,
  sampleEncoder,
} from "../testing/sample-encoder.js";
import type { EncoderKind } from "../testing/sample-encoder.js";
import { answerJson, answerText, floatBlock, jsonRequest, tensorRequest } from "../testing/sample-models.js";
import type { ModelFolder } from "../testing/sample-models.js";
import { paddedWidth } from "./encoder.js";

const native = fileURLToPath(new URL("../../../../.wasm-engine/native", import.meta.url));
const providers: ModelSpec["providers"] =
  typeof nativeRuntime([native]) === "string" ? ["wasm"] : ["wasm", "cpu"];

interface Opened {
  readonly facts: ModelFacts;
  readonly ask: (...bodies: readonly unknown[]) => Promise<readonly TensorResponse[]>;
}

async function withEncoder(
  folder: ModelFolder,
  use: (opened: Opened) => Promise<void>,
  provider: ModelSpec["providers"][number] = "wasm",
): Promise<void> {
  const service = createInferenceService({ nativeFrom: [native], strict: true });
  try {
    const facts = await service.load({ name: "m", dir: folder.path, providers: [provider] });
    await use({
      facts,
      ask: async (...bodies) => (await service.run("m", bodies.map(jsonRequest))).responses,
    });
  } finally {
    await service.close();
    folder[Symbol.dispose]();
  }
}

const embeddingsOf = (response: TensorResponse | undefined): readonly (readonly number[])[] =>
  (answerJson(response) as { embeddings: number[][] }).embeddings; // contract of the answer

function closeTo(actual: readonly number[] | undefined, expected: readonly number[]): void {
  assert.equal(actual?.length, expected.length);
  actual.forEach((value, index) => {
    const wanted = expected[index] ?? NaN;
    assert.ok(Math.abs(value - wanted) < 2e-5 * Math.max(1, Math.abs(wanted)), `${value} is not ${wanted}`);
  });
}

const mean = (vectors: readonly (readonly number[])[]): number[] =>
  (vectors[0] ?? []).map(
    (_, index) => vectors.reduce((sum, vector) => sum + (vector[index] ?? 0), 0) / vectors.length,
  );

const unit = (vector: readonly number[]): number[] => {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / length);
};

const tea = plainEncoder(idsOf("the", "tea", "is", "warm", "##er"));
const night = plainEncoder(idsOf("night", "and", "day"));

for (const provider of providers) {
  test(`vectors are those of a plain computation, on ${provider}`, async () => {
    await withEncoder(
      encoderFolder(sampleEncoder("plain")),
      async ({ ask }) => {
        const [one] = await ask({ input: ["The tea is warmer", "Night and day"] });
        const [warm, dark] = embeddingsOf(one);
        closeTo(warm, unit(mean(tea)));
        closeTo(dark, unit(mean(night)));
        assert.equal((answerJson(one) as { promptTokens: number }).promptTokens, 12);
        const [cls, last, plain, cut] = await ask(
          { input: "the tea is warmer", pooling: "cls" },
          { input: ["the tea is warmer"], pooling: "last", normalize: false },
          { input: "the tea is warmer", normalize: false },
          { input: idsOf("night", "and", "day"), dimensions: 4 },
        );
        closeTo(embeddingsOf(cls)[0], unit(tea[0] ?? []));
        closeTo(embeddingsOf(last)[0], tea.at(-1) ?? []);
        closeTo(embeddingsOf(plain)[0], mean(tea));
        closeTo(embeddingsOf(cut)[0], unit(mean(night).slice(0, 4)));
      },
      provider,
    );
  });
}

test("classes with their names, as shares of one or of each", async () => {
  const scores = plainScores(idsOf("the", "water", "is", "cold"));
  const powers = scores.map(Math.exp);
  const sum = powers.reduce((total, power) => total + power, 0);
  interface Result {
    readonly results: readonly { label: string; score: number; scores: Record<string, number> }[];
  }
  const named = (response: TensorResponse | undefined): Result["results"][number] | undefined =>
    (answerJson(response) as Result).results[0]; // contract of the answer
  await withEncoder(encoderFolder(sampleEncoder("classes")), async ({ ask }) => {
    const [answer, refused] = await ask({ input: "the water is cold" }, { input: "tea", pooling: "cls" });
    const result = named(answer);
    closeTo(
      Object.values(result?.scores ?? {}),
      powers.map((power) => power / sum),
    );
    assert.deepEqual(Object.keys(result?.scores ?? {}), ["warm", "cold", "neither"]);
    const best = scores.indexOf(Math.max(...scores));
    assert.equal(result?.label, ["warm", "cold", "neither"][best]);
    assert.match(answerText(refused), /this model gives classes/);
  });
  const config = { vocab_size: 73, max_position_embeddings: 40, problem_type: "multi_label_classification" };
  const folder = encoderFolder(sampleEncoder("classes"), { "config.json": config });
  await withEncoder(folder, async ({ ask }) => {
    const [answer] = await ask({ input: "the water is cold" });
    closeTo(
      Object.values(named(answer)?.scores ?? {}),
      scores.map((score) => 1 / (1 + Math.exp(-score))),
    );
    assert.match(named(answer)?.label ?? "", /^LABEL_[012]$/);
  });
});

/** Texts of many lengths out of words and letters. */
function texts(count: number): readonly string[] {
  const random = new SeededNumbers(12);
  const pool = ["tea", "coffee", "night", "warmer", "xyz", "the", "goodly"];
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + (random.next() % 5) }, () => pool[random.next() % pool.length]).join(" "),
  );
}

for (const provider of providers) {
  for (const kind of ["plain", "scaled", "deaf", "classes"] satisfies readonly EncoderKind[]) {
    if (provider === "cpu" && kind === "classes") continue;
    test(`[G8] no text changes a bit of another's answer: ${kind} on ${provider}`, async () => {
      await withEncoder(
        encoderFolder(sampleEncoder(kind)),
        async ({ ask }) => {
          const asked = texts(24);
          const alone: string[] = [];
          for (const input of asked) alone.push(answerText((await ask({ input }))[0]));
          assert.ok(new Set(alone).size > 20, "texts have vectors of their own");
          const together = await ask(...asked.map((input) => ({ input })));
          assert.deepEqual(together.map(answerText), alone);
          const order = asked.map((_, index) => (index * 7) % asked.length);
          const shuffled = await ask(...order.map((index) => ({ input: asked[index] })));
          assert.deepEqual(
            shuffled.map(answerText),
            order.map((index) => alone[index]),
          );
          if (kind === "classes") return;
          const [list] = await ask({ input: asked });
          const single = (await ask(...asked.map((input) => ({ input })))).map(
            (answer) => embeddingsOf(answer)[0],
          );
          assert.deepEqual(embeddingsOf(list), single);
        },
        provider,
      );
    });
  }
}

test("a model that does not heed its mask gets no padding: its vectors are those of the text alone", async () => {
  const tokens = idsOf("night", "and", "day");
  await withEncoder(encoderFolder(sampleEncoder("deaf")), async ({ ask }) => {
    const [answer] = await ask({ input: "night and day", normalize: false });
    closeTo(embeddingsOf(answer)[0], mean(plainEncoder(tokens)));
  });
  // One of a fixed width cannot be helped: it is right only as far as it heeds its mask.
  await withEncoder(encoderFolder(sampleEncoder("plain", 12)), async ({ ask }) => {
    const [answer, long] = await ask({ input: "night and day" }, { input: "tea ".repeat(20) });
    closeTo(embeddingsOf(answer)[0], unit(mean(plainEncoder(tokens))));
    assert.match(answerText(long), /22 tokens, the model takes 12/);
  });
});

test("what files say is heeded: pooling, no normalisation, the least of the lengths", async () => {
  const files = {
    "1_Pooling/config.json": { word_embedding_dimension: 16, pooling_mode_cls_token: true },
    "modules.json": [{ idx: 0, type: "sentence_transformers.models.Transformer" }],
    "sentence_bert_config.json": { max_seq_length: 6 },
  };
  await withEncoder(encoderFolder(sampleEncoder("plain"), files), async ({ ask }) => {
    const [answer, long, cut] = await ask(
      { input: "night and day" },
      { input: "the tea is warm and good" },
      { input: "the tea is warm and good", truncate: true, pooling: "last" },
    );
    closeTo(embeddingsOf(answer)[0], night[0] ?? []);
    assert.equal(long?.ok === false && long.code, "CONTEXT_LIMIT");
    closeTo(embeddingsOf(cut)[0], plainEncoder(idsOf("the", "tea", "is", "warm")).at(-1) ?? []);
  });
  const odd = encoderFolder(sampleEncoder("plain"), {
    "1_Pooling/config.json": { pooling_mode_max_tokens: true },
  });
  await assert.rejects(
    withEncoder(odd, () => Promise.resolve()),
    { code: "WE_MODEL_UNSUPPORTED", message: /pooling other than mean, cls and lasttoken/ },
  );
});

test("[G10] requests that are none are refused in words and disturb nobody", async () => {
  await withEncoder(encoderFolder(sampleEncoder("plain")), async ({ ask }) => {
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [{ input: 3 }, /input is a text, a list of texts/],
      [{ input: [] }, /0 texts, at least 1/],
      [{ input: ["a", 1] }, /input is a text/],
      [{ input: [[1], []] }, /input is a text/],
      [{ input: [1, 99_999] }, /99999 is no token of this model/],
      [{ input: "a", pooling: "max" }, /pooling is one of mean, cls, last/],
      [{ input: "a", dimensions: 0 }, /whole number from 1/],
      [{ input: "a", normalise: true }, /unknown member "normalise": did you mean "normalize"/],
      [{ input: "tea ".repeat(encoderContext) }, /42 tokens, the model takes 40; ask with truncate/],
    ];
    const responses = await ask(...cases.map(([body]) => body), { input: "tea" });
    cases.forEach(([body, pattern], index) => {
      assert.match(answerText(responses[index]), pattern, JSON.stringify(body));
    });
    assert.equal(responses.at(-1)?.ok, true);
  });
});

test("an encoder is still asked with tensors, and one without a tokenizer with tensors alone", async () => {
  const service = createInferenceService();
  using folder = encoderFolder(sampleEncoder("plain"));
  const facts = await service.load({ name: "m", dir: folder.path, providers: ["wasm"] });
  const ids = { input_ids: [[2, 4, 3]], attention_mask: [[1, 1, 1]], token_type_ids: [[0, 0, 0]] };
  const { responses } = await service.run("m", [jsonRequest(ids), jsonRequest({ input: "tea" })]);
  const [vectors] = answerJson(responses[0]) as number[][][]; // the only output
  closeTo(vectors?.[0], plainEncoder([2, 4, 3])[0] ?? []);
  assert.equal(responses[1]?.ok, true);
  using bare = encoderFolder(sampleEncoder("plain"));
  rmSync(`${bare.path}/tokenizer.json`);
  const other = await service.load({ name: "bare", dir: bare.path, providers: ["wasm"] });
  assert.notEqual(other.fingerprint, facts.fingerprint, "the tokenizer is part of the fingerprint");
  const refused = await service.run("bare", [
    jsonRequest({ input: "tea" }),
    tensorRequest(floatBlock([1, 1], [1])),
  ]);
  assert.match(answerText(refused.responses[0]), /unknown input "input"/);
  await service.close();
});

test("widths grow by a half at most, and end at the context", () => {
  const widths = [1, 8, 9, 12, 13, 17, 25, 33, 200, 500].map((tokens) => paddedWidth(tokens, 512));
  assert.deepEqual(widths, [8, 8, 12, 12, 16, 24, 32, 48, 256, 512]);
  assert.equal(paddedWidth(39, 40), 40);
});
