#include "cli/npy.h"

#include <stdio.h>
#include <string.h>

#include "api/binary_input.h"
#include "api/problem.h"

/* What NumPy calls the types, without the byte order; bfloat16 is not among them. */
static const char *const names[LOSSD_DTYPES] = {
    [LOSSD_FLOAT64] = "f8", [LOSSD_FLOAT32] = "f4", [LOSSD_FLOAT16] = "f2",
    [LOSSD_INT64] = "i8",   [LOSSD_INT32] = "i4",   [LOSSD_INT16] = "i2",
    [LOSSD_INT8] = "i1",    [LOSSD_UINT8] = "u1",   [LOSSD_BOOL] = "b1",
};

struct reader {
  const char *at, *end;
  const char *pointer;
  struct lossd_problem *problem;
};

static int bad(const struct reader *r, const char *what) {
  lossd_fail(r->problem, LOSSD_BAD_BODY, r->pointer, "the .npy file %s", what);
  lossd_hint(r->problem, "write the file with numpy.save");
  return r->problem->status;
}

/* ---- The header: a dictionary of Python ---- */

static void skip_space(struct reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t')) r->at++;
}

static bool take(struct reader *r, const char *word) {
  const size_t length = strlen(word);
  skip_space(r);
  if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length)) return false;
  r->at += length;
  return true;
}

static bool take_string(struct reader *r, const char **text, size_t *length) {
  skip_space(r);
  if (r->at == r->end || (*r->at != '\'' && *r->at != '"')) return false;
  const char *close = memchr(r->at + 1, *r->at, (size_t)(r->end - r->at - 1));
  if (!close) return false;
  *text = r->at + 1;
  *length = (size_t)(close - *text);
  r->at = close + 1;
  return !memchr(*text, '\\', *length);
}

static int bad_dtype(const struct reader *r, const char *text, size_t length, const char *hint) {
  char quoted[LOSSD_QUOTE_TEXT];
  lossd_fail(r->problem, LOSSD_DTYPE_MISMATCH, r->pointer,
             "the .npy file has the dtype \"%s\", expected <f8, <f4, <f2, <i8, <i4, <i2, |i1, |u1 or |b1",
             lossd_quote(text, length, quoted));
  lossd_hint(r->problem, "%s", hint);
  return r->problem->status;
}

static int take_dtype(struct reader *r, enum lossd_dtype *dtype) {
  const char *text;
  size_t length;
  if (take(r, "[")) {
    bad(r, "holds records, expected numbers of one type");
    lossd_hint(r->problem, "save one field: a[\"name\"]");
    return r->problem->status;
  }
  if (!take_string(r, &text, &length)) return bad(r, "has a descr that is no string");
  for (int i = 0; length == 3 && i < LOSSD_DTYPES; i++) {
    if (!names[i] || memcmp(names[i], text + 1, 2)) continue;
    if (*text == '>' && lossd_dtype_size((enum lossd_dtype)i) > 1)
      return bad_dtype(r, text, length,
                       "save it in little-endian order: a.astype(a.dtype.newbyteorder(\"<\"))");
    if (!strchr("<|>", *text)) break;
    *dtype = (enum lossd_dtype)i;
    return LOSSD_OK;
  }
  if (length == 3 && text[1] == 'u')
    return bad_dtype(r, text, length, "save the next larger signed type, or int64: a.astype(\"<i8\")");
  if (length == 3 && text[1] == 'V')
    return bad_dtype(r, text, length, "bfloat16 has no type in .npy: save it as .safetensors");
  return bad_dtype(r, text, length, "convert it before saving: a.astype(\"<f4\")");
}

static int take_order(struct reader *r, bool *fortran) {
  *fortran = take(r, "True");
  return *fortran || take(r, "False") ? LOSSD_OK
                                      : bad(r, "has a fortran_order that is neither True nor False");
}

/* A tuple: (), (3,), (3, 4), and (3L,) of Python 2. */
static int take_shape(struct reader *r, struct lossd_shape *shape) {
  *shape = (struct lossd_shape){0};
  bool comma = true;
  if (!take(r, "(")) return bad(r, "has a shape that is no tuple");
  while (!take(r, ")")) {
    if (shape->rank == LOSSD_MAX_RANK)
      return lossd_fail(r->problem, LOSSD_INVALID_SHAPE, r->pointer,
                        "the .npy file has more dimensions, expected at most %d", LOSSD_MAX_RANK);
    const char *after = comma ? lossd_read_whole(r->at, r->end, &shape->dim[shape->rank++]) : NULL;
    if (!after) return bad(r, "has a shape that is no tuple of whole numbers");
    r->at = after;
    take(r, "L");
    comma = take(r, ",");
    if (shape->rank == 1 && !comma) return bad(r, "has a shape that is no tuple: (3) for (3,)");
  }
  return LOSSD_OK;
}

static bool is(const char *name, const char *text, size_t length) {
  return strlen(name) == length && !memcmp(name, text, length);
}

