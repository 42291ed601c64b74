/* Tensors as JSON arrays. Pure functions, any thread; the text goes into the caller's writer. */
#ifndef LOSSD_API_TENSOR_TEXT_H
#define LOSSD_API_TENSOR_TEXT_H

#include <stdatomic.h>

#include "api/json_text.h"
#include "core/tensor.h"

/* An upper bound of the text's bytes; SIZE_MAX where it does not fit. */
size_t lossd_tensor_text_bound(const struct lossd_tensor *tensor);
/* Adds the numbers as arrays nested by shape (a number at rank 0), or, if flat, as one array. Each number is
 * the shortest that reads back in the tensor's type, float16 and bfloat16 as the float32 they equal; numbers
 * that are not finite are quoted. False when cancelled, which may be NULL and is looked at for each few
 * thousand numbers. */
bool lossd_tensor_text(struct lossd_json_text *out, const struct lossd_tensor *tensor, bool flat,
                       const atomic_int *cancelled);

/* The part of that text (not flat) which elements first to first + count make up, in the order of memory: the
 * parts of one tensor, one after the other, are the whole. Returns its end; out has lossd_tensor_range_bound
 * bytes. The tensor is not empty. */
char *lossd_tensor_range(char *out, const struct lossd_tensor *tensor, int64_t first, int64_t count);
size_t lossd_tensor_range_bound(const struct lossd_tensor *tensor, int64_t count);

#endif
