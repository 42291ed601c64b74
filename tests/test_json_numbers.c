/* Arrays of numbers, which are read and written many at once: every instruction set reads the same numbers,
 * finds the same fault in the same place and writes the same text as going one by one does. */
#include <float.h>

#include "api/json_block.h"
#include "api/json_scan.h"
#include "api/json_tensor.h"
#include "core/loss.h"
#include "tests/number_reference.h"
#include "tests/unit.h"

static const char *const instruction_sets[] = {"baseline", "avx2", "avx512"};
#define SETS (sizeof instruction_sets / sizeof *instruction_sets)

enum { MOST = 700, ROOM = MOST * 64 };

static uint64_t below(uint64_t *random, uint64_t limit) {
  return reference_random(random) % limit;
}

/* A number of a kind; of the plain ones, which blocks are made for, and of all others. */
static void write_number(uint64_t *random, int kind, char *out) {
  const double unit = (double)(reference_random(random) >> 11) * 0x1p-53;
  switch (kind) {
  case 0: sprintf(out, "%.7g", 6 * unit - 3); break;
  case 1: sprintf(out, "%.17g", 6 * unit - 3); break;
  case 2: sprintf(out, "%d", (int)below(random, 2)); break;
  case 3:
    sprintf(out, "%.*f", (int)below(random, 24), (unit - 0.5) * pow(10, (double)below(random, 12)));
    break;
  case 4:
    sprintf(out, "%lld",
            (long long)(reference_random(random) >> below(random, 64)) * (below(random, 2) ? 1 : -1));
    break;
  case 5: sprintf(out, "%.9e", unit - 0.5); break;
  case 6: strcpy(out, below(random, 2) ? "-0.0" : "0.00000000000000000000000000000"); break;
  case 7: strcpy(out, below(random, 2) ? "Infinity" : "\"-Infinity\""); break;
  case 8: sprintf(out, "%.30f", unit); break;
  default: out[reference_random_text(random, out)] = 0; break;
  }
}
enum { KINDS = 10 };

struct array {
  char text[ROOM];
  size_t length;
  int count;
  double value[MOST];
};

/* `rows` of equal length, or a flat array for 1; `mixed`: any kind of number anywhere. */
static void write_array(struct array *a, uint64_t *random, int kind, int mixed, int rows, const char *comma) {
  char *at = a->text;
  const int row = MOST / rows;
  a->count = 0;
  at += sprintf(at, rows > 1 ? "[[" : "[");
  for (int i = 0; i < rows * row; i++) {
    if (i) at += sprintf(at, i % row ? "%s" : "]%s[", comma);
    for (;;) {
      write_number(random, mixed ? (below(random, (uint64_t)mixed) ? kind : (int)below(random, KINDS)) : kind,
                   at);
      a->value[i] = strtod(*at == '"' ? at + 1 : at, NULL);
      if (!isinf(a->value[i]) || strchr(at, 'I')) break; /* one that overflows is refused */
    }
    at += strlen(at);
    a->count++;
  }
  at += sprintf(at, rows > 1 ? "]]" : "]");
  a->length = (size_t)(at - a->text);
}

struct result {
  int status;
  long long offset;
  int64_t count;
  bool ragged;
  struct lossd_shape shape;
};

/* Reads the text from a block of exactly its size. out may be NULL. */
static struct result read_array(const char *text, size_t length, enum lossd_dtype dtype, void *out) {
  struct lossd_arena arena;
  struct lossd_json json;
  struct lossd_problem problem = {.offset = -1};
  char *const copy = malloc(length);
  assert_non_null(copy);
  memcpy(copy, text, length);
  lossd_arena_init(&arena, NULL);
  lossd_json_parse(&json, copy, length, NULL, &arena, &problem);
  struct result result = {.status = problem.status, .offset = problem.offset, .count = -1};
  const struct lossd_json_span *span = problem.status ? NULL : lossd_json_span(&json, json.root);
  if (span && span->kind == LOSSD_JSON_ARRAY) {
    result.count = span->bad_leaf ? -1 : span->count;
    result.ragged = !span->bad_leaf && span->ragged;
    if (!span->bad_leaf && !span->ragged) {
      result.shape.rank = span->rank;
      memcpy(result.shape.dim, span->dim, (size_t)span->rank * sizeof *span->dim);
    }
    if (out) assert_int_equal(lossd_json_read(span, dtype, out, "", NULL, &problem), LOSSD_OK);
  }
  lossd_json_free(&json);
  lossd_arena_reset(&arena);
  free(copy);
  return result;
}

