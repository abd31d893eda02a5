/** Coded errors of the ONNX Runtime adapter. Every row becomes a page of the reference. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const INFERENCE_ERRORS = {
  WE_MODEL_FOLDER: {
    message: "Model {model}: {path} holds no model: {reason}",
    hint: "name a folder with model.json and its .onnx file, or one in Hugging Face layout with onnx/model.onnx",
    exitCode: 2,
    explanation:
      "A model is a folder. It holds model.json, which names the .onnx file, or config.json beside onnx/model.onnx " +
      "or model.onnx.",
  },
  WE_MODEL_READ: {
    message: "Model {model}: {path} cannot be read: {cause}",
    hint: "check that the file exists and may be read",
    exitCode: 4,
    explanation: "A file that a model needs is absent, or the operating system refused to read it.",
  },
  WE_MODEL_MANIFEST: {
    message: "Model {model}: {path} is no manifest of a model: {problem}",
    hint: "{advice}",
    exitCode: 2,
    explanation:
      "A model.json has the keys name, version, file and optionally sha256, latencyTicks, inputs, outputs, batch, " +
      "license, trainedBy and description. Anything else is refused, so that a misspelt key never goes unnoticed.",
  },
  WE_MODEL_VERSION: {
    message: "Model {model}: version {expected} was asked for, {path} holds version {actual}",
    hint: "ask for the version that is there, or put the other one into a folder of its own: MODEL/VERSION/model.json",
    exitCode: 2,
    explanation: "A model is loaded by name and version, and the manifest says which version a folder holds.",
  },
  WE_MODEL_DIGEST_MISMATCH: {
    message: "Model {model}: {path} has the digest {actual}; {source} says {expected}",
    hint: "fetch the file again; if the change is wanted, write the new digest",
    exitCode: 3,
    explanation:
      "A pinned digest makes sure that a world asks exactly the model that was meant, byte for byte.",
  },
  WE_MODEL_CHANGED: {
    message: "Model {model}: {path} changed while it was in use: its digest was {expected}, it is {actual}",
    hint: "put the former file back, or load the model again under a new version",
    exitCode: 3,
    explanation:
      "Models that were not used for a while give their memory back and are read again when they are asked. Answers " +
      "of another file under the same name would falsify the run, so the file must still be the same.",
  },
  WE_MODEL_MALFORMED: {
    message: "Model {model}: {path} is no whole ONNX file: {reason}",
    hint: "fetch or export the file again; a download that was cut short looks like this",
    exitCode: 2,
    explanation:
      "The bytes do not read as an ONNX model: the file is truncated, damaged, or of another kind.",
  },
  WE_MODEL_OPSET: {
    message: "Model {model}: {path} needs {needed}; this engine runs {supported}",
    hint: "export the model again with an older operator set, 17 for example",
    exitCode: 2,
    explanation:
      "An ONNX file states which versions of the format and of the operators it was made for. The pinned runtime " +
      "knows them up to a limit; beyond it results are not promised.",
  },
  WE_MODEL_FORMAT: {
    message: "Model {model}: {path} holds {format} weights ({file}) and no ONNX model",
    hint: "convert it: {command}",
    exitCode: 2,
    explanation:
      "Models are run from ONNX files, which hold a graph besides the weights. Files of safetensors, GGUF and " +
      "PyTorch hold weights alone; the exporter of their own libraries, a Python program, makes ONNX of them.",
  },
  WE_MODEL_WEIGHTS: {
    message: "Model {model}: {path} has weights in {name}, {found}",
    hint: "fetch the file into the folder of the .onnx file, under exactly that name",
    exitCode: 4,
    explanation:
      "Large models keep their weights in files beside the .onnx file, which names them. Every one of them must be " +
      "there and be at least as long as the places that the model refers to.",
  },
  WE_MODEL_UNSUPPORTED: {
    message: "Model {model}: {path} cannot be used yet: {reason}",
    hint: "{advice}",
    exitCode: 2,
    explanation:
      "The file is a valid model of a kind that the engine does not run: weights outside of its folder, inputs that " +
      "are no tensors of numbers, or a text generator where a tensor model is expected.",
  },
  WE_MODEL_SHAPE: {
    message: "Model {model}: the manifest declares {declared}, the file has {actual}",
    hint: "correct inputs and outputs in model.json, or leave them out: the file's own are used",
    exitCode: 2,
    explanation:
      "A manifest may state inputs and outputs so that a model of another shape is noticed when it is loaded and " +
      "not in the middle of a run. They must be those of the file.",
  },
  WE_MODEL_NAN: {
    message: "Model {model}: output {output} is NaN in every element, whatever the input",
    hint: "the weights are damaged, or the export went wrong; test the model where it was made",
    exitCode: 2,
    explanation:
      "When a model is loaded it is run on seeded inputs. A model of which an output is nothing but NaN for every " +
      "one of them would give worthless answers silently.",
  },
  WE_MODEL_LIMIT: {
    message: "Model {model} has {bytes} bytes; {budget} allows {bytesMax}",
    hint: "raise the budget, unpin another model, or use a smaller file",
    exitCode: 5,
    explanation:
      "Memory for weights has a budget. Models out of use give way, pinned ones and the one asked do not.",
  },
  WE_MODEL_PROVIDERS: {
    message: "Model {model} can be loaded by none of its providers: {reasons}",
    hint: "put wasm last in the list of providers: it runs everywhere",
    exitCode: 4,
    explanation: "Providers are tried in order. Each one of the list refused, for the reason given.",
  },
  WE_MODEL_STRICT: {
    message: "Model {model}: the provider {provider} cannot be used, and fallback is forbidden: {reason}",
    hint: "make the provider available, or allow fallback to the next of the list",
    exitCode: 4,
    explanation:
      "With strict inference a world runs on the first provider of the list or not at all, because answers of " +
      "another one may differ in their last bits.",
  },
  WE_MODEL_RUN: {
    message: "Model {model} failed while running on {provider}, and no provider is left: {reason}",
    hint: "add wasm to the list of providers; the run can be resumed",
    exitCode: 4,
    explanation:
      "The runtime no longer answers an input that it answered when the model was loaded. A request that the model " +
      "cannot take is something else: it is answered FAILED and disturbs nobody.",
  },
  WE_MODEL_UNKNOWN: {
    message: "No model {model} is loaded",
    hint: "{advice}",
    exitCode: 2,
    explanation: "A model is loaded before it is asked or unloaded.",
  },
  WE_MODEL_REQUEST: {
    message: "Model {model} was not given what it takes: {problem}",
    hint: "compare names, types and dimensions with the inputs of the model",
    exitCode: 1,
    explanation:
      "A tensor that a program gave does not fit the model, or the model cannot take its values. In a world such a " +
      "request is answered FAILED instead.",
  },
  WE_MODEL_CLOSED: {
    message: "Inference is closed: {action} came after the end",
    hint: "create a new service; one that was closed stays closed",
    exitCode: 1,
    explanation: "Closing waits for what runs and then frees every model. Nothing can be asked afterwards.",
  },
  WE_TEXT_DECODER: {
    message: "Model {model}: {path} is no text generator that can be used: {reason}",
    hint: "export it in Hugging Face layout for text generation with past: input_ids, attention_mask, past_key_values",
    exitCode: 2,
    explanation:
      "Texts are generated with decoder-only exports that take the keys and values of earlier tokens and give those " +
      "of new ones, as the exporters of Hugging Face write them.",
  },
  WE_TEXT_TOKENIZER: {
    message: "Model {model} has no tokenizer that can be used: {reason}",
    hint: "take tokenizer.json and tokenizer_config.json from where the model came from",
    exitCode: 2,
    explanation:
      "The file tokenizer.json says how text becomes tokens and tokens become bytes. Decoders of byte-level and of " +
      "SentencePiece-like vocabularies are known.",
  },
  WE_TEXT_TEMPLATE: {
    message: "Model {model}: its chat template cannot make a prompt: {reason}",
    hint: "give the messages the roles and the order that the model was trained with, or ask with a plain text",
    exitCode: 2,
    explanation:
      "A chat is turned into one text by the template of the model. There is none, it cannot be read, or it refuses " +
      "these messages.",
  },
  WE_TEXT_PARAMETER: {
    message: "{name} is {value}; it must be {expected}",
    hint: "correct the request",
    exitCode: 1,
    explanation:
      "A request for a text says how tokens are chosen and when the text ends, within stated limits.",
  },
  WE_TEXT_CONTEXT_LIMIT: {
    message:
      "Model {model} has a context of {context} tokens; the prompt has {promptTokens}, the answer up to {maxTokens}",
    hint: "shorten the prompt, or ask for fewer tokens",
    exitCode: 5,
    explanation:
      "Prompt and answer together must fit into the context that the model was made for. Nothing is cut off silently.",
  },
  WE_TEXT_FORMAT: {
    message: "The response format cannot be kept to: {reason}",
    hint: "leave the keyword out and check the answer yourself, or say the same with keywords that are supported",
    exitCode: 1,
    explanation:
      "Answers are kept to a JSON Schema while they are written, token by token. Keywords that decide whether a " +
      "value is valid are kept to exactly or refused, so that a finished answer is always valid.",
  },
  WE_TEXT_FORMAT_LIMIT: {
    message:
      "The shortest answer in this response format takes {tokens} tokens; maxTokens allows {maxTokens}",
    hint: "allow more tokens, or ask for less in the schema",
    exitCode: 5,
    explanation:
      "An answer that is kept to a format is always finished within its tokens. Here none could be. Counted are " +
      "tokens with which the shortest value can be written.",
  },
  WE_TEXT_LOGITS: {
    message: "The scores of the next token are no distribution: {found}",
    hint: "the weights are damaged, or the provider computes wrongly: try the model on the provider wasm",
    exitCode: 4,
    explanation: "A score that is no number, or no score at all, leaves nothing to choose a token by.",
  },
  WE_MODEL_SOURCE: {
    message: "{source} is no source of a model: {problem}",
    hint: "name hf:ORG/NAME or hf:ORG/NAME@REVISION, https://HOST/PATH/model.onnx, or file:PATH",
    exitCode: 2,
    explanation:
      "Models are added from a hub with the interface of Hugging Face, from an address of one .onnx file, or from a " +
      "file or folder. Other machines are asked over https alone. The name of a model is that of a folder.",
  },
  WE_MODEL_EXISTS: {
    message: "There is a model {model} already: {found}",
    hint: "give the new one another name with --name, or remove the old one: wasm-engine model rm {model}",
    exitCode: 2,
    explanation: "Adding never overwrites. What is there was added from another source, or by hand.",
  },
  WE_MODEL_BUSY: {
    message: "Another process ({pid}) is changing {what}",
    hint: "wait for it to end; what it has fetched is not fetched twice",
    exitCode: 4,
    explanation:
      "A model is added or removed by one process at a time. The mark of a process that died is ignored.",
  },
  WE_MODEL_FETCH: {
    message: "{url} cannot be fetched: {reason}",
    hint: "{advice}",
    exitCode: 4,
    explanation:
      "A server refused, went silent, or sent something else than it announced, and further attempts did not help. " +
      "What has arrived is kept: the same command goes on where this one stopped.",
  },
  WE_MODEL_DISK_FULL: {
    message: "There is no room for {file} in {path}: {bytes} bytes are missing",
    hint: "make room and give the command again: what has arrived is kept",
    exitCode: 4,
    explanation:
      "Models are fetched into the folder of the project, which is on a disk with too little room.",
  },
  WE_MODEL_UNWRITABLE: {
    message: "The models below {path} cannot be changed: {cause}",
    hint: "check that the folder exists and may be written, and that models is a folder",
    exitCode: 4,
    explanation:
      "Models are kept in the folder models beside the configuration; the operating system refused it.",
  },
  WE_MODEL_DTYPE: {
    message: "{source} has no model that is meant by {asked}",
    hint: "it has: {known}",
    exitCode: 2,
    explanation:
      "A source may hold the same model in several types of numbers (--dtype fp32, fp16, q8, …), in files named " +
      "accordingly, or in files of other names, which --file chooses from.",
  },
  WE_MODEL_LOCK: {
    message: "{path} cannot be used: {problem}",
    hint: "restore the file; it is written by `wasm-engine model add` and belongs under version control",
    exitCode: 2,
    explanation:
      "The file models.lock lists the models of a project with their sources and the digests of their files.",
  },
  WE_MODEL_NOT_ADDED: {
    message: "No model {model} was added here",
    hint: "{advice}",
    exitCode: 2,
    explanation:
      "Models that are shown and removed are those in models.lock, which `wasm-engine model add` writes.",
  },
  WE_NATIVE_INSTALL: {
    message: "The native runtime cannot be installed into {path}: {cause}",
    hint: "check the network and the registry that npm is set to; without it models run on the provider wasm",
    exitCode: 4,
    explanation:
      "The package onnxruntime-node brings cpu, webgpu, cuda, tensorrt, coreml and dml. It is large and " +
      "therefore installed only where it is wanted, by npm, without running its scripts.",
  },
} as const satisfies ErrorTable;

export const inferenceError: ReturnType<typeof errorFactory<typeof INFERENCE_ERRORS>> =
  errorFactory(INFERENCE_ERRORS);
