#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/problem.h"
#include "cli/commands.h"

/* What hints say of the server, and what it is here. */
static const struct {
  const char *served, *here;
} words[] = {
    {"GET /v1/losses/{loss}", "lossd show LOSS"},
    {"GET /v1/losses", "lossd list"},
    {"the byte that offset names", "that byte"},
    {"try again later, as Retry-After says", "give fewer rows at once, or free memory"},
};

static void print_hint(const char *hint) {
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    const char *at = strstr(hint, words[i].served);
    if (!at) continue;
    fprintf(stderr, "hint: %.*s%s%s\n", (int)(at - hint), hint, words[i].here, at + strlen(words[i].served));
    return;
  }
  fprintf(stderr, "hint: %s\n", hint);
}

const struct lossd_loss *lossd_named_loss(const char *name) {
  struct lossd_problem problem;
  const struct lossd_loss *loss = lossd_find(name, strlen(name), &problem);
  if (!loss) lossd_complain(&problem, NULL);
  return loss;
}

void lossd_complain(const struct lossd_problem *problem, const char *file) {
  fprintf(stderr, "lossd: %s%s%s", file ? file : "", file ? ": " : "", problem->detail);
  if (!file && strchr(problem->pointer + !!problem->pointer[0], '/') &&
      strncmp(problem->pointer, "/options/", 9))
    fprintf(stderr, " (at %s)", problem->pointer);
  if (problem->offset >= 0 && !strstr(problem->detail, "at byte "))
    fprintf(stderr, " (at byte %lld)", problem->offset);
  fputc('\n', stderr);
  print_hint(problem->hint[0] ? problem->hint : lossd_status_row(problem->status)->hint);
}

int lossd_flush(void) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return LOSSD_EXIT_DONE;
  fprintf(stderr, "lossd: standard output: %s\n", strerror(errno));
  return LOSSD_EXIT_FILE;
}
