/* A JSON text and what the reader makes of it, for tests. */
#ifndef LOSSD_TESTS_PARSED_JSON_H
#define LOSSD_TESTS_PARSED_JSON_H

#include "api/json_scan.h"
#include "tests/unit.h"

/* Begin with parsed_text or parsed_bytes, look, parsed_done. */
struct parsed {
  struct lossd_arena arena;
  struct lossd_problem problem;
  struct lossd_json json;
  char *text;
  int status;
};

/* The text lies in memory of exactly its size. */
static inline void parsed_bytes(struct parsed *p, const char *text, size_t length,
                                const atomic_int *cancelled) {
  p->text = malloc(length + !length);
  assert_non_null(p->text);
  memcpy(p->text, text, length);
  lossd_arena_init(&p->arena, NULL);
  p->status = lossd_json_parse(&p->json, p->text, length, cancelled, &p->arena, &p->problem);
}

static inline void parsed_text(struct parsed *p, const char *text) {
  parsed_bytes(p, text, strlen(text), NULL);
}

static inline void parsed_done(struct parsed *p) {
  lossd_json_free(&p->json);
  lossd_arena_reset(&p->arena);
  free(p->text);
}

#endif
