/* Tensors: a dtype, a shape of at most LOSSD_MAX_RANK dimensions and borrowed row-major little-endian bytes.
 * A tensor never owns its data. Data may have any alignment. Pure functions, any thread. */
#ifndef LOSSD_CORE_TENSOR_H
#define LOSSD_CORE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LOSSD_MAX_RANK 8

enum lossd_dtype {
#define X(symbol, name, size, floating) LOSSD_##symbol,
#include "core/dtype.def"
#undef X
  LOSSD_DTYPES
};

struct lossd_shape {
  int rank;
  int64_t dim[LOSSD_MAX_RANK];
};

struct lossd_tensor {
  enum lossd_dtype dtype;
  struct lossd_shape shape;
  const void *data;
};

const char *lossd_dtype_name(enum lossd_dtype dtype);
size_t lossd_dtype_size(enum lossd_dtype dtype);
bool lossd_dtype_is_floating(enum lossd_dtype dtype);
/* The dtype of that name (not NUL-terminated), or LOSSD_DTYPES. */
enum lossd_dtype lossd_dtype_find(const char *name, size_t length);

/* Number of elements, 1 at rank 0; -1 when a dimension is negative or the product overflows int64. */
int64_t lossd_shape_count(const struct lossd_shape *shape);
/* Bytes of a tensor of that dtype and shape; false when count or bytes overflow. */
bool lossd_shape_bytes(enum lossd_dtype dtype, const struct lossd_shape *shape, size_t *bytes);
bool lossd_shape_equal(const struct lossd_shape *a, const struct lossd_shape *b);
/* Writes "[2, 3]" into text, always NUL-terminated; returns text. */
#define LOSSD_SHAPE_TEXT 192
char *lossd_shape_text(const struct lossd_shape *shape, char text[LOSSD_SHAPE_TEXT]);

#ifdef __cplusplus
}
#endif

#endif
