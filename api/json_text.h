/* Writing JSON: appends compact text to a buffer that grows in an arena. Commas come by themselves. One
 * writer is used by one thread; its text lives as long as the arena. When memory runs out the writer fails:
 * it ignores what follows, and `failed` says so once, at the end. */
#ifndef LOSSD_API_JSON_TEXT_H
#define LOSSD_API_JSON_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"

struct lossd_json_text {
  struct lossd_arena *arena;
  char *data;
  size_t length, capacity;
  bool failed;
};

/* capacity: a first guess, or an upper bound that makes growth needless. Nothing is allocated yet. */
void lossd_json_init(struct lossd_json_text *out, struct lossd_arena *arena, size_t capacity);
/* Room for bytes more behind data + length, which the caller writes and then adds to length; NULL: failed. */
char *lossd_json_reserve(struct lossd_json_text *out, size_t bytes);
/* Appends text as it is, without a comma. */
void lossd_json_raw(struct lossd_json_text *out, const char *text, size_t length);
/* A comma, where one is due before a value that is added by lossd_json_raw or lossd_json_reserve. */
void lossd_json_separate(struct lossd_json_text *out);

/* Values and structure, with a comma in front where one is due. */
void lossd_json_open(struct lossd_json_text *out, char bracket);
void lossd_json_close(struct lossd_json_text *out, char bracket);
void lossd_json_key(struct lossd_json_text *out, const char *name);
/* Bytes that are not UTF-8 become U+FFFD. */
void lossd_json_string(struct lossd_json_text *out, const char *text, size_t length);
void lossd_json_cstring(struct lossd_json_text *out, const char *text);
/* The shortest that reads back; non-finite numbers quoted. */
void lossd_json_double(struct lossd_json_text *out, double value);
void lossd_json_integer(struct lossd_json_text *out, int64_t value);
void lossd_json_bool(struct lossd_json_text *out, bool value);
void lossd_json_null(struct lossd_json_text *out);

#endif
