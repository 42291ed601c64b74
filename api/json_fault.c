#include "api/json_fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "api/json_string.h"

void lossd_json_fault(const char *begin, const char *end, const char *at, const char *expected,
                      struct lossd_problem *problem) {
  char found[48] = "the body's end";
  if (at < end)
    snprintf(found, sizeof found, *at > ' ' && *at < 0x7F ? "'%c'" : "byte 0x%02X", (unsigned char)*at);
  lossd_fail(problem, LOSSD_BAD_JSON, NULL, "found %s at byte %lld, expected %s", found,
             (long long)(at - begin), expected);
  problem->offset = at - begin;
}

void lossd_json_fault_token(const char *begin, const char *end, const char *at, const char *expected,
                            struct lossd_problem *problem) {
  static const struct {
    char found;
    const char *cure;
  } cures[] = {{'\'', "strings stand in double quotes"},
               {'T', "write true"},
               {'F', "write false"},
               {'i', "write Infinity"},
               {'.', "write a digit before the point"},
               {'+', "write numbers without +"},
               {'/', "JSON has no comments"},
               {'\x1F', "gzip data wants Content-Encoding: gzip"},
               {']', "write no comma before ]"},
               {'}', "write no comma before }"}};
  const char *before = at;
  lossd_json_fault(begin, end, at, expected, problem);
  while (before > begin && before[-1] <= ' ') before--;
  const bool after_comma = before > begin && before[-1] == ',';
  for (size_t i = 0; at < end && i < sizeof cures / sizeof *cures; i++)
    if (*at == cures[i].found && (after_comma || (*at != ']' && *at != '}')))
      lossd_hint(problem, "%s", cures[i].cure);
}

void lossd_json_fault_duplicate(const char *begin, const char *name, struct lossd_problem *problem) {
  enum { MOST = 128, LONGEST_ESCAPE = 12 };
  char quoted[LOSSD_QUOTE_TEXT], meaning[MOST + LONGEST_ESCAPE];
  const char *end = name;
  while (*end != '"' && end < name + MOST) end += *end == '\\' ? 2 : 1;
  const size_t length = lossd_json_unescape(name, end, meaning);
  lossd_fail(problem, LOSSD_BAD_JSON, NULL,
             "the name \"%s\" at byte %lld is in its object twice, expected once",
             lossd_quote(meaning, length, quoted), (long long)(name - 1 - begin));
  problem->offset = name - 1 - begin;
}
