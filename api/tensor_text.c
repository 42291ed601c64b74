#include "api/tensor_text.h"

#include <string.h>

#include "api/cancel.h"
#include "api/json_block.h"
#include "api/number_text.h"
#include "core/half.h"

#define BATCH 2048 /* numbers between two looks at cancelled */

/* One element at data as text. */
typedef char *(*number_writer)(char *out, const void *data);

static inline char *write_float16(char *out, const void *data) {
  uint16_t bits;
  memcpy(&bits, data, sizeof bits);
  return lossd_write_float(out, lossd_float16_read(bits));
}

static inline char *write_bfloat16(char *out, const void *data) {
  uint16_t bits;
  memcpy(&bits, data, sizeof bits);
  return lossd_write_float(out, lossd_bfloat16_read(bits));
}

/* An integer of so many bytes, little-endian, its sign extended. */
static inline char *write_signed(char *out, const void *data, size_t bytes) {
  const unsigned above = 64 - 8 * (unsigned)bytes;
  uint64_t bits = 0;
  memcpy(&bits, data, bytes);
  return lossd_write_int64(out, (int64_t)(bits << above) >> above);
}

static inline char *write_int64(char *out, const void *data) {
  return write_signed(out, data, 8);
}
static inline char *write_int32(char *out, const void *data) {
  return write_signed(out, data, 4);
}
static inline char *write_int16(char *out, const void *data) {
  return write_signed(out, data, 2);
}
static inline char *write_int8(char *out, const void *data) {
  return write_signed(out, data, 1);
}
static inline char *write_uint8(char *out, const void *data) {
  return lossd_write_int64(out, *(const uint8_t *)data);
}

static inline char *write_bool(char *out, const void *data) {
  const bool value = *(const uint8_t *)data != 0;
  memcpy(out, value ? "true" : "false", 5);
  return out + (value ? 4 : 5);
}

/* Elements, and what nests them. Inlined once for each writer. */
static inline __attribute__((always_inline)) char *write_run(char *out, const char *data,
                                                             const struct lossd_nesting *nesting,
                                                             int64_t first, int64_t count, size_t size,
                                                             number_writer write) {
  struct lossd_nesting_run run;
  out = lossd_nesting_begin(out, &run, nesting, first, count);
  while (run.next < run.end) out = lossd_nesting_next(write(out, data + (size_t)run.next * size), &run);
  return out;
}

/* count elements of data from the first on, and what nests them. */
static char *write_range(char *out, enum lossd_dtype dtype, const char *data,
                         const struct lossd_nesting *nesting, int64_t first, int64_t count) {
  switch (dtype) {
  case LOSSD_FLOAT64: return lossd_json_kernel()->write_doubles(out, data, nesting, first, count);
  case LOSSD_FLOAT32: return lossd_json_kernel()->write_floats(out, data, nesting, first, count);
  case LOSSD_FLOAT16: return write_run(out, data, nesting, first, count, 2, write_float16);
  case LOSSD_BFLOAT16: return write_run(out, data, nesting, first, count, 2, write_bfloat16);
  case LOSSD_INT64: return write_run(out, data, nesting, first, count, 8, write_int64);
  case LOSSD_INT32: return write_run(out, data, nesting, first, count, 4, write_int32);
  case LOSSD_INT16: return write_run(out, data, nesting, first, count, 2, write_int16);
  case LOSSD_INT8: return write_run(out, data, nesting, first, count, 1, write_int8);
  case LOSSD_UINT8: return write_run(out, data, nesting, first, count, 1, write_uint8);
  case LOSSD_BOOL: return write_run(out, data, nesting, first, count, 1, write_bool);
  case LOSSD_DTYPES: break;
  }
  return out;
}

/* Bytes of the longest number and its comma. 17 digits, sign, point and up to five zeros before them are the
 * most that float64 needs; for float32 it is a sign and 17 digits. */
static const size_t longest[LOSSD_DTYPES] = {
    [LOSSD_FLOAT64] = 27, [LOSSD_FLOAT32] = 20, [LOSSD_FLOAT16] = 20, [LOSSD_BFLOAT16] = 20,
    [LOSSD_INT64] = 21,   [LOSSD_INT32] = 12,   [LOSSD_INT16] = 7,    [LOSSD_INT8] = 5,
    [LOSSD_UINT8] = 4,    [LOSSD_BOOL] = 6,
};

/* Arrays in the nesting: one for each index above every level. */
static bool count_arrays(const struct lossd_shape *shape, size_t *arrays) {
  size_t level = 1;
  *arrays = 0;
  for (int d = 0; d < shape->rank; d++) {
    if (__builtin_add_overflow(*arrays, level, arrays)) return false;
    if (__builtin_mul_overflow(level, (size_t)shape->dim[d], &level)) return false;
  }
  return true;
}

size_t lossd_tensor_text_bound(const struct lossd_tensor *tensor) {
  size_t arrays, brackets, numbers, bound;
  const bool fits =
      count_arrays(&tensor->shape, &arrays) && !__builtin_mul_overflow(arrays, 3, &brackets) &&
      !__builtin_mul_overflow((size_t)lossd_shape_count(&tensor->shape), longest[tensor->dtype], &numbers) &&
      !__builtin_add_overflow(brackets, numbers, &bound) &&
      !__builtin_add_overflow(bound, LOSSD_NUMBER_TEXT_MAX, &bound);
  return fits ? bound : SIZE_MAX;
}

size_t lossd_tensor_range_bound(const struct lossd_tensor *tensor, int64_t count) {
  const size_t brackets = 2 * (size_t)tensor->shape.rank + 2;
  return (size_t)count * (longest[tensor->dtype] + brackets) + LOSSD_NUMBER_TEXT_MAX;
}

char *lossd_tensor_range(char *out, const struct lossd_tensor *tensor, int64_t first, int64_t count) {
  const struct lossd_nesting nesting = lossd_nesting_of(&tensor->shape);
  return write_range(out, tensor->dtype, tensor->data, &nesting, first, count);
}

/* Arrays without a number in them, from dimension d. At most LOSSD_MAX_RANK deep. */
static bool write_empty(char **out, const struct lossd_shape *shape, int d, const atomic_int *cancelled) {
  *(*out)++ = '[';
  for (int64_t i = 0; i < shape->dim[d]; i++) {
    if (i) *(*out)++ = ',';
    if (i % BATCH == BATCH - 1 && lossd_is_cancelled(cancelled)) return false;
    if (!write_empty(out, shape, d + 1, cancelled)) return false;
  }
  *(*out)++ = ']';
  return true;
}

bool lossd_tensor_text(struct lossd_json_text *out, const struct lossd_tensor *tensor, bool flat,
                       const atomic_int *cancelled) {
  const int64_t count = lossd_shape_count(&tensor->shape);
  const struct lossd_shape line = {.rank = 1, .dim = {count}}, *shape = flat ? &line : &tensor->shape;
  const struct lossd_nesting nesting = lossd_nesting_of(shape);
  bool done = true;
  lossd_json_separate(out);
  char *begin = lossd_json_reserve(out, lossd_tensor_text_bound(tensor)), *at = begin;
  if (!begin) return true;
  if (count == 0) done = write_empty(&at, shape, 0, cancelled);
  for (int64_t first = 0; done && first < count; first += BATCH) {
    done = count < BATCH || !lossd_is_cancelled(cancelled);
    if (done)
      at = write_range(at, tensor->dtype, tensor->data, &nesting, first,
                       count - first < BATCH ? count - first : BATCH);
  }
  out->length += (size_t)(at - begin);
  return done;
}
