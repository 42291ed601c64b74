/* Prints what api/make_openapi.py and the documentation are made from: version, catalogue and errors, as one
 * JSON object. */
#include <stdio.h>

#include "api/catalogue.h"
#include "api/problem.h"

int main(void) {
  struct lossd_arena arena;
  size_t length;
  lossd_arena_init(&arena, NULL);
  const char *catalogue = lossd_catalogue(&arena, &length);
  if (!catalogue) return 1;
  printf("{\"version\":\"%s\",\"errors\":[", LOSSD_VERSION);
  for (int status = 1, first = 1; status < LOSSD_API_STATUSES; status++) {
    const struct lossd_status_row *row = lossd_status_row(status);
    if (!row || !row->code) continue;
    printf("%s{\"status\":%d,\"code\":\"%s\",\"title\":\"%s\",\"hint\":\"%s\"}", first ? "" : ",", row->http,
           row->code, row->title, row->hint);
    first = 0;
  }
  printf("],%.*s\n", (int)length - 1, catalogue + 1);
  lossd_arena_reset(&arena);
  return 0;
}
