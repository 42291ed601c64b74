/* Any bytes as a distance expression. What compiles runs forwards and backwards over rows full of awkward
 * numbers; each row alone must give the bits that it gives in a block, whether or not b is shared. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/expression_pairs.h"

enum { ROWS = 3, LONGEST = 40 };

static const double awkward[] = {0,      -0.0,   1,     -1,      0.5,  2,   3,   1e-320,
                                 1e-160, -1e160, 1e308, 1048577, 1e15, -40, 710, 1e9};

static uint64_t next(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state >> 33;
}

static void fill(double *x, size_t count, uint64_t *state) {
  for (size_t i = 0; i < count; i++) {
    const uint64_t pick = next(state) % 40;
    x[i] = pick < 16    ? awkward[pick]
           : pick == 16 ? (double)NAN
           : pick == 17 ? -(double)INFINITY
                        : (double)(next(state) % 4096) / 512 - 4;
  }
}

static void expect_same(const double *x, const double *y, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (bits_f64(canonical(x[i])) != bits_f64(canonical(y[i]))) abort();
}

static void check(struct pairs *p, size_t length, size_t b_pitch, uint64_t state) {
  double a[ROWS * LONGEST], b[ROWS * LONGEST], seed[ROWS] = {1, 0, -0.25};
  fill(a, sizeof a / sizeof *a, &state);
  fill(b, sizeof b / sizeof *b, &state);
  pairs_run(p, ROWS, length, a, b, b_pitch, seed);
  const double *const by_a = p->by_a, *const by_b = p->by_b;
  double value[ROWS];
  memcpy(value, p->value, sizeof value);
  for (size_t r = 0; r < ROWS; r++) {
    pairs_run(p, 1, length, a + r * length, b + r * b_pitch, length, &seed[r]);
    expect_same(value + r, p->value, 1);
    expect_same(by_a + r * length, p->by_a, length);
    expect_same(by_b + r * length, p->by_b, length);
  }
  for (size_t i = 0; i < length; i++)
    if (by_a[length + i] != 0 || by_b[length + i] != 0) abort(); /* of the row without a seed */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint64_t state = size;
  for (size_t i = 0; i < size; i++) state = (state ^ data[i]) * 1099511628211u;
  const size_t length = 1 + state % LONGEST;
  char *const text = malloc(size ? size : 1); /* exactly as long as it is, so that reading on is seen */
  if (!text) return 0;
  memcpy(text, data, size);
  struct pairs p;
  if (pairs_compile(&p, text, size, length) == 0) {
    check(&p, length, length, state);
    check(&p, length, 0, state);
  } else if (!p.problem.detail[0] || !p.problem.pointer[0]) {
    abort();
  }
  pairs_end(&p);
  free(text);
  return 0;
}
