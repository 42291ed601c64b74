/* Strings of a JSON text that was checked before (json_scan.c), between their quotes, and the search for
 * duplicate member names. Pure functions, any thread; memory belongs to the caller. */
#ifndef LOSSD_API_JSON_STRING_H
#define LOSSD_API_JSON_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes what a string means into out, which must hold end - begin bytes; returns the length. */
size_t lossd_json_unescape(const char *begin, const char *end, char *out);

/* A member name as it stands in the text. */
struct lossd_json_name {
  const char *begin; /* up to its closing quote */
  uint64_t hash;     /* of what it means */
};
/* The name between begin and end. *has_nul: it has \u0000 in it. */
struct lossd_json_name lossd_json_name_of(const char *begin, const char *end, bool *has_nul);
/* The first name of an object that repeats an earlier one, or NULL. Reorders names. O(n log n) whatever they
 * are. */
const char *lossd_json_find_duplicate(struct lossd_json_name *names, size_t count);

#endif
