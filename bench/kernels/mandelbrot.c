/* The Mandelbrot set in float32, 128 × 128 points of at most 256 steps: a chain of operations and an exit. */
#include "kernel.h"

ROUND uint32_t picture(float shift) {
  uint32_t hash = 2166136261u;
  for (int row = 0; row < 128; row++)
    for (int column = 0; column < 128; column++) {
      float x = (float)column / 48.0f - 2.0f + shift, y = (float)row / 64.0f - 1.0f;
      float re = 0, im = 0;
      uint32_t step = 0;
      for (; step < 256 && re * re + im * im < 4.0f; step++) {
        float next = re * re - im * im + x;
        im = 2.0f * re * im + y, re = next;
      }
      hash = mix(hash, step);
    }
  return hash;
}

EXPORT(run) uint32_t run(uint32_t rounds) {
  uint32_t hash = 2166136261u;
  for (uint32_t round = 0; round < rounds; round++) hash = mix(hash, picture((float)(round & 15) / 64.0f));
  return hash;
}