static void expect_values(const struct array *a, const char *set) {
  static double doubles[MOST];
  static float floats[MOST];
  const struct result result = read_array(a->text, a->length, LOSSD_FLOAT64, doubles);
  if (result.status) fail_msg("%s: status %d at %lld of %.200s", set, result.status, result.offset, a->text);
  assert_int_equal(result.count, a->count);
  for (int i = 0; i < a->count; i++)
    if (!reference_same_double(doubles[i], a->value[i]))
      fail_msg("%s: number %d is %a, expected %a, in %.200s", set, i, doubles[i], a->value[i], a->text);
  for (int i = 0; i < a->count; i++)
    if (fabs(a->value[i]) > FLT_MAX && !isinf(a->value[i])) return;
  read_array(a->text, a->length, LOSSD_FLOAT32, floats);
  const char *at = a->text;
  for (int i = 0; i < a->count; i++) {
    at += strspn(at, "[], \n\"");
    char *end;
    const float expected = strtof(at, &end);
    if (!reference_same_float(floats[i], expected))
      fail_msg("%s: number %d is %a as float32, expected %a, in %.200s", set, i, (double)floats[i],
               (double)expected, a->text);
    at = end + (*end == '"');
  }
}

static void reads_arrays_correctly_rounded_in_every_instruction_set(void **state) {
  (void)state;
  static const char *const commas[] = {",", ", ", " , ", ",\n  ", ",  "};
  static const int mixtures[] = {0, 50, 2}, row_counts[] = {1, MOST / 3, 7};
  static struct array a;
  uint64_t random = 1;
  for (int kind = 0; kind < KINDS; kind++)
    for (int i = 0; i < 5 * 3 * 3; i++) {
      write_array(&a, &random, kind, mixtures[i / 5 % 3], row_counts[i / 15], commas[i % 5]);
      for (size_t set = 0; set < SETS; set++)
        if (lossd_force_instruction_set(instruction_sets[set])) expect_values(&a, instruction_sets[set]);
    }
}

/* Long enough for many stretches, which are read in any order. */
static void reads_stretches_as_it_reads_the_whole_in_every_instruction_set(void **state) {
  (void)state;
  enum { COUNT = 100000 };
  static double expected[COUNT], found[COUNT];
  uint64_t random = 4;
  char *const text = malloc((size_t)COUNT * 64), *at = text;
  assert_non_null(text);
  for (int i = 0; i < COUNT; i++) {
    at += sprintf(at, i == 0 ? "[[" : i % 10 == 0 ? "],[" : i % 7 ? "," : ", ");
    write_number(&random, (int)below(&random, 8) % 6, at);
    expected[i] = strtod(at, NULL);
    at += strlen(at);
  }
  at += sprintf(at, "]]");
  for (size_t set = 0; set < SETS; set++) {
    struct lossd_arena arena;
    struct lossd_json json;
    struct lossd_problem problem;
    if (!lossd_force_instruction_set(instruction_sets[set])) continue;
    lossd_arena_init(&arena, NULL);
    assert_int_equal(lossd_json_parse(&json, text, (size_t)(at - text), NULL, &arena, &problem), LOSSD_OK);
    const struct lossd_json_span *span = lossd_json_span(&json, json.root);
    assert_true(lossd_json_stretches(span) > 5);
    for (size_t i = lossd_json_stretches(span); i-- > 0;)
      assert_int_equal(lossd_json_read_stretch(span, i, LOSSD_FLOAT64, found, "", NULL, &problem), LOSSD_OK);
    for (int i = 0; i < COUNT; i++) assert_true(reference_same_double(found[i], expected[i]));
    lossd_json_free(&json);
    lossd_arena_reset(&arena);
  }
  free(text);
}

/* With a tab before each comma outside strings nothing is read by blocks. out may be NULL. Returns the
 * length. */
static size_t without_blocks(const char *text, size_t length, char *out) {
  size_t used = 0;
  bool quoted = false;
  for (size_t i = 0; i < length; i++) {
    quoted ^= text[i] == '"';
    if (text[i] == ',' && !quoted && out) out[used] = '\t';
    used += text[i] == ',' && !quoted;
    if (out) out[used] = text[i];
    used++;
  }
  return used;
}

