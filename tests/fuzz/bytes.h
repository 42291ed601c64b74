/* A fuzzer's input as a stream of choices. Past its end all choices are 0. */
#ifndef LOSSD_TESTS_FUZZ_BYTES_H
#define LOSSD_TESTS_FUZZ_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct fuzz_bytes {
  const uint8_t *at, *end;
};

static inline unsigned fuzz_byte(struct fuzz_bytes *bytes) {
  return bytes->at < bytes->end ? *bytes->at++ : 0;
}

/* A number below count (<= 256). */
static inline int fuzz_below(struct fuzz_bytes *bytes, int count) {
  return (int)fuzz_byte(bytes) % count;
}

static inline double fuzz_double(struct fuzz_bytes *bytes) {
  static const double awkward[] = {0,
                                   -0.0,
                                   1,
                                   -1,
                                   0.5,
                                   2,
                                   3,
                                   -100,
                                   1e-320,
                                   -1e160,
                                   1e308,
                                   1e15,
                                   1e-16,
                                   0x1p63,
                                   -0x1p63,
                                   2.5,
                                   __builtin_nan(""),
                                   __builtin_inf()};
  enum { AWKWARD = sizeof awkward / sizeof *awkward };
  double number = 0;
  int pick = fuzz_below(bytes, AWKWARD + 6);
  if (pick < AWKWARD) return awkward[pick];
  for (size_t i = 0; i < sizeof number; i++) ((uint8_t *)&number)[i] = (uint8_t)fuzz_byte(bytes);
  return number;
}

/* The next length bytes, fewer at the end, in memory of exactly their size; the caller frees it. */
static inline char *fuzz_text(struct fuzz_bytes *bytes, size_t *length) {
  size_t left = (size_t)(bytes->end - bytes->at);
  if (*length > left) *length = left;
  char *text = malloc(*length + (*length == 0));
  if (!text) abort();
  if (*length) memcpy(text, bytes->at, *length);
  bytes->at += *length;
  return text;
}

#endif
