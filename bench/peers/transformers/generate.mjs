/** Greedy texts by @huggingface/transformers, from a folder in Hugging Face layout that lies on this machine. */

import { basename, dirname } from "node:path";
import { AutoModelForCausalLM, Tensor, env } from "@huggingface/transformers";

/** `dtype` names the file: fp32 is model.onnx, q4 is model_q4.onnx. */
export async function openPeer({ folder, dtype, threads }) {
  env.allowRemoteModels = false;
  env.localModelPath = dirname(folder);
  const model = await AutoModelForCausalLM.from_pretrained(basename(folder), {
    dtype,
    device: "cpu",
    session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
  });
  const rows = (numbers) =>
    new Tensor("int64", BigInt64Array.from(numbers.flat(), BigInt), [numbers.length, numbers[0].length]);
  const batch = async (prompts, tokens) => {
    const width = Math.max(...prompts.map(({ length }) => length));
    // Its own texts are padded on the left, always.
    const fill = (prompt, value) => [...new Array(width - prompt.length).fill(0), ...prompt.map(value)];
    const output = await model.generate({
      input_ids: rows(prompts.map((prompt) => fill(prompt, (id) => id))),
      attention_mask: rows(prompts.map((prompt) => fill(prompt, () => 1))),
      max_new_tokens: tokens,
      min_new_tokens: tokens,
      do_sample: false,
    });
    return output.tolist().map((row) => row.slice(width).map(Number));
  };
  return {
    /** One after the other. */
    inTurn: async (prompts, tokens) => {
      const texts = [];
      for (const prompt of prompts) texts.push((await batch([prompt], tokens))[0]);
      return texts;
    },
    /** All at once, each a call of its own. */
    atOnce: async (prompts, tokens) =>
      (await Promise.all(prompts.map((prompt) => batch([prompt], tokens)))).map(([text]) => text),
    /** One call for all. */
    batch,
    close: () => model.dispose(),
  };
}
