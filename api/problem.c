#include "api/problem.h"

#include <stdio.h>
#include <string.h>

#include "api/json_text.h"

/* Core's refusals are about the request's content, all but three. */
#define CORE_HTTP(status)                                                                                    \
  ((status) == LOSSD_UNKNOWN_LOSS    ? 404                                                                   \
   : (status) == LOSSD_OUT_OF_MEMORY ? 503                                                                   \
   : (status) == LOSSD_CANCELLED     ? 504                                                                   \
                                     : 422)

static const struct lossd_status_row rows[LOSSD_API_STATUSES] = {
    [LOSSD_OK] = {200, "ok", "OK", ""},
#define X(symbol, code, title, hint) [LOSSD_##symbol] = {CORE_HTTP(LOSSD_##symbol), code, title, hint},
#include "core/status.def"
#undef X
#define X(symbol, http, code, title, hint) [LOSSD_##symbol] = {http, code, title, hint},
#include "api/problem.def"
#undef X
};

const struct lossd_status_row *lossd_status_row(int status) {
  return &rows[status];
}

/* "shape-mismatch" of "shape_mismatch". */
static void write_slug(char out[LOSSD_SLUG], const char *code) {
  snprintf(out, LOSSD_SLUG, "%s", code);
  for (char *p = out; *p; p++)
    if (*p == '_') *p = '-';
}

const struct lossd_status_row *lossd_status_of_slug(const char *slug) {
  char own[LOSSD_SLUG];
  for (int status = 1; status < LOSSD_API_STATUSES; status++) {
    if (!rows[status].code) continue;
    write_slug(own, rows[status].code);
    if (strcmp(own, slug) == 0) return &rows[status];
  }
  return NULL;
}

static void add_type(struct lossd_json_text *out, const char *code) {
  char slug[LOSSD_SLUG], type[LOSSD_SLUG + 8];
  write_slug(slug, code);
  snprintf(type, sizeof type, "/errors/%s", slug);
  lossd_json_key(out, "type");
  lossd_json_cstring(out, type);
}

static void add_text(struct lossd_json_text *out, const char *name, const char *text) {
  if (!*text) return;
  lossd_json_key(out, name);
  lossd_json_cstring(out, text);
}

/* The one string that Open Inference clients show. */
static void add_error(struct lossd_json_text *out, const struct lossd_problem *problem, const char *hint) {
  char text[sizeof problem->detail + sizeof problem->hint + 8];
  snprintf(text, sizeof text, "%s (%s)", problem->detail, hint);
  add_text(out, "error", text);
}

const char *lossd_problem_body(const struct lossd_problem *problem, enum lossd_error_style style,
                               struct lossd_arena *arena, size_t *length) {
  static const char no_memory[] =
      "{\"error\":\"no memory for this answer\",\"type\":\"/errors/out-of-memory\","
      "\"title\":\"No memory for this evaluation now\",\"status\":503,"
      "\"code\":\"out_of_memory\",\"detail\":\"no memory for this answer\"}";
  const struct lossd_status_row *row = lossd_status_row(problem->status);
  const char *hint = problem->hint[0] ? problem->hint : row->hint;
  struct lossd_json_text out;
  lossd_json_init(&out, arena, 1024);
  lossd_json_open(&out, '{');
  if (style == LOSSD_ERROR_OPEN_INFERENCE) add_error(&out, problem, hint);
  add_type(&out, row->code);
  add_text(&out, "title", row->title);
  lossd_json_key(&out, "status");
  lossd_json_integer(&out, row->http);
  add_text(&out, "code", row->code);
  add_text(&out, "detail", problem->detail);
  add_text(&out, "pointer", problem->pointer);
  add_text(&out, "hint", hint);
  if (problem->offset >= 0) {
    lossd_json_key(&out, "offset");
    lossd_json_integer(&out, problem->offset);
  }
  lossd_json_close(&out, '}');
  *length = out.failed ? sizeof no_memory - 1 : out.length;
  return out.failed ? no_memory : out.data;
}

const char *lossd_problem_content_type(enum lossd_error_style style) {
  return style == LOSSD_ERROR_OPEN_INFERENCE ? "application/json" : "application/problem+json";
}
