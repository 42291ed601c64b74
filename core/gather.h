/* Between tensors as they lie in memory and tiles of `real`: load (gather, widen) and store (narrow, scatter,
 * sum). Compiled in each variant. No state, nothing allocated. Stores of different rows never touch the same
 * bytes, except through accumulators, which only serial plans have. */
#ifndef LOSSD_CORE_GATHER_H
#define LOSSD_CORE_GATHER_H

#include <string.h>

#include "core/half.h"
#include "core/plan.h"
#include "core/real.h"

#define LOSSD_INLINE static inline __attribute__((always_inline))

/* The dtype that kernels of this variant work in. */
#ifdef LOSSD_SINGLE_PRECISION
#define LOSSD_NATIVE LOSSD_FLOAT32
#else
#define LOSSD_NATIVE LOSSD_FLOAT64
#endif

LOSSD_INLINE bool gather_is_native(enum lossd_dtype dtype, const void *data) {
  return dtype == LOSSD_NATIVE && (uintptr_t)data % sizeof(real) == 0;
}

/* One element of any dtype. Called with a constant dtype, so that all but one case vanishes. */
LOSSD_INLINE real load_element(enum lossd_dtype dtype, const char *p) {
  union {
    double f64;
    float f32;
    uint16_t u16;
    int64_t i64;
    int32_t i32;
    int16_t i16;
    int8_t i8;
    uint8_t u8;
  } v;
  switch (dtype) {
  case LOSSD_FLOAT64: return memcpy(&v.f64, p, 8), (real)v.f64;
  case LOSSD_FLOAT32: return memcpy(&v.f32, p, 4), (real)v.f32;
  case LOSSD_FLOAT16: return memcpy(&v.u16, p, 2), (real)lossd_float16_read(v.u16);
  case LOSSD_BFLOAT16: return memcpy(&v.u16, p, 2), (real)lossd_bfloat16_read(v.u16);
  case LOSSD_INT64: return memcpy(&v.i64, p, 8), (real)v.i64;
  case LOSSD_INT32: return memcpy(&v.i32, p, 4), (real)v.i32;
  case LOSSD_INT16: return memcpy(&v.i16, p, 2), (real)v.i16;
  case LOSSD_INT8: return (real)(int8_t)*p;
  case LOSSD_UINT8: return (real)(uint8_t)*p;
  case LOSSD_BOOL: return (real)(*p != 0);
  case LOSSD_DTYPES: break;
  }
  return 0;
}

LOSSD_INLINE void load_loop(enum lossd_dtype dtype, const char *p, int64_t step, size_t n,
                            real *restrict out) {
  const int64_t size = dtype == LOSSD_FLOAT64 || dtype == LOSSD_INT64   ? 8
                       : dtype == LOSSD_FLOAT32 || dtype == LOSSD_INT32 ? 4
                       : dtype >= LOSSD_INT8                            ? 1
                                                                        : 2;
  if (step == 1) /* said apart, so that it vectorises */
    for (size_t i = 0; i < n; i++) out[i] = load_element(dtype, p + (int64_t)i * size);
  else
    for (size_t i = 0; i < n; i++) out[i] = load_element(dtype, p + (int64_t)i * step * size);
}

/* n elements, `step` elements apart. */
static inline void load_run(enum lossd_dtype dtype, const char *p, int64_t step, size_t n,
                            real *restrict out) {
  switch (dtype) {
  case LOSSD_FLOAT64: load_loop(LOSSD_FLOAT64, p, step, n, out); break;
  case LOSSD_FLOAT32: load_loop(LOSSD_FLOAT32, p, step, n, out); break;
  case LOSSD_FLOAT16: load_loop(LOSSD_FLOAT16, p, step, n, out); break;
  case LOSSD_BFLOAT16: load_loop(LOSSD_BFLOAT16, p, step, n, out); break;
  case LOSSD_INT64: load_loop(LOSSD_INT64, p, step, n, out); break;
  case LOSSD_INT32: load_loop(LOSSD_INT32, p, step, n, out); break;
  case LOSSD_INT16: load_loop(LOSSD_INT16, p, step, n, out); break;
  case LOSSD_INT8: load_loop(LOSSD_INT8, p, step, n, out); break;
  case LOSSD_UINT8: load_loop(LOSSD_UINT8, p, step, n, out); break;
  case LOSSD_BOOL: load_loop(LOSSD_BOOL, p, step, n, out); break;
  case LOSSD_DTYPES: break;
  }
}

static inline int64_t load_integer(enum lossd_dtype dtype, const char *p) {
  int64_t i64;
  int32_t i32;
  int16_t i16;
  switch (dtype) {
  case LOSSD_INT64: return memcpy(&i64, p, 8), i64;
  case LOSSD_INT32: return memcpy(&i32, p, 4), i32;
  case LOSSD_INT16: return memcpy(&i16, p, 2), i16;
  case LOSSD_INT8: return (int8_t)*p;
  case LOSSD_UINT8: return (uint8_t)*p;
  default: return *p != 0;
  }
}

