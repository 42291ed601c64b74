#include "api/tensor_text.h"

#include <string.h>

#include "api/json_block.h"
#include "api/number_text.h"
#include "core/half.h"

#define BATCH 2048 /* numbers between two looks at cancelled */

/* One element at data as text. */
typedef char *(*number_writer)(char *out, const void *data);

static inline char *write_float32(char *out, const void *data) {
  float value;
  memcpy(&value, data, sizeof value);
  return lossd_write_float(out, value);
}

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

#define INTEGER_WRITER(name, type)                                                                           \
  static inline char *write_##name(char *out, const void *data) {                                            \
    type value;                                                                                              \
    memcpy(&value, data, sizeof value);                                                                      \
    return lossd_write_int64(out, value);                                                                    \
  }
INTEGER_WRITER(int64, int64_t)
INTEGER_WRITER(int32, int32_t)
INTEGER_WRITER(int16, int16_t)
INTEGER_WRITER(int8, int8_t)
INTEGER_WRITER(uint8, uint8_t)

static inline char *write_bool(char *out, const void *data) {
  const bool value = *(const uint8_t *)data != 0;
  memcpy(out, value ? "true" : "false", 5);
  return out + (value ? 4 : 5);
}

/* count elements with commas between them. Inlined once for each writer. */
static inline __attribute__((always_inline)) char *write_run(char *out, const char *data, size_t count,
                                                             size_t size, number_writer write) {
  for (size_t i = 0; i < count; i++) {
    if (i) *out++ = ',';
    out = write(out, data + i * size);
  }
  return out;
}

#define WRITE_FLOAT64 lossd_json_kernel()->write_doubles(out, data, count)
#define WRITE_FLOAT32 write_run(out, data, count, 4, write_float32)
#define WRITE_FLOAT16 write_run(out, data, count, 2, write_float16)
#define WRITE_BFLOAT16 write_run(out, data, count, 2, write_bfloat16)
#define WRITE_INT64 write_run(out, data, count, 8, write_int64)
#define WRITE_INT32 write_run(out, data, count, 4, write_int32)
#define WRITE_INT16 write_run(out, data, count, 2, write_int16)
#define WRITE_INT8 write_run(out, data, count, 1, write_int8)
#define WRITE_UINT8 write_run(out, data, count, 1, write_uint8)
#define WRITE_BOOL write_run(out, data, count, 1, write_bool)
#define X(symbol, name, size, floating)                                                                      \
  static char *write_all_##symbol(char *out, const char *data, size_t count) {                               \
    return WRITE_##symbol;                                                                                   \
  }
#include "core/dtype.def"
#undef X

/* longest: of one number and its comma. 17 digits, sign, point and up to five zeros before them are the most
 * that float64 needs; for float32 it is a sign and 17 digits. */
static const struct {
  char *(*write)(char *out, const char *data, size_t count);
  size_t longest;
} kinds[LOSSD_DTYPES] = {
    [LOSSD_FLOAT64] = {write_all_FLOAT64, 27}, [LOSSD_FLOAT32] = {write_all_FLOAT32, 20},
    [LOSSD_FLOAT16] = {write_all_FLOAT16, 20}, [LOSSD_BFLOAT16] = {write_all_BFLOAT16, 20},
    [LOSSD_INT64] = {write_all_INT64, 21},     [LOSSD_INT32] = {write_all_INT32, 12},
    [LOSSD_INT16] = {write_all_INT16, 7},      [LOSSD_INT8] = {write_all_INT8, 5},
    [LOSSD_UINT8] = {write_all_UINT8, 4},      [LOSSD_BOOL] = {write_all_BOOL, 6},
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
  const bool fits = count_arrays(&tensor->shape, &arrays) && !__builtin_mul_overflow(arrays, 3, &brackets) &&
                    !__builtin_mul_overflow((size_t)lossd_shape_count(&tensor->shape),
                                            kinds[tensor->dtype].longest, &numbers) &&
                    !__builtin_add_overflow(brackets, numbers, &bound) &&
                    !__builtin_add_overflow(bound, LOSSD_NUMBER_TEXT_MAX, &bound);
  return fits ? bound : SIZE_MAX;
}

struct writing {
  const struct lossd_tensor *tensor;
  const atomic_int *cancelled;
  const char *data;
  char *out;
};

static bool is_cancelled(const struct writing *w) {
  return w->cancelled && atomic_load_explicit(w->cancelled, memory_order_relaxed);
}

/* The next count elements, in brackets. */
static bool write_row(struct writing *w, int64_t count) {
  const size_t size = lossd_dtype_size(w->tensor->dtype);
  *w->out++ = '[';
  for (int64_t left = count; left > 0;) {
    const size_t batch = left < BATCH ? (size_t)left : BATCH;
    if (left == count ? count >= BATCH && is_cancelled(w) : is_cancelled(w)) return false;
    if (left < count) *w->out++ = ',';
    w->out = kinds[w->tensor->dtype].write(w->out, w->data, batch);
    w->data += batch * size;
    left -= (int64_t)batch;
  }
  *w->out++ = ']';
  return true;
}

/* The arrays of dimension d. At most LOSSD_MAX_RANK deep. */
static bool write_level(struct writing *w, int d) {
  const struct lossd_shape *shape = &w->tensor->shape;
  if (d == shape->rank - 1) return write_row(w, shape->dim[d]);
  *w->out++ = '[';
  for (int64_t i = 0; i < shape->dim[d]; i++) {
    if (i) *w->out++ = ',';
    if (i % BATCH == BATCH - 1 && is_cancelled(w)) return false;
    if (!write_level(w, d + 1)) return false;
  }
  *w->out++ = ']';
  return true;
}

bool lossd_tensor_text(struct lossd_json_text *out, const struct lossd_tensor *tensor, bool flat,
                       const atomic_int *cancelled) {
  lossd_json_separate(out);
  char *begin = lossd_json_reserve(out, lossd_tensor_text_bound(tensor));
  struct writing w = {tensor, cancelled, tensor->data, begin};
  bool done = true;
  if (!begin) return true;
  if (flat)
    done = write_row(&w, lossd_shape_count(&tensor->shape));
  else if (tensor->shape.rank)
    done = write_level(&w, 0);
  else
    w.out = kinds[tensor->dtype].write(w.out, w.data, 1);
  out->length += (size_t)(w.out - begin);
  return done;
}
