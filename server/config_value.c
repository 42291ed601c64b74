/* Values of flags: text to value and back. */
#include "server/config_table.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct suffix {
  const char *text;
  double factor;
};

/* Powers of 1024 whatever the spelling, as for memory elsewhere. */
static const struct suffix size_suffixes[] = {
    {"", 1},           {"KiB", 1024.0},      {"MiB", 1048576.0}, {"GiB", 1073741824.0}, {"Ki", 1024.0},
    {"Mi", 1048576.0}, {"Gi", 1073741824.0}, {"K", 1024.0},      {"M", 1048576.0},      {"G", 1073741824.0},
    {NULL, 0}};
static const struct suffix time_suffixes[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {NULL, 0}};
static const struct suffix no_suffixes[] = {{"", 1}, {NULL, 0}};

/* Decimal digits, a fraction where `fraction`, then a suffix. False when the text is anything else. */
static bool read_number(const char *text, bool fraction, const struct suffix *suffixes, double *value) {
  size_t digits = strspn(text, "0123456789"), length = digits;
  if (fraction && text[length] == '.') length += 1 + strspn(text + length + 1, "0123456789");
  if (digits == 0 || length > 40) return false;
  for (const struct suffix *suffix = suffixes; suffix && suffix->text; suffix++)
    if (strcmp(text + length, suffix->text) == 0) {
      *value = strtod(text, NULL) * suffix->factor;
      return true;
    }
  return false;
}

static bool can_read_file(const char *path) {
  struct stat status;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return false;
  bool readable = fstat(file, &status) == 0 && !S_ISDIR(status.st_mode);
  close(file);
  return readable;
}

/* The position of text in a NULL-terminated list, or -1. */
static int position(const char *text, const char *const *list) {
  for (int i = 0; list[i]; i++)
    if (strcmp(text, list[i]) == 0) return i;
  return -1;
}

static bool set_number(const struct lossd_flag *flag, const char *text, void *field) {
  static const struct {
    bool fraction;
    const struct suffix *suffixes;
  } spelling[] = {[LOSSD_FLAG_COUNT] = {false, no_suffixes},
                  [LOSSD_FLAG_COUNT64] = {false, no_suffixes},
                  [LOSSD_FLAG_BYTES] = {false, size_suffixes},
                  [LOSSD_FLAG_SECONDS] = {true, time_suffixes}};
  double value;
  if (!read_number(text, spelling[flag->type].fraction, spelling[flag->type].suffixes, &value)) return false;
  if (!(value >= flag->minimum && value <= flag->maximum)) return false;
  switch (flag->type) {
  case LOSSD_FLAG_COUNT: *(int *)field = (int)value; break;
  case LOSSD_FLAG_COUNT64: *(int64_t *)field = (int64_t)value; break;
  case LOSSD_FLAG_BYTES: *(size_t *)field = (size_t)value; break;
  default: *(double *)field = value; break;
  }
  return true;
}

static bool set_text(const struct lossd_flag *flag, const char *text, const char **field) {
  if (flag->type == LOSSD_FLAG_FILE ? !can_read_file(text) : flag->accepts && !flag->accepts(text))
    return false;
  *field = text;
  return true;
}

static bool set_switch(const char *text, bool *field) {
  static const char *const words[] = {"false", "true", "0", "1", NULL};
  int word = position(text, words);
  *field = word % 2 == 1;
  return word >= 0;
}

static bool set_choice(const struct lossd_flag *flag, const char *text, int *field) {
  *field = position(text, flag->choices);
  return *field >= 0;
}

bool lossd_flag_set(const struct lossd_flag *flag, const char *text, struct lossd_config *config) {
  void *field = (char *)config + flag->offset;
  switch (flag->type) {
  case LOSSD_FLAG_TEXT:
  case LOSSD_FLAG_FILE: return set_text(flag, text, field);
  case LOSSD_FLAG_SWITCH: return set_switch(text, field);
  case LOSSD_FLAG_CHOICE: return set_choice(flag, text, field);
  case LOSSD_FLAG_ACTION: return false;
  default: return set_number(flag, text, field);
  }
}

static void show_bytes(double bytes, char *out, size_t size) {
  static const struct suffix units[] = {
      {"TiB", 1099511627776.0}, {"GiB", 1073741824.0}, {"MiB", 1048576.0}, {"KiB", 1024.0}, {"", 1}};
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    double count = bytes / units[i].factor;
    if ((count < 1 || count != (double)(long long)count) && units[i].factor > 1) continue;
    snprintf(out, size, "%.0f%s", count, units[i].text);
    return;
  }
}

static void list_choices(const char *const *choices, char *out, size_t size) {
  for (size_t used = 0; *choices && used < size; choices++)
    used += (size_t)snprintf(out + used, size - used, "%s%s", *choices, choices[1] ? ", " : "");
}

const char *lossd_flag_expected(const struct lossd_flag *flag, char out[LOSSD_EXPECTED_TEXT]) {
  char least[32], most[32];
  const size_t size = LOSSD_EXPECTED_TEXT;
  switch (flag->type) {
  case LOSSD_FLAG_TEXT: snprintf(out, size, "%s", flag->expected); break;
  case LOSSD_FLAG_FILE: snprintf(out, size, "the path of a file that can be read"); break;
  case LOSSD_FLAG_SWITCH: snprintf(out, size, "true or false (1 or 0)"); break;
  case LOSSD_FLAG_CHOICE:
    snprintf(out, size, "one of ");
    list_choices(flag->choices, out + 7, size - 7);
    break;
  case LOSSD_FLAG_BYTES:
    show_bytes(flag->minimum, least, sizeof least);
    show_bytes(flag->maximum, most, sizeof most);
    snprintf(out, size, "a size in bytes from %s to %s, such as 1048576, 1024KiB or 1MiB", least, most);
    break;
  case LOSSD_FLAG_SECONDS:
    snprintf(out, size, "seconds from %g to %g, such as 10, 1.5s or 500ms", flag->minimum, flag->maximum);
    break;
  default: snprintf(out, size, "a whole number from %.0f to %.0f", flag->minimum, flag->maximum); break;
  }
  return out;
}

const char *lossd_flag_show(const struct lossd_flag *flag, const struct lossd_config *config,
                            char out[LOSSD_SHOWN_TEXT]) {
  const void *field = (const char *)config + flag->offset;
  const size_t size = LOSSD_SHOWN_TEXT;
  switch (flag->type) {
  case LOSSD_FLAG_TEXT:
  case LOSSD_FLAG_FILE: return *(const char *const *)field ? *(const char *const *)field : "-";
  case LOSSD_FLAG_SWITCH: return *(const bool *)field ? "true" : "false";
  case LOSSD_FLAG_CHOICE: return flag->choices[*(const int *)field];
  case LOSSD_FLAG_COUNT: snprintf(out, size, "%d", *(const int *)field); break;
  case LOSSD_FLAG_COUNT64: snprintf(out, size, "%lld", (long long)*(const int64_t *)field); break;
  case LOSSD_FLAG_BYTES: show_bytes((double)*(const size_t *)field, out, size); break;
  case LOSSD_FLAG_SECONDS: snprintf(out, size, "%gs", *(const double *)field); break;
  case LOSSD_FLAG_ACTION: return "-";
  }
  return out;
}
