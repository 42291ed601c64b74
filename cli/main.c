/* lossd: a command and its arguments, or flags alone, which serve. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "server/serve.h"

static int serve_command(int argc, char **argv) {
  return lossd_serve(argc + 1, argv - 1);
}

const struct lossd_command lossd_commands[] = {
    {"serve", "[--FLAG VALUE]...", "Serve over HTTP; so does lossd with flags alone.", serve_command},
    {"eval", "LOSS --TENSOR FILE...", "Evaluate files without a server.", lossd_eval_command},
    {"list", "[--json]", "Name all losses.", lossd_list_command},
    {"show", "LOSS [--json]", "Say what a loss takes.", lossd_show_command},
    {"completion", "SHELL", "Print a script that completes commands in bash, zsh or fish.",
     lossd_completion_command},
    {"complete", NULL, NULL, lossd_complete_command},
    {NULL, NULL, NULL, NULL},
};

static int unknown(const char *name) {
  const char *names[sizeof lossd_commands / sizeof *lossd_commands];
  char quoted[LOSSD_QUOTE_TEXT];
  size_t count = 0;
  for (const struct lossd_command *c = lossd_commands; c->help; c++) names[count++] = c->name;
  const char *nearest = lossd_nearest(name, strlen(name), names, count);
  lossd_quote(name, strlen(name), quoted);
  if (nearest)
    fprintf(stderr, "lossd: unknown command \"%s\": did you mean %s?\n", quoted, nearest);
  else
    fprintf(stderr, "lossd: unknown command \"%s\": lossd --help lists all\n", quoted);
  return LOSSD_EXIT_USAGE;
}

int main(int argc, char **argv) {
  if (argc < 2 || argv[1][0] == '-') return lossd_serve(argc, argv);
  for (const struct lossd_command *c = lossd_commands; c->name; c++)
    if (!strcmp(c->name, argv[1])) return c->run(argc - 2, argv + 2);
  return unknown(argv[1]);
}
