/* Completion: the shells' scripts ask `lossd complete WORD...`, which answers from the tables of losses,
 * flags and commands; they make two words of --flag=value. A line is a candidate, or a candidate, a tab and
 * what it means; ":files" stands for file names. */
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "server/config_table.h"

extern const char lossd_completion_bash[], lossd_completion_zsh[], lossd_completion_fish[];
extern const size_t lossd_completion_bash_length, lossd_completion_zsh_length, lossd_completion_fish_length;

static const struct {
  const char *shell, *script;
  const size_t *length;
} scripts[] = {{"bash", lossd_completion_bash, &lossd_completion_bash_length},
               {"zsh", lossd_completion_zsh, &lossd_completion_zsh_length},
               {"fish", lossd_completion_fish, &lossd_completion_fish_length}};
enum { SCRIPTS = sizeof scripts / sizeof *scripts };

int lossd_completion_command(int argc, char **argv) {
  for (int i = 0; argc == 1 && i < SCRIPTS; i++) {
    if (strcmp(argv[0], scripts[i].shell)) continue;
    fwrite(scripts[i].script, 1, *scripts[i].length, stdout);
    return lossd_flush();
  }
  fputs("lossd: completion wants a shell: bash, zsh or fish\n", stderr);
  return LOSSD_EXIT_USAGE;
}

/* ---- Candidates ---- */

/* Prints prefix and name, where they begin with word; flags of losses with dashes for underscores where word
 * has dashes. */
static void offer(const char *word, const char *prefix, const char *name, const char *help) {
  char text[256];
  const size_t length = strlen(prefix);
  const bool dashed = *prefix && strlen(word) > length && strchr(word + length, '-');
  snprintf(text, sizeof text, "%s%s", prefix, name);
  for (char *p = text; dashed && *p; p++)
    if (*p == '_') *p = '-';
  if (!strncmp(text, word, strlen(word))) printf("%s%s%s\n", text, help ? "\t" : "", help ? help : "");
}

static void offer_losses(const char *word) {
  for (int i = 0; i < lossd_loss_count; i++) offer(word, "", lossd_losses[i]->name, lossd_losses[i]->summary);
}

static void offer_list(const char *word, const char *const *list) {
  for (; list && *list; list++) offer(word, "", *list, NULL);
}

static void offer_server_flags(const char *word) {
  for (int i = 0; i < lossd_flag_count; i++)
    if (lossd_flags[i].help) offer(word, "--", lossd_flags[i].name, lossd_flags[i].help);
}

/* Values of a flag of the server; false where the word before is no flag that takes one. */
static bool offer_server_value(const char *word, const char *flag) {
  for (int i = 0; i < lossd_flag_count; i++) {
    const struct lossd_flag *row = &lossd_flags[i];
    if (strncmp(flag, "--", 2) || strcmp(flag + 2, row->name)) continue;
    if (row->type == LOSSD_FLAG_FILE) puts(":files");
    offer_list(word, row->type == LOSSD_FLAG_CHOICE ? row->choices : NULL);
    return row->type != LOSSD_FLAG_ACTION && row->type != LOSSD_FLAG_SWITCH;
  }
  return false;
}

static void offer_eval_flags(const char *word, const struct lossd_loss *loss) {
  for (int i = 0; i < LOSSD_INPUTS; i++)
    if (i < loss->role_count || i >= LOSSD_SAMPLE_WEIGHT)
      offer(word, "--", lossd_input_name(loss, i), i < loss->role_count ? loss->roles[i].description : NULL);
  for (int i = 0; i < loss->option_count; i++)
    offer(word, "--", loss->options[i].name, loss->options[i].description);
  for (int i = 0; i < LOSSD_EVAL_FLAGS; i++)
    offer(word, "--", lossd_eval_flags[i].name, lossd_eval_flags[i].help);
}

static void offer_option_value(const char *word, const struct lossd_option *option) {
  static const char *const booleans[] = {"true", "false", NULL};
  if (option->type == LOSSD_BOOLEAN) offer_list(word, booleans);
  if (option->type == LOSSD_CHOICE) offer_list(word, option->choices);
}

