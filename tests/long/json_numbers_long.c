/* Arrays of numbers, read and written many at once, against the C library and the writer of one number
 * (number_text_long proves that); not part of the test suite.
 *
 *   json_numbers_long [COUNT [SEED]]     COUNT numbers read and written (default 200 million)
 *
 * The instruction sets take turns. Prints each disagreement; exit status 1 when there is any. */
#include "api/json_block.h"
#include "api/json_scan.h"
#include "api/json_tensor.h"
#include "core/loss.h"
#include "tests/number_reference.h"

enum { MANY = 1000, ROOM = MANY * 64 };

static unsigned long long failures;

static void report(const char *what, double found, double expected) {
  failures++;
  printf("%s: %s: %a, expected %a\n", lossd_instruction_set(), what, found, expected);
  fflush(stdout);
}

/* Reads a JSON array; false where it is refused, as numbers beyond the type's range are. */
static bool read_array(const char *text, size_t length, enum lossd_dtype dtype, void *out) {
  struct lossd_arena arena;
  struct lossd_json json;
  struct lossd_problem problem;
  lossd_arena_init(&arena, NULL);
  const bool good = !lossd_json_parse(&json, text, length, NULL, &arena, &problem) &&
                    !lossd_json_read(lossd_json_span(&json, json.root), dtype, out, "", NULL, &problem);
  lossd_json_free(&json);
  lossd_arena_reset(&arena);
  return good;
}

/* A number with an exponent now and then, among whose digits a point may be, that is no infinity. */
static size_t random_text(uint64_t *random, char *out) {
  size_t length;
  do length = reference_random_text(random, out);
  while (isinf(strtof(out, NULL)) || (length > 2 && strpbrk(out, "eE") && reference_random(random) % 50));
  return length;
}

static void check_reading(uint64_t *random) {
  static char text[ROOM];
  static double doubles[MANY], expected[MANY];
  static float floats[MANY], expected_floats[MANY];
  char *at = text;
  for (int i = 0; i < MANY; i++) {
    *at++ = i ? ',' : '[';
    const size_t length = random_text(random, at);
    expected[i] = strtod(at, NULL);
    expected_floats[i] = strtof(at, NULL);
    at += length;
  }
  *at++ = ']';
  if (!read_array(text, (size_t)(at - text), LOSSD_FLOAT64, doubles) ||
      !read_array(text, (size_t)(at - text), LOSSD_FLOAT32, floats))
    report("an array is refused", 0, 0);
  for (int i = 0; i < MANY; i++) {
    if (!reference_same_double(doubles[i], expected[i])) report("float64", doubles[i], expected[i]);
    if (!reference_same_float(floats[i], expected_floats[i]))
      report("float32", (double)floats[i], (double)expected_floats[i]);
  }
}

/* Any bits; or, as most gradients are, of a size between 1e-20 and 1e20. */
static double random_value(uint64_t *random) {
  const uint64_t bits = reference_random(random);
  const double unit = (double)(reference_random(random) >> 11) * 0x1p-53 - 0.5;
  return bits & 1 ? unit * pow(10, (double)(bits >> 1 & 0xFF) * (40. / 255) - 20) : reference_double(bits);
}

static void check_writing(uint64_t *random) {
  static char expected[2][ROOM], written[ROOM];
  static double values[MANY];
  static float floats[MANY];
  const struct lossd_nesting nesting = lossd_nesting_of(&(struct lossd_shape){1, {MANY}});
  const struct lossd_json_kernel *const kernel = lossd_json_kernel();
  char *end[2] = {expected[0], expected[1]};
  for (int i = 0; i < MANY; i++) {
    values[i] = random_value(random);
    const uint32_t bits = (uint32_t)reference_random(random);
    memcpy(&floats[i], &bits, sizeof bits);
    *end[0]++ = *end[1]++ = i ? ',' : '[';
    end[0] = lossd_write_double(end[0], values[i]);
    end[1] = lossd_write_float(end[1], floats[i]);
  }
  for (int narrow = 0; narrow < 2; narrow++) {
    *end[narrow]++ = ']';
    const char *const after = narrow
                                  ? kernel->write_floats(written, (const char *)floats, &nesting, 0, MANY)
                                  : kernel->write_doubles(written, (const char *)values, &nesting, 0, MANY);
    const double first = narrow ? (double)floats[0] : values[0];
    const size_t length = (size_t)(end[narrow] - expected[narrow]);
    if ((size_t)(after - written) != length || memcmp(written, expected[narrow], length) != 0)
      report("an array is written otherwise, which begins with", first, first);
  }
}

int main(int argc, char **argv) {
  static const char *const sets[] = {"avx512", "avx2", "baseline"};
  const unsigned long long count = argc > 1 ? strtoull(argv[1], NULL, 10) : 200000000;
  uint64_t random = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
  for (unsigned long long i = 0; i < count / MANY && failures < 100; i++) {
    if (!lossd_force_instruction_set(sets[i % 3])) continue;
    check_reading(&random);
    check_writing(&random);
  }
  printf("%llu numbers, %llu failures\n", count, failures);
  return failures != 0;
}
