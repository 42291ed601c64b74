/* .npy files (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3), read
 * strictly: little-endian, C order, nothing after the data. Pure functions of bytes, any thread. */
#ifndef LOSSD_CLI_NPY_H
#define LOSSD_CLI_NPY_H

#include "core/problem.h"
#include "core/tensor.h"

#define LOSSD_NPY_MAGIC "\x93NUMPY"
#define LOSSD_NPY_MAGIC_BYTES 6
#define LOSSD_NPY_HEADER 320 /* the longest that lossd_npy_header writes */

/* The file's array, used where it lies in bytes. pointer names what it is for, in problems: BAD_BODY,
 * DTYPE_MISMATCH, INVALID_SHAPE. */
int lossd_npy_read(const char *bytes, size_t length, const char *pointer, struct lossd_tensor *tensor,
                   struct lossd_problem *problem);
/* Writes what comes before the data of such a tensor; its length is a multiple of 64. 0: .npy has no name for
 * the dtype (bfloat16). */
size_t lossd_npy_header(char out[LOSSD_NPY_HEADER], enum lossd_dtype dtype, const struct lossd_shape *shape);

#endif
