/* Problems on the wire: RFC 9457 (application/problem+json) and, for /v2, Open Inference error objects. Plain
 * values and pure functions, any thread. */
#ifndef LOSSD_API_PROBLEM_H
#define LOSSD_API_PROBLEM_H

#include "core/arena.h"
#include "core/problem.h"

/* Continues core's enum lossd_status. */
enum lossd_api_status {
  LOSSD_API_STATUS_BASE = LOSSD_STATUSES - 1,
#define X(symbol, http, code, title, hint) LOSSD_##symbol,
#include "api/problem.def"
#undef X
  LOSSD_API_STATUSES
};

/* What is known of a status: its row in core/status.def or api/problem.def. */
struct lossd_status_row {
  int http;
  const char *code;
  const char *title;
  const char *hint; /* the cure where a problem names none of its own */
};
const struct lossd_status_row *lossd_status_row(int status);
/* The row whose problems have the type "/errors/<slug>"; NULL where there is none. */
#define LOSSD_SLUG 48
const struct lossd_status_row *lossd_status_of_slug(const char *slug);

enum lossd_error_style { LOSSD_ERROR_PROBLEM, LOSSD_ERROR_OPEN_INFERENCE };
/* The body of a problem. In the Open Inference style the member "error" holds detail and hint in one string,
 * beside the problem's own members. Allocated in the arena, or, when that fails, a constant
 * body. Never NULL. */
const char *lossd_problem_body(const struct lossd_problem *problem, enum lossd_error_style style,
                               struct lossd_arena *arena, size_t *length);
const char *lossd_problem_content_type(enum lossd_error_style style);

#endif
