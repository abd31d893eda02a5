/** ONNX Runtime adapter: models, providers, batches that never change a bit. No runtime is loaded before a model is. */

export { INFERENCE_ERRORS } from "./errors.js";
export { createInferenceService } from "./service/inference-service.js";
export type { InferenceServiceOptions } from "./service/inference-service.js";
export { createModelRegistry } from "./service/model-registry.js";
export type {
  InferenceRequest,
  InferenceResponse,
  ModelRegistry,
  ModelRegistryOptions,
} from "./service/model-registry.js";
export { installNativeRuntime, isNativeRuntimeInstalled } from "./runtime/native-install.js";
export type { NativeInstallOptions } from "./runtime/native-install.js";
export { nativeRuntimeVersion } from "./runtime/native-runtime.js";
export { readManifest } from "./model/model-manifest.js";
export type { DeclaredPort, ManifestProblem, ModelManifest } from "./model/model-manifest.js";
export { openTextModel } from "./text/text-model.js";
export type { Prompt, TextModel, TextModelFacts, TextModelOptions, TextRequest } from "./text/text-model.js";
export type { FinishReason, TextResult } from "./text/generation.js";
export type { ResponseFormat } from "./text/format/response-format.js";
export type { Sampling } from "./text/sampling.js";
export type { ChatMessage, ChatOptions } from "./text/chat-template.js";
export { openModelStore } from "./store/model-store.js";
export type {
  AddOptions,
  AddedModel,
  ChangedFile,
  ModelStore,
  ModelStoreOptions,
} from "./store/model-store.js";
export { dtypeNames } from "./store/model-selection.js";
export { answerBytesMaxDefault, weightBytesMaxDefault } from "./limits.js";