/* Whether name stands in the list, which ends with a comma. */
static bool is_listed(const char *list, const char *name) {
  const size_t length = strlen(name);
  for (const char *comma; (comma = strchr(list, ',')); list = comma + 1)
    if ((size_t)(comma - list) == length && !memcmp(list, name, length)) return true;
  return false;
}

/* Names with commas: what stands before the last comma stays, and is not offered again. */
static void offer_gradients(const char *word, const struct lossd_loss *loss) {
  char before[128];
  const char *comma = strrchr(word, ',');
  snprintf(before, sizeof before, "%.*s", comma ? (int)(comma + 1 - word) : 0, word);
  if (!comma) offer(word, "", "true", "all that there are");
  for (int i = 0; i < loss->role_count; i++)
    if (loss->roles[i].differentiable && !is_listed(before, loss->roles[i].name))
      offer(word, before, loss->roles[i].name, NULL);
}

static void offer_own_value(const char *word, const struct lossd_loss *loss, int flag) {
  static const char *const definitions[] = {"textbook", "pytorch", NULL};
  if (lossd_eval_flags[flag].file) puts(":files");
  if (flag == LOSSD_EVAL_DEFINITION) offer_list(word, definitions);
  if (flag == LOSSD_EVAL_GRADIENTS) offer_gradients(word, loss);
}

static bool offer_eval_value(const char *word, const char *before, const struct lossd_loss *loss) {
  char name[LOSSD_FLAG_TEXT_BYTES] = "output";
  if (strcmp(before, "-o") &&
      (strncmp(before, "--", 2) || !lossd_flag_name(before + 2, strlen(before + 2), name)))
    return false;
  if (lossd_input_find(loss, name, strlen(name)) >= 0) return puts(":files") >= 0;
  for (int i = 0; i < loss->option_count; i++) {
    if (strcmp(loss->options[i].name, name)) continue;
    offer_option_value(word, &loss->options[i]);
    return true;
  }
  const int flag = lossd_eval_flag_find(name);
  if (flag < 0 || flag == LOSSD_EVAL_HELP) return false;
  offer_own_value(word, loss, flag);
  return true;
}

static void complete_eval(int argc, char **argv) {
  struct lossd_problem problem;
  const char *word = argv[argc - 1];
  const struct lossd_loss *loss = argc > 1 ? lossd_find(argv[0], strlen(argv[0]), &problem) : NULL;
  if (argc == 1)
    offer_losses(word);
  else if (loss && (argc == 2 || !offer_eval_value(word, argv[argc - 2], loss)))
    offer_eval_flags(word, loss);
}

static void complete_server(int argc, char **argv) {
  if (argc < 2 || !offer_server_value(argv[argc - 1], argv[argc - 2])) offer_server_flags(argv[argc - 1]);
}

static void complete_arguments(const char *command, int argc, char **argv) {
  const char *word = argv[argc - 1];
  if (!strcmp(command, "eval")) complete_eval(argc, argv);
  if (!strcmp(command, "serve")) complete_server(argc, argv);
  if (!strcmp(command, "show") && argc == 1) offer_losses(word);
  if ((!strcmp(command, "show") && argc == 2) || (!strcmp(command, "list") && argc == 1))
    offer(word, "--", "json", "The catalogue as JSON.");
  for (int i = 0; !strcmp(command, "completion") && argc == 1 && i < SCRIPTS; i++)
    offer(word, "", scripts[i].shell, NULL);
}

int lossd_complete_command(int argc, char **argv) {
  if (argc == 0) return LOSSD_EXIT_USAGE;
  if (argv[0][0] == '-')
    complete_server(argc, argv);
  else if (argc > 1)
    complete_arguments(argv[0], argc - 1, argv + 1);
  else
    for (const struct lossd_command *c = lossd_commands; c->name; c++)
      if (c->help) offer(argv[0], "", c->name, c->help);
  return lossd_flush();
}
