/** Read, validate, instrument, sign and verify modules: bytes to bytes, no I/O. */

export { WASM_ERRORS } from "./errors.js";
export { REFUSED_FEATURES } from "./feature.js";
export type { RefusedFeature } from "./feature.js";
export { readModule } from "./module-reader.js";
export type { ReadOptions } from "./module-reader.js";
export type { Profile } from "./module-draft.js";
export type { WasmModule } from "./module.js";
export { validate } from "./validator.js";
export type { ValidatedModule } from "./validator.js";
export { checkAgentModule } from "./agent-module.js";
export type { AgentModuleInfo } from "./agent-module.js";
export { customSectionOf } from "./custom-section.js";
export { digestOf } from "./module-digest.js";
export { attachManifest, checkAbi, readManifest } from "./manifest.js";
export type { ReadManifestOptions } from "./manifest.js";
export {
  appendDelimiter,
  attachSignature,
  detachSignature,
  readSignatures,
  sign,
  signAsync,
  verify,
  verifyAsync,
  verifyDetached,
  verifyDetachedAsync,
} from "./signature.js";
export type { DetachedModule } from "./signature.js";
export type { SignOptions } from "./signature-making.js";
export type { ModuleVerification } from "./signature-verification.js";
export { webCryptoSignatures } from "./web-crypto.js";
export type { SubtleEd25519 } from "./web-crypto.js";
export type { SignatureRecord, SignedHashes } from "./signature-format.js";
export {
  decodePublicKey,
  decodeSecretKey,
  encodePublicKey,
  encodeSecretKey,
  keyIdOf,
  publicKeyOf,
} from "./signature-key.js";
export type {
  AsyncSignatureCrypto,
  InstrumentOptions,
  Instrumented,
  Manifest,
  SignatureCrypto,
} from "./wasm-contract.js";
export { COST_TABLE_VERSION } from "./cost-table.js";
export { instrument } from "./instrument.js";
export { functionNamesFrom } from "./function-names.js";
export { instrumentForProfile } from "./profiled-module.js";
export type { ProfileMap, ProfiledModule } from "./profiled-module.js";
export { LEAVE, ProbeImport, probeModule } from "./fuel-probe.js";
export type { ProbePlace } from "./fuel-probe.js";
