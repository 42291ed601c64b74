/* Problems: why an evaluation cannot be made, for a person to read. Plain values, any thread. */
#ifndef LOSSD_CORE_PROBLEM_H
#define LOSSD_CORE_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum lossd_status {
  LOSSD_OK,
#define X(symbol, code, title, hint) LOSSD_##symbol,
#include "core/status.def"
#undef X
  LOSSD_STATUSES /* the first number that rooms above core may use for their own */
};

/* detail: what was found and what was expected. hint: the cure; empty: the one of the status's row is shown.
 * pointer: JSON pointer of the member at fault in the application/json form of the request
 * ("/options/delta"), may be empty. */
struct lossd_problem {
  int status;
  long long offset; /* byte of a syntax error, or -1 */
  char pointer[96];
  char detail[416];
  char hint[256];
};

/* Fills a problem and returns status, so that `return lossd_fail(...)` reads well. pointer may be NULL.
 * Text that does not fit is cut. */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
int lossd_fail(struct lossd_problem *problem, int status, const char *pointer, const char *format, ...);
/* Adds the cure to a problem that lossd_fail filled. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void lossd_hint(struct lossd_problem *problem, const char *format, ...);

/* Whether the NUL-terminated name is the text. */
bool lossd_is_named(const char *name, const char *text, size_t length);
/* "a, b, c", cut where it does not fit; returns out. */
#define LOSSD_LIST_TEXT 256
char *lossd_list(const char *const names[], size_t count, char out[LOSSD_LIST_TEXT]);
/* The nearest of count names to text (Damerau-Levenshtein within a third of text's length, 1 for short
 * ones; the first among equals), or NULL. */
const char *lossd_nearest(const char *text, size_t length, const char *const names[], size_t count);
/* The same within a distance of most. */
const char *lossd_closest(const char *text, size_t length, const char *const names[], size_t count, int most);
/* Copies text for a message: at most LOSSD_QUOTE_MOST bytes, control characters and quotes replaced, UTF-8
 * kept whole. A name may stand in an Open Inference problem three times (error, detail, pointer), and no
 * problem repeats more than 128 bytes of its request. */
#define LOSSD_QUOTE_MOST 42
#define LOSSD_QUOTE_TEXT (LOSSD_QUOTE_MOST + 4)
char *lossd_quote(const char *text, size_t length, char out[LOSSD_QUOTE_TEXT]);
/* parent/name as a JSON pointer (RFC 6901). */
#define LOSSD_POINTER_TEXT sizeof((struct lossd_problem *)0)->pointer
void lossd_pointer(char out[LOSSD_POINTER_TEXT], const char *parent, const char *name, size_t length);

#ifdef __cplusplus
}
#endif

#endif
