#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

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
  if (problem->offset >= 0) fprintf(stderr, " (at byte %lld)", problem->offset);
  fputs(problem->hint[0] ? "\nhint: " : "", stderr);
  fprintf(stderr, "%s\n", problem->hint);
}

int lossd_flush(void) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return LOSSD_EXIT_DONE;
  fprintf(stderr, "lossd: standard output: %s\n", strerror(errno));
  return LOSSD_EXIT_FILE;
}
