/* SIMD: scaled additions and dot products of float32, and a byte histogram of maxima, in 128-bit vectors. */
#include <wasm_simd128.h>
#include "kernel.h"

enum { count = 4096 };
static float x[count], y[count];
static uint8_t image[count * 4], mask[count * 4];

ROUND float scale_add(float scale) {
  v128_t factor = wasm_f32x4_splat(scale), sum = wasm_f32x4_splat(0);
  for (int i = 0; i < count; i += 4) {
    v128_t left = wasm_v128_load(x + i), right = wasm_v128_load(y + i);
    right = wasm_f32x4_add(wasm_f32x4_mul(left, factor), wasm_f32x4_mul(right, wasm_f32x4_splat(0.5f)));
    wasm_v128_store(y + i, right);
    sum = wasm_f32x4_add(sum, wasm_f32x4_mul(left, right));
  }
  return wasm_f32x4_extract_lane(sum, 0) + wasm_f32x4_extract_lane(sum, 1) + wasm_f32x4_extract_lane(sum, 2)
    + wasm_f32x4_extract_lane(sum, 3);
}

ROUND uint32_t blend(uint8_t level) {
  v128_t threshold = wasm_i8x16_splat((int8_t)level), sum = wasm_i32x4_splat(0);
  for (int i = 0; i < count * 4; i += 16) {
    v128_t pixel = wasm_v128_load(image + i), chosen = wasm_u8x16_gt(pixel, threshold);
    v128_t next = wasm_v128_bitselect(wasm_u8x16_avgr(pixel, threshold), wasm_v128_load(mask + i), chosen);
    wasm_v128_store(mask + i, wasm_v128_xor(next, pixel));
    sum = wasm_i32x4_add(sum, wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(next)));
  }
  return (uint32_t)(wasm_i32x4_extract_lane(sum, 0) + wasm_i32x4_extract_lane(sum, 3));
}

EXPORT(run) uint32_t run(uint32_t rounds) {
  uint32_t random = 918273645, hash = 2166136261u;
  for (int i = 0; i < count; i++) {
    x[i] = (float)(next_random(&random) & 255) / 256, y[i] = (float)(next_random(&random) & 255) / 256;
    for (int k = 0; k < 4; k++) image[4 * i + k] = (uint8_t)next_random(&random), mask[4 * i + k] = 0;
  }
  for (uint32_t round = 0; round < rounds; round++) {
    hash = mix_double(hash, scale_add((float)(round & 7) / 8));
    hash = mix(hash, blend((uint8_t)hash));
  }
  return hash;
}
