/* lossd: a command and its arguments, or flags alone, which serve. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "server/config_table.h"
#include "server/serve.h"

static int serve_command(int argc, char **argv) {
  return lossd_serve(argc + 1, argv - 1);
}

const struct lossd_command lossd_commands[] = {
    {"serve", "[--FLAG VALUE]...", "Serve over HTTP; so does lossd with flags alone.", serve_command, true},
    {"eval", "LOSS --TENSOR FILE...", "Evaluate files without a server.", lossd_eval_command, true},
    {"list", "[--json]", "Name all losses.", lossd_list_command, false},
    {"show", "LOSS [--json]", "Say what a loss takes.", lossd_show_command, false},
    {"completion", "SHELL", "Print a script that completes commands in bash, zsh or fish.",
     lossd_completion_command, false},
    {"complete", NULL, NULL, lossd_complete_command, true},
    {NULL, NULL, NULL, NULL, false},
};

static bool is_server_flag(const char *name, size_t length) {
  for (int i = 0; i < lossd_flag_count; i++)
    if (strlen(lossd_flags[i].name) == length && !memcmp(lossd_flags[i].name, name, length)) return true;
  return false;
}

static int unknown(const char *name) {
  const char *names[sizeof lossd_commands / sizeof *lossd_commands];
  char quoted[LOSSD_QUOTE_TEXT];
  size_t count = 0;
  struct lossd_problem problem;
  for (const struct lossd_command *c = lossd_commands; c->help; c++) names[count++] = c->name;
  const char *nearest = lossd_nearest(name, strlen(name), names, count);
  fprintf(stderr, "lossd: unknown command \"%s\": ", lossd_quote(name, strlen(name), quoted));
  if (lossd_find(name, strlen(name), &problem))
    fprintf(stderr, "did you mean lossd eval %s or lossd show %s?\n", name, name);
  else if (is_server_flag(name, strlen(name)))
    fprintf(stderr, "did you mean --%s?\n", name);
  else if (nearest)
    fprintf(stderr, "did you mean %s?\n", nearest);
  else
    fputs("lossd --help lists all\n", stderr);
  return LOSSD_EXIT_USAGE;
}

/* A flag of `lossd eval` where the server's are due. */
static bool is_astray(const char *text) {
  return lossd_is_eval_flag(text) && !is_server_flag(text + 2, strcspn(text + 2, "="));
}

static int astray(const char *text) {
  const int length = (int)strcspn(text, "=");
  fprintf(stderr, "lossd: %.*s is a flag of lossd eval: lossd eval LOSS %.*s ...\n", length, text, length,
          text);
  return LOSSD_EXIT_USAGE;
}

static bool asks_for_help(int argc, char **argv) {
  for (int i = 0; i < argc; i++)
    if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return true;
  return false;
}

static int run(const struct lossd_command *command, int argc, char **argv) {
  if (command->explains || !asks_for_help(argc, argv)) return command->run(argc, argv);
  printf("Usage: lossd %s %s\n\n%s\n", command->name, command->arguments, command->help);
  return lossd_flush();
}

/* A standard stream that is closed stays so: or the first file, pipe or socket that is opened would take its
 * number, and get what is printed, or be read in its place. Opened the wrong way, it answers
 * EBADF as before. */
static void reserve_standard_streams(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0) (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv) {
  reserve_standard_streams();
  if (argc > 1 && is_astray(argv[1])) return astray(argv[1]);
  if (argc < 2 || argv[1][0] == '-') return lossd_serve(argc, argv);
  for (const struct lossd_command *c = lossd_commands; c->name; c++)
    if (!strcmp(c->name, argv[1])) return run(c, argc - 2, argv + 2);
  return unknown(argv[1]);
}
