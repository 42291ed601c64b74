/* The arguments of `lossd eval LOSS`: the loss's tensors and options are flags, beside a few of the command's
 * own. Strings are borrowed from argv. */
#ifndef LOSSD_CLI_ARGUMENTS_H
#define LOSSD_CLI_ARGUMENTS_H

#include "api/query.h"

/* One flag of the command itself. */
struct lossd_eval_flag {
  const char *name, *metavar, *help;
  bool file; /* takes a path */
};
enum {
  LOSSD_EVAL_GRADIENTS,
  LOSSD_EVAL_DEFINITION,
  LOSSD_EVAL_TENSORS,
  LOSSD_EVAL_REQUEST,
  LOSSD_EVAL_OUTPUT,
  LOSSD_EVAL_WORKERS,
  LOSSD_EVAL_HELP,
  LOSSD_EVAL_FLAGS
};
extern const struct lossd_eval_flag lossd_eval_flags[LOSSD_EVAL_FLAGS];

struct lossd_eval_arguments {
  const struct lossd_loss *loss;
  const char *tensor[LOSSD_INPUTS]; /* paths; NULL: not given */
  const char *tensors, *request;    /* files that hold several, or everything */
  struct lossd_query settings;      /* options, definition and gradients */
  const char *output;
  int workers; /* 0: not given */
  bool help;
};

/* The flag's name with underscores for dashes; false where it does not fit. */
#define LOSSD_FLAG_TEXT_BYTES 64
bool lossd_flag_name(const char *text, size_t length, char out[LOSSD_FLAG_TEXT_BYTES]);
/* The command's own flag of that name, or -1. */
int lossd_eval_flag_find(const char *name);
/* Whether text, as in --flag or --flag=value, is one that `lossd eval` takes for some loss. */
bool lossd_is_eval_flag(const char *text);
/* argv begins behind the loss. False with one line in error. */
bool lossd_eval_arguments_read(struct lossd_eval_arguments *arguments, const struct lossd_loss *loss,
                               int argc, char **argv, char error[512]);

#endif