/* A tab may also stand where a comma, now a byte later, is at fault. */
static void expect_same_reading(const char *text, size_t length, const char *set) {
  static char plain[2 * ROOM];
  const struct result one_by_one =
      read_array(plain, without_blocks(text, length, plain), LOSSD_FLOAT64, NULL);
  const struct result by_blocks = read_array(text, length, LOSSD_FLOAT64, NULL);
  const long long offset =
      by_blocks.offset < 0 ? -1 : (long long)without_blocks(text, (size_t)by_blocks.offset, NULL);
  const long long late = one_by_one.offset - offset;
  const bool same_shape = one_by_one.ragged == by_blocks.ragged && one_by_one.count == by_blocks.count &&
                          lossd_shape_equal(&one_by_one.shape, &by_blocks.shape);
  if (one_by_one.status != by_blocks.status || !same_shape || late < 0 || late > 1)
    fail_msg("%s: status %d, %lld numbers, byte %lld; one by one %d, %lld, %lld: %.300s", set,
             by_blocks.status, (long long)by_blocks.count, offset, one_by_one.status,
             (long long)one_by_one.count, one_by_one.offset, text);
}

static void finds_the_same_faults_as_one_by_one_in_every_instruction_set(void **state) {
  (void)state;
  static const char bytes[] = "0123456789+-.eE,, []x";
  static struct array a;
  uint64_t random = 2;
  for (int i = 0; i < 3000; i++) {
    write_array(&a, &random, (int)below(&random, 6), i % 3 ? 0 : 9, i % 2 ? 1 : 70, i % 5 ? "," : ", ");
    if (a.length > 600) a.length = 600 - below(&random, 64); /* cut anywhere: most have no end */
    for (int faults = 0; faults < 1 + i % 2; faults++)
      a.text[below(&random, a.length)] = bytes[below(&random, sizeof bytes - 1)];
    a.text[a.length] = 0;
    for (size_t set = 0; set < SETS; set++)
      if (lossd_force_instruction_set(instruction_sets[set]))
        expect_same_reading(a.text, a.length, instruction_sets[set]);
  }
}

/* Signs are looked up by what is there: it must be one, of leaves that are no plain numbers too. */
static void gives_every_leaf_a_sign(void **state) {
  (void)state;
  static const char text[] = "1,NaN,-2.5,\"-Infinity\",1e400,-3,4,null,123456789012345678901234567890,5,-6";
  const char *const best = lossd_instruction_set();
  for (size_t set = 0; set < SETS; set++) {
    if (!lossd_force_instruction_set(instruction_sets[set])) continue; /* not on this machine */
    struct lossd_decimals decimals;
    memset(&decimals, 0xFF, sizeof decimals);
    decimals.count = 0;
    const char *const end = text + sizeof text - 1;
    const char *const next = lossd_json_kernel()->take(text, text, end, &decimals);
    if (next == text) continue; /* has no fast way */
    assert_int_equal(decimals.count, 11);
    for (size_t i = 0; i < decimals.count; i++) assert_true(decimals.negative[i] <= 1);
  }
  lossd_force_instruction_set(best);
}

/* ---- Writing ---- */

static double random_value(uint64_t *random, int kind) {
  const double unit = (double)(reference_random(random) >> 11) * 0x1p-53;
  const uint64_t bits = reference_random(random);
  char text[64];
  switch (kind) {
  case 0: return reference_double(bits);
  case 1: return (unit - 0.5) * pow(10, (double)(bits % 40) - 20);
  case 2: return snprintf(text, sizeof text, "%.*g", 1 + (int)(bits % 17), unit), strtod(text, NULL);
  case 3: return nextafter((double)(bits >> 44) / pow(10, (double)(bits % 10)), bits >> 20 & 1 ? 1e300 : 0);
  case 4: return (double)(int64_t)(bits >> (bits & 63)) * pow(2, -(double)(bits >> 8 & 63)); /* many ties */
  case 5: return (double)(bits % 5) - 2;
  default: return 2e-6 * (unit - 0.5);
  }
}

enum { VALUES = 8 * 64 + 5 };

/* The same numbers, where float32 has them. */
struct values {
  double wide[VALUES];
  float narrow[VALUES];
};

/* Arrays nested by shape, from dimension d and element *i on, one by one. */
static char *write_nested(char *out, const struct values *values, bool narrow,
                          const struct lossd_shape *shape, int d, size_t *i) {
  if (d == shape->rank) {
    const size_t k = (*i)++;
    return narrow ? lossd_write_float(out, values->narrow[k]) : lossd_write_double(out, values->wide[k]);
  }
  for (int64_t k = 0; k < shape->dim[d]; k++) {
    *out++ = k ? ',' : '[';
    out = write_nested(out, values, narrow, shape, d + 1, i);
  }
  *out++ = ']';
  return out;
}

