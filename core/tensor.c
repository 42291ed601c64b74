#include "core/tensor.h"

#include <stdio.h>
#include <string.h>

static const struct {
  const char *name;
  size_t size;
  bool floating;
} dtypes[LOSSD_DTYPES] = {
#define X(symbol, name, size, floating) {name, size, floating},
#include "core/dtype.def"
#undef X
};

const char *lossd_dtype_name(enum lossd_dtype dtype) {
  return dtypes[dtype].name;
}
size_t lossd_dtype_size(enum lossd_dtype dtype) {
  return dtypes[dtype].size;
}
bool lossd_dtype_is_floating(enum lossd_dtype dtype) {
  return dtypes[dtype].floating;
}

enum lossd_dtype lossd_dtype_find(const char *name, size_t length) {
  for (int i = 0; i < LOSSD_DTYPES; i++)
    if (strlen(dtypes[i].name) == length && !memcmp(dtypes[i].name, name, length)) return (enum lossd_dtype)i;
  return LOSSD_DTYPES;
}

int64_t lossd_shape_count(const struct lossd_shape *shape) {
  int64_t count = 1, size = 1;
  for (int i = 0; i < shape->rank; i++) {
    if (shape->dim[i] < 0) return -1;
    /* Overflow counts even where another dimension is 0: such a shape is never meant. */
    if (shape->dim[i] && __builtin_mul_overflow(size, shape->dim[i], &size)) return -1;
    count *= shape->dim[i] ? 1 : 0;
  }
  return count ? size : 0;
}

bool lossd_shape_bytes(enum lossd_dtype dtype, const struct lossd_shape *shape, size_t *bytes) {
  int64_t count = lossd_shape_count(shape);
  return count >= 0 && !__builtin_mul_overflow((size_t)count, dtypes[dtype].size, bytes) &&
         *bytes <= INT64_MAX;
}

bool lossd_shape_equal(const struct lossd_shape *a, const struct lossd_shape *b) {
  return a->rank == b->rank && !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]);
}

char *lossd_shape_text(const struct lossd_shape *shape, char text[LOSSD_SHAPE_TEXT]) {
  char *p = text;
  *p++ = '[';
  for (int i = 0; i < shape->rank; i++) p += sprintf(p, i ? ", %lld" : "%lld", (long long)shape->dim[i]);
  *p++ = ']';
  *p = 0;
  return text;
}
