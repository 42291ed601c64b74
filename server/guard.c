#include "server/guard.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "api/problem.h"

static const struct {
  const char *name;
  bool single; /* twice is refused */
} known[LOSSD_FIELDS] = {
    [LOSSD_FIELD_HOST] = {"Host", true},
    [LOSSD_FIELD_CONTENT_LENGTH] = {"Content-Length", true},
    [LOSSD_FIELD_TRANSFER_ENCODING] = {"Transfer-Encoding", true},
    [LOSSD_FIELD_CONTENT_TYPE] = {"Content-Type", true},
    [LOSSD_FIELD_CONTENT_ENCODING] = {"Content-Encoding", true},
    [LOSSD_FIELD_ACCEPT] = {"Accept", false},
    [LOSSD_FIELD_ACCEPT_ENCODING] = {"Accept-Encoding", false},
    [LOSSD_FIELD_EXPECT] = {"Expect", true},
    [LOSSD_FIELD_AUTHORIZATION] = {"Authorization", true},
    [LOSSD_FIELD_REQUEST_ID] = {"X-Request-Id", false},
    [LOSSD_FIELD_TRACEPARENT] = {"traceparent", false},
    [LOSSD_FIELD_ORIGIN] = {"Origin", false},
    [LOSSD_FIELD_PREFLIGHT_METHOD] = {"Access-Control-Request-Method", false},
    [LOSSD_FIELD_INFERENCE_LENGTH] = {"Inference-Header-Content-Length", true},
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
                      const char *uri_place, const char *version, struct lossd_problem *problem) {
  *guard = (struct lossd_guard){.problem = problem};
  if (!is_token(method, strlen(method))) return broken(guard, "the method is not a token");
  if (check_uri(guard, uri, uri_length)) return problem->status;
  if (uri_place != method + strlen(method) + 1 || version != uri_place + uri_length + 1)
    return broken(guard, "the request line is malformed");
  size_t version_length = strlen(version);
  guard->old_protocol = strcmp(version, "HTTP/1.0") == 0;
  guard->next = version + version_length + 2;
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

static int remember(struct lossd_guard *guard, const char *name, size_t length, const char *value) {
  for (int i = 0; i < LOSSD_FIELDS; i++) {
    if (strncasecmp(known[i].name, name, length) != 0 || known[i].name[length]) continue;
    if (guard->values[i] && known[i].single)
      return lossd_fail(guard->problem, LOSSD_BAD_HTTP, NULL, "the field %s is given twice", known[i].name);
    if (!guard->values[i]) guard->values[i] = value;
    return 0;
  }
  return 0;
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
  return remember(guard, name, name_length, value);
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
