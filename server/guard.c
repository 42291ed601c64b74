#include "server/guard.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "api/problem.h"

/* What a field that is given again means. */
enum again { REFUSED, IGNORED, APPENDED };

static const struct {
  const char *name;
  enum again again;
} known[LOSSD_FIELDS] = {
    [LOSSD_FIELD_HOST] = {"Host", REFUSED},
    [LOSSD_FIELD_CONTENT_LENGTH] = {"Content-Length", REFUSED},
    [LOSSD_FIELD_TRANSFER_ENCODING] = {"Transfer-Encoding", REFUSED},
    [LOSSD_FIELD_CONTENT_TYPE] = {"Content-Type", REFUSED},
    [LOSSD_FIELD_CONTENT_ENCODING] = {"Content-Encoding", REFUSED},
    [LOSSD_FIELD_ACCEPT] = {"Accept", APPENDED},
    [LOSSD_FIELD_ACCEPT_ENCODING] = {"Accept-Encoding", IGNORED},
    [LOSSD_FIELD_IF_NONE_MATCH] = {"If-None-Match", IGNORED},
    [LOSSD_FIELD_EXPECT] = {"Expect", REFUSED},
    [LOSSD_FIELD_AUTHORIZATION] = {"Authorization", REFUSED},
    [LOSSD_FIELD_REQUEST_ID] = {"X-Request-Id", IGNORED},
    [LOSSD_FIELD_TRACEPARENT] = {"traceparent", IGNORED},
    [LOSSD_FIELD_ORIGIN] = {"Origin", IGNORED},
    [LOSSD_FIELD_PREFLIGHT_METHOD] = {"Access-Control-Request-Method", IGNORED},
    [LOSSD_FIELD_INFERENCE_LENGTH] = {"Inference-Header-Content-Length", REFUSED},
};

static int broken(struct lossd_guard *guard, const char *detail) {
  return lossd_fail(guard->problem, LOSSD_BAD_HTTP, NULL, "%s", detail);
}

static int check_uri(struct lossd_guard *guard, const char *uri, size_t length) {
  if (length > LOSSD_MAX_URI) {
    int status = lossd_fail(guard->problem, LOSSD_URI_TOO_LONG, NULL, "the URI is longer than %d bytes",
                            LOSSD_MAX_URI);
    lossd_hint(guard->problem, "send tensors in the body");
    return status;
  }
  if (length == 0) return broken(guard, "the request line has no URI");
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)uri[i];
    if (c <= ' ' || c >= 0x7f) return broken(guard, "the URI holds a byte that must be percent-encoded");
    if (c != '%') continue;
    if (i + 2 >= length || !isxdigit((unsigned char)uri[i + 1]) || !isxdigit((unsigned char)uri[i + 2]))
      return broken(guard, "the URI holds a percent sign without two hexadecimal digits");
    if (uri[i + 1] == '0' && uri[i + 2] == '0') return broken(guard, "the URI holds %00");
  }
  return 0;
}

/* RFC 9110, 5.6.2 */
static bool is_token(const char *text, size_t length) {
  static const char others[] = "!#$%&'*+-.^_`|~";
  for (size_t i = 0; i < length; i++)
    if (!isalnum((unsigned char)text[i]) && (!text[i] || !strchr(others, text[i]))) return false;
  return length > 0;
}

int lossd_guard_begin(struct lossd_guard *guard, const char *method, const char *uri, size_t uri_length,
                      const char *uri_place, const char *version, struct lossd_arena *arena,
                      struct lossd_problem *problem) {
  *guard = (struct lossd_guard){.arena = arena, .problem = problem};
  if (!is_token(method, strlen(method))) return broken(guard, "the method is not a token");
  if (check_uri(guard, uri, uri_length)) return problem->status;
  if (uri_place != method + strlen(method) + 1 || version != uri_place + uri_length + 1)
    return broken(guard, "the request line is malformed");
  guard->old_protocol = strcmp(version, "HTTP/1.0") == 0;
  guard->next = version + strlen(version) + 2;
  return 0;
}

static bool has_control(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)text[i];
    if ((c < ' ' && c != '\t') || c == 0x7f) return true;
  }
  return false;
}

/* Nothing but NULs, blanks and tabs between two places of the head. */
static bool is_gap(const char *from, const char *to) {
  for (; from < to; from++)
    if (*from && *from != ' ' && *from != '\t') return false;
  return true;
}

/* The blanks after a value are none of it (RFC 9112, 5.1); those of a framing field are left
 * for its check. */
