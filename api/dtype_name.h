/* What each wire format calls the element types. Constant tables, any thread. */
#ifndef LOSSD_API_DTYPE_NAME_H
#define LOSSD_API_DTYPE_NAME_H

#include "core/problem.h"
#include "core/tensor.h"

/* "float32" (JSON and raw), "F32" (safetensors), "FP32" (Open Inference). */
enum lossd_spelling { LOSSD_SPELLED_PLAIN, LOSSD_SPELLED_SAFETENSORS, LOSSD_SPELLED_OPEN_INFERENCE };

const char *lossd_spelled_dtype(enum lossd_spelling spelling, enum lossd_dtype dtype);
/* The dtype of that name (not NUL-terminated), or LOSSD_DTYPES. */
enum lossd_dtype lossd_find_spelled_dtype(enum lossd_spelling spelling, const char *name, size_t length);
/* Bytes an element of a type of that name, the unsigned types that lossd does not take
 * included; 0: unknown. */
size_t lossd_spelled_size(enum lossd_spelling spelling, const char *name, size_t length);
/* DTYPE_MISMATCH for a name that lossd_find_spelled_dtype did not find; the hint says what
 * to send instead. */
int lossd_unknown_dtype(enum lossd_spelling spelling, const char *name, size_t length, const char *pointer,
                        struct lossd_problem *problem);

#endif
