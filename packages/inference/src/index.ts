/** ONNX Runtime adapter. */
export {};
