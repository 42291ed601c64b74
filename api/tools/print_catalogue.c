/* Prints what api/make_openapi.py and the documentation are made from: version, errors, the answers to the
 * losses' examples, and the catalogue, as one JSON object. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/catalogue.h"
#include "api/exchange.h"

/* What POST /v1/losses/{loss} answers to the loss's example. */
static bool print_answer(const struct lossd_loss *loss) {
  static const struct lossd_limits limits = {1 << 20, 1 << 20, 1 << 24};
  struct lossd_arena arena;
  struct lossd_json_text body;
  struct lossd_exchange x;
  lossd_arena_init(&arena, NULL);
  lossd_json_init(&body, &arena, 1024);
  lossd_catalogue_example(&body, loss);
  lossd_exchange_init(&x, &arena);
  x.limits = &limits;
  x.loss_name = loss->name;
  x.loss_name_length = strlen(loss->name);
  x.request_format = x.answer_format = &lossd_format_json;
  x.body = body.data;
  x.body_length = body.length;
  lossd_exchange_decode(&x);
  void *scratch = aligned_alloc(64, (x.scratch_bytes + 64) / 64 * 64);
  for (size_t i = 0; scratch && i < x.slices; i++) lossd_exchange_run(&x, i, scratch);
  free(scratch);
  lossd_exchange_encode(&x);
  printf("\"%s\":%.*s", loss->name, (int)x.answer_length, x.answer);
  lossd_arena_reset(&arena);
  return x.http_status == 200;
}

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
  printf("],\"answers\":{");
  for (int i = 0; i < lossd_loss_count; i++) {
    if (i) printf(",");
    if (!print_answer(lossd_losses[i])) return 1;
  }
  printf("},%.*s\n", (int)length - 1, catalogue + 1);
  lossd_arena_reset(&arena);
  return 0;
}
