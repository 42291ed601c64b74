#include "api/dtype_name.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define UNSIGNED 3 /* of 16, 32 and 64 bits */

static const struct {
  const char *dtype[LOSSD_DTYPES];
  const char *unsigned_type[UNSIGNED]; /* known, but refused */
} spellings[] = {
    [LOSSD_SPELLED_PLAIN] = {{"float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8",
                              "uint8", "bool"},
                             {"uint16", "uint32", "uint64"}},
    [LOSSD_SPELLED_SAFETENSORS] = {{"F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"},
                                   {"U16", "U32", "U64"}},
    [LOSSD_SPELLED_OPEN_INFERENCE] = {{"FP64", "FP32", "FP16", "BF16", "INT64", "INT32", "INT16", "INT8",
                                       "UINT8", "BOOL"},
                                      {"UINT16", "UINT32", "UINT64"}},
};

const char *lossd_spelled_dtype(enum lossd_spelling spelling, enum lossd_dtype dtype) {
  return spellings[spelling].dtype[dtype];
}

enum lossd_dtype lossd_find_spelled_dtype(enum lossd_spelling spelling, const char *name, size_t length) {
  for (int i = 0; i < LOSSD_DTYPES; i++)
    if (lossd_is_named(spellings[spelling].dtype[i], name, length)) return (enum lossd_dtype)i;
  return LOSSD_DTYPES;
}

size_t lossd_spelled_size(enum lossd_spelling spelling, const char *name, size_t length) {
  const enum lossd_dtype dtype = lossd_find_spelled_dtype(spelling, name, length);
  if (dtype != LOSSD_DTYPES) return lossd_dtype_size(dtype);
  for (int i = 0; i < UNSIGNED; i++)
    if (lossd_is_named(spellings[spelling].unsigned_type[i], name, length)) return (size_t)2 << i;
  return 0;
}

/* What other libraries call the types. */
static const struct {
  const char *name;
  enum lossd_dtype dtype;
} aliases[] = {
    {"double", LOSSD_FLOAT64}, {"f64", LOSSD_FLOAT64},  {"fp64", LOSSD_FLOAT64},   {"float", LOSSD_FLOAT32},
    {"f32", LOSSD_FLOAT32},    {"fp32", LOSSD_FLOAT32}, {"single", LOSSD_FLOAT32}, {"half", LOSSD_FLOAT16},
    {"f16", LOSSD_FLOAT16},    {"fp16", LOSSD_FLOAT16}, {"bf16", LOSSD_BFLOAT16},  {"long", LOSSD_INT64},
    {"i64", LOSSD_INT64},      {"int", LOSSD_INT32},    {"i32", LOSSD_INT32},      {"short", LOSSD_INT16},
    {"i16", LOSSD_INT16},      {"i8", LOSSD_INT8},      {"byte", LOSSD_UINT8},     {"u8", LOSSD_UINT8},
    {"boolean", LOSSD_BOOL},   {"f8", LOSSD_FLOAT64},   {"f4", LOSSD_FLOAT32},     {"f2", LOSSD_FLOAT16},
    {"i4", LOSSD_INT32},       {"i2", LOSSD_INT16},     {"i1", LOSSD_INT8},        {"u1", LOSSD_UINT8},
};

/* The type that is meant, as torch.float32, <f4 and double are; LOSSD_DTYPES when nobody can say. */
static enum lossd_dtype meant_dtype(const char *name, size_t length) {
  const char *dot = memchr(name, '.', length);
  if (dot) length -= (size_t)(dot + 1 - name), name = dot + 1;
  if (length && (*name == '<' || *name == '|')) length--, name++;
  for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
    if (strlen(aliases[i].name) == length && !strncasecmp(aliases[i].name, name, length))
      return aliases[i].dtype;
  for (int i = 0; i < LOSSD_DTYPES; i++)
    if (lossd_is_named(spellings[LOSSD_SPELLED_PLAIN].dtype[i], name, length)) return (enum lossd_dtype)i;
  return LOSSD_DTYPES;
}

int lossd_unknown_dtype(enum lossd_spelling spelling, const char *name, size_t length, const char *pointer,
                        struct lossd_problem *problem) {
  const char *const *names = spellings[spelling].dtype;
  char quoted[LOSSD_QUOTE_TEXT], all[96] = "";
  for (int i = 0; i < LOSSD_DTYPES; i++) {
    const size_t used = strlen(all);
    snprintf(all + used, sizeof all - used, "%s%s",
             i == 0                  ? ""
             : i == LOSSD_DTYPES - 1 ? " or "
                                     : ", ",
             names[i]);
  }
  lossd_fail(problem, LOSSD_DTYPE_MISMATCH, pointer, "there is no dtype \"%s\"; expected %s",
             lossd_quote(name, length, quoted), all);
  const enum lossd_dtype meant = meant_dtype(name, length);
  const char *nearest =
      meant != LOSSD_DTYPES ? names[meant] : lossd_nearest(name, length, names, LOSSD_DTYPES);
  if (lossd_spelled_size(spelling, name, length))
    lossd_hint(problem, "send the next larger signed type, or %s", names[LOSSD_INT64]);
  else if (nearest)
    lossd_hint(problem, "did you mean %s?", nearest);
  return problem->status;
}
