/* The number reader and writer against the C library over many random values; not part of the test suite.
 *
 *   number_text_long [COUNT [SEED]]     COUNT rounds (default 200 million), each of one text, one double, one
 * float
 *
 * Every 64th value is also checked to be the shortest. Prints each disagreement; exit status 1 when there is
 * any. */
#include "tests/number_reference.h"

static unsigned long long failures;

static void report(const char *what, double value, const char *text) {
  failures++;
  printf("%s: %a %s\n", what, value, text);
  fflush(stdout);
}

static void check_double(double value, bool thoroughly) {
  char text[LOSSD_NUMBER_TEXT_MAX + 1];
  if (!isfinite(value)) return;
  *lossd_write_double(text, value) = '\0';
  if (!reference_double_returns(value)) report("double does not read back", value, text);
  if (thoroughly && !reference_is_shortest(text, value, false)) report("double is not shortest", value, text);
}

static void check_float(float value, bool thoroughly) {
  char text[LOSSD_NUMBER_TEXT_MAX + 1];
  if (!isfinite(value)) return;
  *lossd_write_float(text, value) = '\0';
  if (!reference_float_returns(value)) report("float does not read back", (double)value, text);
  if (thoroughly && !reference_is_shortest(text, (double)value, true))
    report("float is not shortest", (double)value, text);
}

int main(int argc, char **argv) {
  const unsigned long long count = argc > 1 ? strtoull(argv[1], NULL, 10) : 200000000;
  uint64_t random = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
  for (unsigned long long i = 0; i < count && failures < 100; i++) {
    const bool thoroughly = i % 64 == 0;
    char text[64];
    const size_t length = reference_random_text(&random, text);
    if (!reference_reads_alike(text, length)) report("text reads otherwise", strtod(text, NULL), text);
    check_double(reference_double(reference_random(&random)), thoroughly);
    check_float(reference_float((uint32_t)reference_random(&random)), thoroughly);
  }
  printf("%llu rounds, %llu failures\n", count, failures);
  return failures != 0;
}
