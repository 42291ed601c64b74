#include "server/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* The fields of "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01". */
enum { VERSION = 0, TRACE = 3, PARENT = 36, FLAGS = 53, END = 55, TRACE_DIGITS = 32, PARENT_DIGITS = 16 };

static const char hex[] = "0123456789abcdef";

static unsigned char random_byte(void) {
  static _Thread_local struct {
    unsigned char byte[256];
    size_t left;
  } pool;
  if (pool.left == 0) {
    if (getentropy(pool.byte, sizeof pool.byte) != 0) abort(); /* no such kernel is supported */
    pool.left = sizeof pool.byte;
  }
  return pool.byte[--pool.left];
}

static void put_random(char *out, size_t digits) {
  for (size_t i = 0; i < digits; i += 2) {
    unsigned char byte = random_byte();
    out[i] = hex[byte >> 4];
    out[i + 1] = hex[byte & 15];
  }
}

static bool all_of(const char *text, size_t length, const char *set) {
  for (size_t i = 0; i < length; i++)
    if (!text[i] || !strchr(set, text[i])) return false;
  return true;
}

static bool is_id(const char *text, size_t digits) {
  return all_of(text, digits, hex) && !all_of(text, digits, "0");
}

/* Section 3.2: lower-case digits, no zero ids, version ff never; version 00 ends there, later ones
 * may go on. */
static bool is_trace_parent(const char *in) {
  if (!in || strnlen(in, END) < END) return false;
  if (in[TRACE - 1] != '-' || in[PARENT - 1] != '-' || in[FLAGS - 1] != '-') return false;
  bool first = memcmp(in, "00", 2) == 0, none = memcmp(in, "ff", 2) == 0;
  if (none || (in[END] != 0 && (first || in[END] != '-'))) return false;
  return all_of(in, 2, hex) && is_id(in + TRACE, TRACE_DIGITS) && is_id(in + PARENT, PARENT_DIGITS) &&
         all_of(in + FLAGS, 2, hex);
}

void lossd_trace_parent(const char *in, char out[LOSSD_TRACE_PARENT]) {
  memcpy(out, "00-00000000000000000000000000000000-0000000000000000-00", LOSSD_TRACE_PARENT);
  put_random(out + PARENT, PARENT_DIGITS);
  if (!is_trace_parent(in)) {
    put_random(out + TRACE, TRACE_DIGITS);
    return;
  }
  memcpy(out + TRACE, in + TRACE, TRACE_DIGITS);
  bool sampled = (strchr(hex, in[FLAGS + 1]) - hex) % 2 == 1;
  out[FLAGS + 1] = sampled ? '1' : '0';
}

void lossd_request_id(const char *in, char out[LOSSD_REQUEST_ID]) {
  size_t length = in ? strnlen(in, LOSSD_REQUEST_ID) : 0;
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/+=@-";
  bool keep = length > 0 && length < LOSSD_REQUEST_ID && all_of(in, length, allowed);
  if (keep)
    memcpy(out, in, length);
  else
    put_random(out, length = 32);
  out[length] = 0;
}
