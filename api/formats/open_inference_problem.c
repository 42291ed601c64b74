/* Problems of Open Inference requests, as their bodies have it: core and the readers of options and numbers,
 * which all formats share, name tensors and options as members of the body. */
#include <stdio.h>
#include <string.h>

#include "api/formats/open_inference.h"

/* What follows "/name" in the pointer: more of it, or nothing; NULL where it begins with something else. */
static const char *behind(const char *pointer, const char *name) {
  const size_t length = strlen(name);
  if (*pointer != '/' || strncmp(pointer + 1, name, length)) return NULL;
  return pointer[1 + length] && pointer[1 + length] != '/' ? NULL : pointer + 1 + length;
}

/* The input that a pointer begins with, and what follows it; -1: none. */
static int input_of(const struct lossd_loss *loss, const char *pointer, const char **rest) {
  for (int i = 0; i < LOSSD_INPUTS; i++)
    if ((i < loss->role_count || i >= LOSSD_SAMPLE_WEIGHT) &&
        (*rest = behind(pointer, lossd_input_name(loss, i))))
      return i;
  return -1;
}

static void move_pointer(struct lossd_exchange *x) {
  enum { LONGEST = 20 }; /* of what is put before the rest */
  const struct lossd_open_inference *state = x->format_state;
  char *pointer = x->problem.pointer, place[LONGEST + sizeof x->problem.pointer];
  const char *rest = behind(pointer, "options");
  if (rest) {
    snprintf(place, sizeof place, "/parameters%s", rest);
  } else {
    const int input = input_of(x->evaluation.loss, pointer, &rest);
    if (input < 0) return;
    if (state->place[input])
      snprintf(place, sizeof place, "/inputs/%d%s", state->place[input] - 1, rest);
    else
      snprintf(place, sizeof place, "/inputs");
  }
  snprintf(pointer, sizeof x->problem.pointer, "%.*s", (int)sizeof x->problem.pointer - 1, place);
}

void lossd_open_inference_locate(struct lossd_exchange *x) {
  struct lossd_problem *problem = &x->problem;
  if (x->evaluation.loss && x->format_state) move_pointer(x);
  if (problem->hint[0]) return;
  if (problem->status == LOSSD_INVALID_TENSOR)
    lossd_hint(problem, "send inputs as {\"name\": ..., \"datatype\": ..., \"shape\": ..., \"data\": ...}");
  if (problem->status == LOSSD_INVALID_REQUEST) lossd_hint(problem, "/docs has an example of infer");
}
