/* What the sources that are compiled once for each instruction set call what they make there: LOSSD_VARIANT
 * is the one being compiled. For json_block.c, whose table has all of it, json_parts.c, number_round.c and
 * number_write_many.c; what each function does is said in json_block.h. */
#ifndef LOSSD_API_JSON_VARIANT_H
#define LOSSD_API_JSON_VARIANT_H

#include "api/json_block.h"

/* lossd_json_take_avx2 and so on. */
#define LOSSD_IN_SET(name) LOSSD_JOIN(lossd_, name, LOSSD_VARIANT)
#define LOSSD_JOIN(a, b, c) LOSSD_JOIN_(a, b, c)
#define LOSSD_JOIN_(a, b, c) a##b##_##c

extern const struct lossd_json_kernel LOSSD_IN_SET(json);

const char *LOSSD_IN_SET(json_take)(const char *begin, const char *text, const char *end,
                                    struct lossd_decimals *decimals);
void LOSSD_IN_SET(round_doubles)(const struct lossd_decimals *decimals, double *out);
void LOSSD_IN_SET(round_floats)(const struct lossd_decimals *decimals, float *out);
char *LOSSD_IN_SET(write_doubles)(char *out, const char *values, const struct lossd_nesting *nesting,
                                  int64_t first, int64_t count);
char *LOSSD_IN_SET(write_floats)(char *out, const char *values, const struct lossd_nesting *nesting,
                                 int64_t first, int64_t count);

#endif
