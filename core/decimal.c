#include "core/decimal.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

/* Sets the calling thread's locale; returns the one before. The C locale takes no memory. */
static locale_t enter_c_locale(void) {
  return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

static void leave_c_locale(locale_t before) {
  freelocale(uselocale(before));
}

const char *lossd_decimal_text(double number, int digits, char text[LOSSD_DECIMAL_TEXT]) {
  const locale_t before = enter_c_locale();
  snprintf(text, LOSSD_DECIMAL_TEXT, "%.*g", digits, number);
  leave_c_locale(before);
  return text;
}

double lossd_decimal_read(const char *text) {
  const locale_t before = enter_c_locale();
  const double number = strtod(text, NULL);
  leave_c_locale(before);
  return number;
}