static const char *trimmed(struct lossd_guard *guard, int field, const char *value, size_t length) {
  size_t kept = length;
  if (field == LOSSD_FIELD_CONTENT_LENGTH || field == LOSSD_FIELD_TRANSFER_ENCODING) return value;
  while (kept > 0 && (value[kept - 1] == ' ' || value[kept - 1] == '\t')) kept--;
  if (kept == length) return value;
  char *copy = lossd_arena_alloc(guard->arena, kept + 1, 1);
  if (!copy) return value;
  memcpy(copy, value, kept);
  copy[kept] = 0;
  return copy;
}

/* Lines of one list are one list (RFC 9110, 5.3). There is room for all that a header section may hold. */
static const char *appended(struct lossd_guard *guard, const char *list, const char *more) {
  if (list != guard->list) {
    guard->list = lossd_arena_alloc(guard->arena, LOSSD_MAX_FIELDS_BYTES, 1);
    if (!guard->list) return list;
    strcpy(guard->list, list);
  }
  strcat(strcat(guard->list, ","), more);
  return guard->list;
}

static int remember(struct lossd_guard *guard, int field, const char *value) {
  const char **kept = &guard->values[field];
  if (*kept && known[field].again == REFUSED)
    return lossd_fail(guard->problem, LOSSD_BAD_HTTP, NULL, "the field %s is given twice", known[field].name);
  if (!*kept)
    *kept = value;
  else if (known[field].again == APPENDED)
    *kept = appended(guard, *kept, value);
  return 0;
}

static int known_field(const char *name, size_t length) {
  for (int i = 0; i < LOSSD_FIELDS; i++)
    if (strncasecmp(known[i].name, name, length) == 0 && !known[i].name[length]) return i;
  return -1;
}

int lossd_guard_field(struct lossd_guard *guard, const char *name, size_t name_length, const char *value,
                      size_t value_length) {
  guard->bytes += name_length + value_length + 4;
  if (++guard->count > LOSSD_MAX_FIELDS || guard->bytes > LOSSD_MAX_FIELDS_BYTES)
    return lossd_fail(guard->problem, LOSSD_HEADERS_TOO_LARGE, NULL,
                      "the header section has more than %d fields or %d bytes", LOSSD_MAX_FIELDS,
                      LOSSD_MAX_FIELDS_BYTES);
  if (!is_token(name, name_length)) return broken(guard, "a field name is not a token");
  if (name != guard->next)
    return broken(guard, "a header line is folded, cut by a NUL or not ended by CR LF");
  if (value <= name + name_length || (size_t)(value - name) > name_length + LOSSD_MAX_FIELDS_BYTES ||
      !is_gap(name + name_length, value))
    return broken(guard, "a header line is folded or cut by a NUL");
  if (has_control(value, value_length)) return broken(guard, "a field value holds a control character");
  guard->next = value + value_length + 2;
  int field = known_field(name, name_length);
  return field < 0 ? 0 : remember(guard, field, trimmed(guard, field, value, value_length));
}

static int check_host(struct lossd_guard *guard) {
  const char *host = guard->values[LOSSD_FIELD_HOST];
  if (!host) return guard->old_protocol ? 0 : broken(guard, "the field Host is missing");
  for (const char *c = host; *c; c++)
    if (!isalnum((unsigned char)*c) && !strchr("-._~%!$&'()*+;=:[]", *c))
      return broken(guard, "the field Host is not a host and port");
  return 0;
}

int lossd_guard_end(struct lossd_guard *guard, const char *end) {
  const char *length = guard->values[LOSSD_FIELD_CONTENT_LENGTH];
  const char *encoding = guard->values[LOSSD_FIELD_TRANSFER_ENCODING];
  if (end != guard->next + 2 || (guard->next[0] && guard->next[0] != '\r'))
    return broken(guard, "a header line is folded, cut by a NUL or not ended by CR LF");
  if (length && encoding) return broken(guard, "Content-Length and Transfer-Encoding are both given");
  if (encoding && guard->old_protocol) return broken(guard, "HTTP/1.0 has no Transfer-Encoding");
  if (length && strspn(length, "0123456789") != strlen(length))
    return broken(guard, "Content-Length is not a number");
  if (encoding && strcasecmp(encoding, "chunked") != 0) {
    lossd_fail(guard->problem, LOSSD_NOT_IMPLEMENTED, NULL, "this Transfer-Encoding is not supported");
    lossd_hint(guard->problem, "send chunked or Content-Length");
    return guard->problem->status;
  }
  return check_host(guard);
}
