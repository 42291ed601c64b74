/* Tensors out of JSON: from what the scanner noted (json_scan.h) to a shape and to numbers in their own type.
 * Pure functions; memory belongs to the caller. `pointer` is the JSON pointer of the array, for problems,
 * which then name the very element. */
#ifndef LOSSD_API_JSON_TENSOR_H
#define LOSSD_API_JSON_TENSOR_H

#include "api/json_scan.h"

/* The shape of a number, a boolean or nested arrays; rank 0 for the first two. Problems: INVALID_TENSOR for
 * anything else and for ragged arrays, INVALID_SHAPE for too high a rank. */
int lossd_json_shape(const struct lossd_json *json, const cJSON *item, const char *pointer,
                     struct lossd_shape *shape, struct lossd_problem *problem);
/* An array of dimensions: at most LOSSD_MAX_RANK whole numbers >= 0 whose product fits. Problem:
 * INVALID_SHAPE. */
int lossd_json_dims(const struct lossd_json *json, const cJSON *item, const char *pointer,
                    struct lossd_shape *shape, struct lossd_problem *problem);
/* Data of shape `found` may be read as `shape` where that is the same, or the data flat with as many numbers.
 * Problem: INVALID_TENSOR. */
int lossd_json_match(const struct lossd_shape *found, const struct lossd_shape *shape, const char *pointer,
                     struct lossd_problem *problem);

/* Reads a span that has a shape into out, row-major, of dtype; out has room for exactly its leaves. Floating
 * numbers are rounded to nearest, ties to even. Integers may be written as 1.0; booleans are true and false
 * only. Problems: VALUE_OUT_OF_DOMAIN for a number that the dtype cannot hold, INVALID_TENSOR for a leaf of
 * the wrong kind. */
int lossd_json_read(const struct lossd_json_span *span, enum lossd_dtype dtype, void *out,
                    const char *pointer, const atomic_int *cancelled, struct lossd_problem *problem);
/* The same stretch by stretch, which different threads may read at once. out is that of the whole. */
size_t lossd_json_stretches(const struct lossd_json_span *span);
int lossd_json_read_stretch(const struct lossd_json_span *span, size_t stretch, enum lossd_dtype dtype,
                            void *out, const char *pointer, const atomic_int *cancelled,
                            struct lossd_problem *problem);

#endif