/* In two runs, which meet at `split`. */
static char *write_many(char *out, const struct values *values, bool narrow, const struct lossd_shape *shape,
                        int64_t split) {
  const struct lossd_json_kernel *const kernel = lossd_json_kernel();
  const struct lossd_nesting nesting = lossd_nesting_of(shape);
  const char *const from = narrow ? (const char *)values->narrow : (const char *)values->wide;
  char *(*const write)(char *, const char *, const struct lossd_nesting *, int64_t, int64_t) =
      narrow ? kernel->write_floats : kernel->write_doubles;
  if (split) out = write(out, from, &nesting, 0, split);
  return write(out, from, &nesting, split, lossd_shape_count(shape) - split);
}

static void expect_same_text(const struct values *values, bool narrow, const struct lossd_shape *shape,
                             int64_t split) {
  enum { BYTES = VALUES * (27 + 8) + LOSSD_NUMBER_TEXT_MAX };
  char *const expected = malloc(BYTES), *const written = malloc(BYTES);
  assert_true(expected && written);
  size_t i = 0;
  const char *const end = write_nested(expected, values, narrow, shape, 0, &i);
  for (size_t set = 0; set < SETS; set++) {
    if (!lossd_force_instruction_set(instruction_sets[set])) continue;
    assert_int_equal(write_many(written, values, narrow, shape, split) - written, end - expected);
    assert_memory_equal(written, expected, (size_t)(end - expected));
  }
  free(expected);
  free(written);
}

static void writes_many_as_it_writes_one_in_every_instruction_set(void **state) {
  (void)state;
  uint64_t random = 3;
  for (int i = 0; i < 1000; i++) {
    struct values values;
    const int64_t row = 1 + (int64_t)below(&random, i % 2 ? 12 : VALUES), rows = VALUES / row;
    const int64_t outer = 1 + (int64_t)below(&random, (uint64_t)(rows < 5 ? rows : 5));
    const struct lossd_shape shapes[] = {{1, {row}}, {2, {rows, row}}, {3, {outer, rows / outer, row}}};
    const struct lossd_shape *shape = &shapes[i % 3];
    for (int k = 0; k < VALUES; k++) {
      const uint32_t any = (uint32_t)reference_random(&random);
      values.wide[k] = random_value(&random, i % 7);
      values.narrow[k] = (float)values.wide[k];
      if (i % 7 == 0) memcpy(&values.narrow[k], &any, sizeof any);
    }
    const int64_t split = (int64_t)below(&random, (uint64_t)lossd_shape_count(shape));
    expect_same_text(&values, i / 7 % 2, shape, split);
  }
}

/* Rows of 1 to 9 numbers, in two or three dimensions; in some texts a row is longer or shorter, or there is a
 * fault. */
static size_t write_rows(char *text, uint64_t *random, bool deep, bool ragged, const char *comma) {
  const int length = 1 + (int)below(random, 9), rows = 20 + (int)below(random, 20);
  const int wrong = ragged ? (int)below(random, (uint64_t)rows) : -1, kind = (int)below(random, 6);
  char *at = text + sprintf(text, deep ? "[[[" : "[[");
  for (int row = 0; row < rows; row++) {
    const int count = length + (row == wrong ? (int)below(random, 3) - 1 : 0);
    if (row) at += sprintf(at, deep && row % 5 == 0 ? "]]%s[[" : "]%s[", comma);
    for (int i = 0; i < count; i++) {
      if (i) at += sprintf(at, "%s", comma);
      write_number(random, below(random, 200) ? kind : (int)below(random, KINDS), at);
      at += strlen(at);
    }
  }
  at += sprintf(at, deep ? "]]]" : "]]");
  return (size_t)(at - text);
}

static void finds_the_same_shapes_as_one_by_one_in_every_instruction_set(void **state) {
  (void)state;
  static const char bytes[] = "0.,, []";
  static char text[ROOM];
  uint64_t random = 5;
  for (int i = 0; i < 4000; i++) {
    const size_t length = write_rows(text, &random, i % 2, i / 2 % 2, i / 4 % 3 ? "," : ", ");
    if (i % 3 == 0) text[below(&random, length)] = bytes[below(&random, sizeof bytes - 1)];
    for (size_t set = 0; set < SETS; set++)
      if (lossd_force_instruction_set(instruction_sets[set]))
        expect_same_reading(text, length, instruction_sets[set]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_arrays_correctly_rounded_in_every_instruction_set),
      cmocka_unit_test(reads_stretches_as_it_reads_the_whole_in_every_instruction_set),
      cmocka_unit_test(finds_the_same_faults_as_one_by_one_in_every_instruction_set),
      cmocka_unit_test(gives_every_leaf_a_sign),
      cmocka_unit_test(writes_many_as_it_writes_one_in_every_instruction_set),
      cmocka_unit_test(finds_the_same_shapes_as_one_by_one_in_every_instruction_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
