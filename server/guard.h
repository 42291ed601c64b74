/* The guard: is this HTTP message framed so that every reader sees the same one request in it? libmicrohttpd
 * 0.9.75 alone lets folded lines, NULs, doubled framing fields and the like through; whatever two servers
 * could read in two ways is refused here, before anything is done.
 *
 * The parser left the head of the message in one buffer, with NULs in place of the colons and line ends. So
 * the distances between the strings that it hands out tell what stood between them. Pure functions of those
 * strings, any thread; they live as long as the parser's request, and the few that are not taken as they came
 * in an arena. */
#ifndef LOSSD_SERVER_GUARD_H
#define LOSSD_SERVER_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/problem.h"

#define LOSSD_MAX_URI 8192
#define LOSSD_MAX_FIELDS_BYTES 16384
#define LOSSD_MAX_FIELDS 100

/* Fields that the service reads. */
enum lossd_field {
  LOSSD_FIELD_HOST,
  LOSSD_FIELD_CONTENT_LENGTH,
  LOSSD_FIELD_TRANSFER_ENCODING,
  LOSSD_FIELD_CONTENT_TYPE,
  LOSSD_FIELD_CONTENT_ENCODING,
  LOSSD_FIELD_ACCEPT,
  LOSSD_FIELD_ACCEPT_ENCODING,
  LOSSD_FIELD_IF_NONE_MATCH,
  LOSSD_FIELD_EXPECT,
  LOSSD_FIELD_AUTHORIZATION,
  LOSSD_FIELD_REQUEST_ID,
  LOSSD_FIELD_TRACEPARENT,
  LOSSD_FIELD_ORIGIN,
  LOSSD_FIELD_PREFLIGHT_METHOD,
  LOSSD_FIELD_INFERENCE_LENGTH,
  LOSSD_FIELDS
};

struct lossd_guard {
  const char *values[LOSSD_FIELDS]; /* of a list all lines, of others the first; NULL: not given */
  const char *next;                 /* where the next field's name must start */
  size_t bytes;                     /* of all fields so far */
  int count;
  bool old_protocol; /* HTTP/1.0 */
  char *list;        /* the lines of Accept, where there are several */
  struct lossd_arena *arena;
  struct lossd_problem *problem;
};

/* The method, the URI as it came and the version, which the parser cut from the same line. 0 or the problem's
 * status: the three stand one blank apart, the method is a token, and it has a URI of at most LOSSD_MAX_URI
 * printable ASCII characters, whose percent signs begin two hexadecimal digits, not 00. */
int lossd_guard_begin(struct lossd_guard *guard, const char *method, const char *uri, size_t uri_length,
                      const char *uri_place, const char *version, struct lossd_arena *arena,
                      struct lossd_problem *problem);
/* The next field in the order of the message. */
int lossd_guard_field(struct lossd_guard *guard, const char *name, size_t name_length, const char *value,
                      size_t value_length);
/* After the last field; end is the first byte after the empty line. */
int lossd_guard_end(struct lossd_guard *guard, const char *end);

#endif
