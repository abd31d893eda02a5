/** Limits of the ONNX Runtime adapter. Unit last. */

import { assert, limits } from "@wasm-engine/abi";

/** Protocol buffers end at 2 GiB; larger models keep their weights in other files. */
export const modelFileBytesMax: number = 2 ** 31 - 1;
export const manifestBytesMax: number = 256 * 1024;
/** Default budget of the weights of all loaded models. */
export const weightBytesMaxDefault: number = 2 ** 31;
/** An answer becomes the payload of a message; the rest is for its header and topic. */
export const answerBytesMaxDefault: number = limits.messageBytesMax - 1024;
/** Newest IR version and operator set of ONNX that the pinned runtime supports officially. */
export const irVersionMax = 13;
export const opsetVersionMax = 26;
/** Rows that are joined into one run: the self-test covers batches up to this size. */
export const joinedRowsMax = 64;
/** Models above this size are joined and tested in smaller batches, to bound the time of loading. */
export const largeModelBytes: number = 8 * 1024 * 1024;
export const joinedRowsOfLargeModelsMax = 16;
/** Shapes of requests whose self-test result is kept; it is found anew where it was dropped. */
export const testedShapesMax = 256;
/** Text of a runtime that goes into a reason. */
export const reasonCharactersMax = 240;
/**
 * Tokens of a prompt that are read in one run. It decides bits: parts always end at multiples of it, so that equal
 * beginnings are read alike.
 */
export const promptPartTokens = 128;
/** Parts of prompts that are read before texts under way get their next token. */
export const promptPartsPerRound = 8;
/** Narrowest slab of keys and values. It decides bits where a model's sums depend on the width. */
export const widthTokensMin = 64;
/** Widths are multiples of it where they do not decide bits: every run copies the whole width. */
export const mixedWidthTokens = 32;
/** Default budget of keys and values of texts under way. */
export const keyValueBytesMaxDefault: number = 2 ** 30;
/** Default budget of keys and values that are kept for prompts that begin alike. */
export const prefixBytesMaxDefault: number = 256 * 1024 * 1024;
/** Ticks of a world that a text takes: tokens of its prompt per tick, then tokens of its parts. */
export const prefillTokensPerTick = 512;
export const tokensPerTick = 8;
export const tokenizerBytesMax: number = 64 * 1024 * 1024;
export const stopStringsMax = 16;
/** Characters of the schema that an answer is kept to. */
export const formatTextMax = 65_536;
/** Parts that a schema may be read into. */
export const formatPartsMax = 10_000;
/** Schemas within schemas, references followed at their first place. */
export const formatDepthMax = 64;
/** Ways to read the beginning of an answer that are followed at a time; schemas with alternatives have several. */
export const formatWaysMax = 64;
/** States of an automaton after which a new request gets a new one. */
export const formatStatesMax = 50_000;
/** What is kept of tokens that a state allows, per schema. */
export const formatCostBytesMax: number = 32 * 1024 * 1024;
/** Schemas of a model whose automata are kept. */
export const formatsKeptMax = 16;
/** Tokens of a text where no file of an encoder says how many it takes. */
export const encoderContextDefault = 512;
/** Texts of one request to an encoder. */
export const encoderTextsMax = 2048;
/**
 * Share of a vector by which padding may change it, beyond which a model counts as one that does not heed its mask.
 * Quantised activations move it by less than a hundredth, attention to padding by far more.
 */
export const encoderPaddingChangeMax = 0.02;
/** Attempts at a download that bring nothing new. */
export const fetchAttemptsMax = 5;
/** Silence of a server after which a download is begun again where it stopped. */
export const fetchStallMsDefault = 30_000;
/** First pause before another attempt; each further one is twice as long. */
export const fetchPauseMsDefault = 500;
/** Longest pause that a server is obeyed in. */
export const fetchPauseMsMax = 60_000;
export const fetchRedirectsMax = 8;
/** Lists of files, and error texts of servers. */
export const fetchTextBytesMax: number = 16 * 1024 * 1024;
export const modelFilesMax = 4096;

assert(joinedRowsOfLargeModelsMax <= joinedRowsMax, "large models are joined in smaller batches");
assert(answerBytesMaxDefault > 0, "a message has room for an answer");