/* Whatever its sign and payload were, a NaN in an answer is the one quiet NaN: compilers and instruction sets
 * differ. */
static inline real canonical(real x) {
  return x == x ? x : REAL_NAN;
}

/* One number to any floating dtype. Called with a constant dtype, as load_element. */
LOSSD_INLINE void store_element(enum lossd_dtype dtype, char *p, real x) {
  const double f64 = (double)canonical(x);
  const float f32 = (float)canonical(x);
  uint16_t u16;
  switch (dtype) {
  case LOSSD_FLOAT64: memcpy(p, &f64, 8); break;
  case LOSSD_FLOAT32: memcpy(p, &f32, 4); break;
  case LOSSD_FLOAT16: u16 = lossd_float16_write(f64), memcpy(p, &u16, 2); break;
  default: u16 = lossd_bfloat16_write(f64), memcpy(p, &u16, 2); break;
  }
}

LOSSD_INLINE void store_loop(enum lossd_dtype dtype, char *restrict p, int64_t step, size_t n,
                             const real *restrict x) {
  const int64_t size = dtype == LOSSD_FLOAT64 ? 8 : dtype == LOSSD_FLOAT32 ? 4 : 2;
  if (step == 1) /* said apart, so that it vectorises */
    for (size_t i = 0; i < n; i++) store_element(dtype, p + (int64_t)i * size, x[i]);
  else
    for (size_t i = 0; i < n; i++) store_element(dtype, p + (int64_t)i * step * size, x[i]);
}

/* n numbers to a tensor of any floating dtype, `step` elements apart. */
static inline void store_run(enum lossd_dtype dtype, char *p, int64_t step, size_t n,
                             const real *restrict x) {
  switch (dtype) {
  case LOSSD_FLOAT64: store_loop(LOSSD_FLOAT64, p, step, n, x); break;
  case LOSSD_FLOAT32: store_loop(LOSSD_FLOAT32, p, step, n, x); break;
  case LOSSD_FLOAT16: store_loop(LOSSD_FLOAT16, p, step, n, x); break;
  default: store_loop(LOSSD_BFLOAT16, p, step, n, x); break;
  }
}

/* ---- Rows ---- */

/* Where a row is, as an index in each of the plan's dimensions. */
struct position {
  int64_t at[LOSSD_MAX_RANK];
};

static inline void position_set(const struct lossd_plan *plan, struct position *p, int64_t row) {
  for (int d = plan->dims - 1; d > 0; d--) p->at[d] = row % plan->extent[d], row /= plan->extent[d];
  p->at[0] = row;
}

static inline void position_advance(const struct lossd_plan *plan, struct position *p, int64_t rows) {
  int d = plan->dims - 1;
  for (p->at[d] += rows; d > 0 && p->at[d] == plan->extent[d]; d--) p->at[d] = 0, p->at[d - 1]++;
}

/* The element at which the vector of the row at p begins. */
static inline int64_t view_offset(const struct lossd_plan *plan, const struct lossd_view *view,
                                  const struct position *p) {
  int64_t offset = 0;
  for (int d = 0; d < plan->dims; d++) offset += p->at[d] * view->stride[d];
  return offset;
}

/* Rows that follow p before the innermost dimension ends. */
static inline size_t position_run(const struct lossd_plan *plan, const struct position *p, size_t most) {
  int64_t left = plan->extent[plan->dims - 1] - p->at[plan->dims - 1];
  return left < (int64_t)most ? (size_t)left : most;
}

/* Vectors lie one after another, each in one piece: they can be read and written where they are. */
static inline bool view_is_direct(const struct lossd_plan *plan, const struct lossd_view *view) {
  int64_t stride = view->stride[plan->dims - 1];
  return view->length == 1 ? stride == 1 : view->step == 1;
}

/* Rows whose numbers of one class are taken at once where the classes lie outside. */
enum { LINE_ROWS = 64 };

/* Loads the vectors of n rows of one innermost run, which begin `stride` elements apart. */
static inline void load_block(const struct lossd_view *view, int64_t offset, int64_t stride, size_t n,
                              real *out) {
  const int64_t size = (int64_t)lossd_dtype_size(view->dtype);
  const char *base = view->data + offset * size;
  const size_t length = (size_t)view->length;
  if (length == 1) {
    load_run(view->dtype, base, stride, n, out);
  } else if (view->step <= 1 || stride != 1) {
    for (size_t r = 0; r < n; r++)
      load_run(view->dtype, base + (int64_t)r * stride * size, view->step, length, out + r * length);
  } else { /* (N, C, d): neighbouring rows share cache lines, so walk the classes outside */
    real line[LINE_ROWS] = {0};
    for (size_t r = 0; r < n; r += LINE_ROWS) {
      const size_t m = n - r < LINE_ROWS ? n - r : LINE_ROWS;
      for (size_t i = 0; i < length; i++) {
        load_run(view->dtype, base + ((int64_t)i * view->step + (int64_t)r) * size, 1, m, line);
        for (size_t j = 0; j < m; j++) out[(r + j) * length + i] = line[j];
      }
    }
  }
}

