/* Passing over tokens of JSON text: part of json_scan.c, but for quoted numbers, which more want to know.
 *
 * Each function reads text from p up to `end` and returns the byte after what it passed over. Where the text
 * is wrong it returns the byte at fault, and *expected says what should be there; else that is NULL. Pure
 * functions, any thread. */
#ifndef LOSSD_API_JSON_TOKEN_H
#define LOSSD_API_JSON_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline const char *lossd_json_skip_space(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
  return p;
}
/* The text of a string from p on. Returns the quote that ends it, or where it stopped: at stop or a few bytes
 * later. *escaped becomes true where there is an escape. */
const char *lossd_json_skip_text(const char *p, const char *end, const char *stop, bool *escaped,
                                 const char **expected);
/* p < end. */
const char *lossd_json_skip_number(const char *p, const char *end, const char **expected);
/* Numbers with commas between them, from p on, until stop or thereabouts. Returns where the last of them
 * ends, before its comma, and their count; p where there is none. Whatever is there instead is for the
 * caller. */
const char *lossd_json_skip_numbers(const char *p, const char *end, const char *stop, int64_t *count);
/* What a text means that begins with a string: NaN, Infinity or -Infinity, with the string's length, quotes
 * included; NULL: something else. The text need not have been checked. */
const char *lossd_json_quoted_number(const char *text, const char *end, size_t *length);

#endif
