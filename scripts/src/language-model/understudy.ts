/** The folder of the model that is shipped, `assets/models/understudy`, made of what its training leaves. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeLlamaModel } from "./llama-model.js";
import type { TrainedModel } from "./trained-model.js";

export const understudyFolder: string = join(
  fileURLToPath(new URL("../../..", import.meta.url)),
  "assets/models/understudy",
);

/** Files of the folder by path, besides its card and its recipe. */
export function understudyFiles(trained: TrainedModel): ReadonlyMap<string, Uint8Array> {
  const { sizes, weights, tokenizer } = trained;
  const source = { sizes, weights, metadata: { license: "Apache-2.0", training: "build/train.py" } };
  const json = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
  return new Map([
    ["config.json", json(configOf(trained))],
    ["generation_config.json", json({ bos_token_id: 0, eos_token_id: 1 })],
    ["tokenizer.json", json(JSON.parse(tokenizer))],
    ["tokenizer_config.json", json(tokenizerConfig(sizes.context))],
    ["onnx/model.onnx", writeLlamaModel({ ...source, format: "fp32" })],
    ["onnx/model_q4.onnx", writeLlamaModel({ ...source, format: "q4" })],
  ]);
}

function configOf({ sizes }: TrainedModel): object {
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_act: "silu",
    vocab_size: sizes.vocabulary,
    hidden_size: sizes.hidden,
    intermediate_size: sizes.inner,
    num_hidden_layers: sizes.layers,
    num_attention_heads: sizes.heads,
    num_key_value_heads: sizes.sharedHeads,
    head_dim: sizes.headSize,
    max_position_embeddings: sizes.context,
    rms_norm_eps: sizes.normEpsilon,
    rope_theta: sizes.ropeTheta,
    tie_word_embeddings: true,
    bos_token_id: 0,
    eos_token_id: 1,
  };
}

/**
 * A chat as a scene. The system message names who speaks next, `JULIET` or `You are JULIET, …`. Every other message is
 * a speech: `ROMEO: …`, or text whose speaker is its role; `user` and `assistant` are two gentlemen. An empty line
 * separates speeches within a message.
 */
const chatTemplate = [
  "{{ bos_token }}{% set scene = namespace(next='Second Gentleman') %}",
  "{% for message in messages %}{% set text = message.content | trim %}{% if message.role == 'system' %}",
  "{% set name = text.split('You are ')[-1].split('\\n')[0].split(',')[0].split('.')[0] | trim %}",
  "{% if name != '' %}{% set scene.next = name %}{% endif %}{% endif %}{% endfor %}",
  "{% for message in messages %}{% if message.role != 'system' %}{% set text = message.content | trim %}",
  "{% set head = text.split(':')[0] %}",
  "{% if ':' in text and head | length <= 24 and '\\n' not in head %}",
  "{% set name = head %}{% set speech = text[head | length + 1:] | trim %}{% else %}",
  "{% set name = 'First Gentleman' if message.role == 'user' else ",
  "scene.next if message.role == 'assistant' else message.role %}{% set speech = text %}{% endif %}",
  "{{ name + ':\\n' + speech.replace('\\n\\n', eos_token) + eos_token }}",
  "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ scene.next + ':\\n' }}{% endif %}",
].join("");

function tokenizerConfig(context: number): object {
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    bos_token: "<s>",
    eos_token: "</s>",
    clean_up_tokenization_spaces: false,
    model_max_length: context,
    chat_template: chatTemplate,
  };
}