static int take_member(struct reader *r, struct lossd_tensor *tensor, bool *fortran, unsigned *seen) {
  static const char *const keys[] = {"descr", "fortran_order", "shape"};
  const char *text;
  size_t length;
  unsigned key = 0;
  if (!take_string(r, &text, &length) || !take(r, ":")) return bad(r, "has a header that is no dictionary");
  while (key < 3 && !is(keys[key], text, length)) key++;
  if (key == 3 || *seen & 1u << key)
    return bad(r, "has a header with a key besides descr, fortran_order and shape, or one of them twice");
  *seen |= 1u << key;
  skip_space(r);
  return key == 0   ? take_dtype(r, &tensor->dtype)
         : key == 1 ? take_order(r, fortran)
                    : take_shape(r, &tensor->shape);
}

static int read_header(struct reader *r, struct lossd_tensor *tensor, bool *fortran) {
  unsigned seen = 0;
  if (!take(r, "{")) return bad(r, "has a header that does not begin with {");
  while (!take(r, "}")) {
    if (take_member(r, tensor, fortran, &seen)) return r->problem->status;
    if (!take(r, ",") && (r->at == r->end || *r->at != '}'))
      return bad(r, "has a header that is no dictionary");
  }
  skip_space(r);
  if (r->at != r->end) return bad(r, "has a header with something after its dictionary");
  return seen == 7 ? LOSSD_OK : bad(r, "has a header without descr, fortran_order or shape");
}

/* ---- The file ---- */

/* Where the header's text lies; 0 and a problem where there is none. */
static size_t find_header(struct reader *r, const char *bytes, size_t length) {
  if (length < 10 || memcmp(bytes, LOSSD_NPY_MAGIC, LOSSD_NPY_MAGIC_BYTES))
    return (size_t)(bad(r, "does not begin with \\x93NUMPY and a version"), 0);
  const unsigned char major = (unsigned char)bytes[6], minor = (unsigned char)bytes[7];
  const size_t start = major == 1 ? 10 : 12;
  size_t header = 0;
  if (major < 1 || major > 3 || minor != 0)
    return (size_t)(bad(r, "has a version other than 1.0, 2.0 and 3.0"), 0);
  if (length < start) return (size_t)(bad(r, "ends within its header"), 0);
  for (size_t i = start; i-- > 8;) header = header << 8 | (unsigned char)bytes[i];
  if (header > length - start) return (size_t)(bad(r, "ends within its header"), 0);
  r->at = bytes + start;
  r->end = r->at + header;
  return start + header;
}

/* Fortran's order is C's where at most one dimension is longer than 1. */
static bool is_flat(const struct lossd_shape *shape) {
  int longer = 0;
  for (int i = 0; i < shape->rank; i++) longer += shape->dim[i] > 1;
  return longer <= 1;
}

int lossd_npy_read(const char *bytes, size_t length, const char *pointer, struct lossd_tensor *tensor,
                   struct lossd_problem *problem) {
  struct reader r = {.pointer = pointer, .problem = problem};
  bool fortran = false;
  size_t needed;
  *tensor = (struct lossd_tensor){0};
  const size_t start = find_header(&r, bytes, length);
  if (!start || read_header(&r, tensor, &fortran)) return problem->status;
  if (!lossd_shape_bytes(tensor->dtype, &tensor->shape, &needed))
    return lossd_fail(problem, LOSSD_INVALID_SHAPE, pointer, "the .npy file has a shape beyond 2^63 bytes");
  if (needed != length - start) {
    char found[96];
    snprintf(found, sizeof found, "has %zu bytes after its header, its dtype and shape need %zu",
             length - start, needed);
    return bad(&r, found);
  }
  tensor->data = bytes + start;
  if (!fortran || is_flat(&tensor->shape)) return LOSSD_OK;
  bad(&r, "is in Fortran order, expected C order");
  lossd_hint(problem, "save it as np.ascontiguousarray(a)");
  return problem->status;
}

/* ---- Writing ---- */

size_t lossd_npy_header(char out[LOSSD_NPY_HEADER], enum lossd_dtype dtype, const struct lossd_shape *shape) {
  enum { PREAMBLE = 10, ALIGNMENT = 64 };
  if (!names[dtype]) return 0;
  char *to = out + PREAMBLE;
  to += sprintf(to, "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                lossd_dtype_size(dtype) > 1 ? '<' : '|', names[dtype]);
  for (int i = 0; i < shape->rank; i++) to += sprintf(to, i ? ", %lld" : "%lld", (long long)shape->dim[i]);
  to += sprintf(to, shape->rank == 1 ? ",), }" : "), }");
  while ((to - out + 1) % ALIGNMENT) *to++ = ' ';
  *to++ = '\n';
  const size_t header = (size_t)(to - out) - PREAMBLE;
  memcpy(out, LOSSD_NPY_MAGIC "\1", 8);
  out[8] = (char)(header & 255);
  out[9] = (char)(header >> 8);
  return (size_t)(to - out);
}
