/* The commands of the program. Each runs once, from the main thread, and returns the process's exit code; its
 * arguments begin behind the command's name. */
#ifndef LOSSD_CLI_COMMANDS_H
#define LOSSD_CLI_COMMANDS_H

#include "api/exchange.h"

enum lossd_exit {
  LOSSD_EXIT_DONE,
  LOSSD_EXIT_REFUSED, /* the evaluation: what the server answers with 4xx */
  LOSSD_EXIT_USAGE,   /* the command line is wrong */
  LOSSD_EXIT_FILE     /* a file cannot be read or written */
};

struct lossd_command {
  const char *name, *arguments, *help;
  int (*run)(int argc, char **argv);
  bool explains; /* has a --help of its own */
};
extern const struct lossd_command lossd_commands[]; /* the last has no name */

int lossd_eval_command(int argc, char **argv);
int lossd_list_command(int argc, char **argv);
int lossd_show_command(int argc, char **argv);
int lossd_completion_command(int argc, char **argv);
/* What the completion scripts ask: candidates for the last word, one a line. */
int lossd_complete_command(int argc, char **argv);

/* The loss of that name, or NULL after a line on standard error. */
const struct lossd_loss *lossd_named_loss(const char *name);
/* One line on standard error, with the hint on a second. */
void lossd_complain(const struct lossd_problem *problem, const char *file);
/* Flushes standard output; LOSSD_EXIT_FILE and a line on standard error where it cannot be written. */
int lossd_flush(void);
/* The flags that a loss adds to `eval`, for people. */
void lossd_print_flags(const struct lossd_loss *loss);

extern const struct lossd_format lossd_format_npy; /* encodes only */

#endif