/* The vectors of rows [row, row + n): in place when they can be read there, else gathered into scratch.
 * *pitch is the distance between two of them. */
static inline const real *load_rows(const struct lossd_plan *plan, const struct lossd_view *view, int64_t row,
                                    size_t n, real *scratch, size_t *pitch) {
  struct position p;
  position_set(plan, &p, row);
  const int64_t offset = view_offset(plan, view, &p), stride = view->stride[plan->dims - 1];
  const char *first = view->data + offset * (int64_t)lossd_dtype_size(view->dtype);
  if (gather_is_native(view->dtype, first) && view_is_direct(plan, view) && position_run(plan, &p, n) == n) {
    *pitch = (size_t)stride;
    return (const real *)(const void *)first;
  }
  *pitch = (size_t)view->length;
  for (size_t done = 0, m; done < n; done += m, position_advance(plan, &p, (int64_t)m)) {
    m = position_run(plan, &p, n - done);
    load_block(view, view_offset(plan, view, &p), stride, m, scratch + done * (size_t)view->length);
  }
  return scratch;
}

/* The same for vectors of class indices: always gathered, as int64. */
static inline void load_indices(const struct lossd_plan *plan, const struct lossd_view *view, int64_t row,
                                size_t n, int64_t *out) {
  const int64_t size = (int64_t)lossd_dtype_size(view->dtype);
  struct position p;
  position_set(plan, &p, row);
  for (size_t r = 0; r < n; r++, position_advance(plan, &p, 1)) {
    const char *base = view->data + view_offset(plan, view, &p) * size;
    for (int64_t i = 0; i < view->length; i++)
      *out++ = load_integer(view->dtype, base + i * view->step * size);
  }
}

/* ---- Gradients ---- */

/* Adds the gradients of n rows of one innermost run to the accumulators of a shared input. */
static inline void accumulate_block(const struct lossd_view *view, struct lossd_sum2 *sums, int64_t stride,
                                    size_t n, const real *x) {
  const size_t length = (size_t)view->length;
  if (length == 1 && stride == 0) {
    lossd_sum2_add(sums, sum_real(x, n));
    return;
  }
  for (size_t r = 0; r < n; r++, x += length) {
    struct lossd_sum2 *to = sums + (int64_t)r * stride;
    if (view->step == 0)
      lossd_sum2_add(to, sum_real(x, length));
    else
      for (size_t i = 0; i < length; i++) lossd_sum2_add(to + (int64_t)i * view->step, (double)x[i]);
  }
}

static inline void store_block(const struct lossd_view *view, char *data, int64_t stride, size_t n,
                               const real *x) {
  const int64_t size = (int64_t)lossd_dtype_size(view->dtype);
  const size_t length = (size_t)view->length;
  if (length == 1) {
    store_run(view->dtype, data, stride, n, x);
  } else if (view->step == 1 || stride != 1) {
    for (size_t r = 0; r < n; r++)
      store_run(view->dtype, data + (int64_t)r * stride * size, view->step, length, x + r * length);
  } else {
    real line[LINE_ROWS] = {0};
    for (size_t r = 0; r < n; r += LINE_ROWS) {
      const size_t m = n - r < LINE_ROWS ? n - r : LINE_ROWS;
      for (size_t i = 0; i < length; i++) {
        for (size_t j = 0; j < m; j++) line[j] = x[(r + j) * length + i];
        store_run(view->dtype, data + ((int64_t)i * view->step + (int64_t)r) * size, 1, m, line);
      }
    }
  }
}

/* Where the gradients of rows [row, row + n) may be written in their final place, or NULL. */
static inline real *gradient_in_place(const struct lossd_plan *plan, int input, int64_t row, size_t n) {
  const struct lossd_view *view = &plan->view[input];
  struct position p;
  position_set(plan, &p, row);
  char *first =
      (char *)plan->grad[input] + view_offset(plan, view, &p) * (int64_t)lossd_dtype_size(view->dtype);
  bool direct = !view->shared && gather_is_native(view->dtype, first) && view_is_direct(plan, view) &&
                position_run(plan, &p, n) == n;
  return direct ? (real *)(void *)first : NULL;
}

/* Gradients of rows [row, row + n), contiguous in x, to where they belong. */
static inline void store_rows(const struct lossd_plan *plan, int input, int64_t row, size_t n,
                              const real *x) {
  const struct lossd_view *view = &plan->view[input];
  const int64_t stride = view->stride[plan->dims - 1];
  struct position p;
  position_set(plan, &p, row);
  for (size_t done = 0, m; done < n; done += m, position_advance(plan, &p, (int64_t)m)) {
    m = position_run(plan, &p, n - done);
    int64_t offset = view_offset(plan, view, &p);
    const real *from = x + done * (size_t)view->length;
    if (view->shared)
      accumulate_block(view, plan->accumulator[input] + offset, stride, m, from);
    else
      store_block(view, (char *)plan->grad[input] + offset * (int64_t)lossd_dtype_size(view->dtype), stride,
                  m, from);
  }
}

#endif
