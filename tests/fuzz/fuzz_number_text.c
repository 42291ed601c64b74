/* Any bytes as a number token, against RFC 8259's grammar and the C library; the first eight as a double to
 * write. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/number_reference.h"

static bool is_word(const char *text, size_t length) {
  return (length == 3 && memcmp(text, "NaN", 3) == 0) || (length == 8 && memcmp(text, "Infinity", 8) == 0) ||
         (length == 9 && memcmp(text, "-Infinity", 9) == 0);
}

static void check_reading(const char *text, size_t length) {
  struct lossd_number number;
  const char *const end = lossd_read_number(text, text + length, &number);
  const size_t expected = reference_number_length(text, length);
  if (end == NULL) {
    if (expected != 0) abort();
    return;
  }
  const size_t read = (size_t)(end - text);
  if (read != expected && !(expected == 0 && is_word(text, read))) abort();
  char *const token = malloc(read + 1);
  if (token == NULL) return;
  memcpy(token, text, read);
  token[read] = '\0';
  if (!reference_reads_alike(token, read) || !reference_same_double(number.value, strtod(token, NULL)))
    abort();
  free(token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check_reading((const char *)data, size);
  uint64_t bits;
  if (size < sizeof bits) return 0;
  memcpy(&bits, data, sizeof bits);
  if (isfinite(reference_double(bits)) && !reference_double_returns(reference_double(bits))) abort();
  if (isfinite(reference_float((uint32_t)bits)) && !reference_float_returns(reference_float((uint32_t)bits)))
    abort();
  return 0;
}
