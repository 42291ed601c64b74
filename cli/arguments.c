#include "cli/arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct lossd_eval_flag lossd_eval_flags[LOSSD_EVAL_FLAGS] = {
    [LOSSD_EVAL_GRADIENTS] = {"gradients", "NAMES",
                              "Tensors whose gradient is wanted, with commas, or true for all.", false},
    [LOSSD_EVAL_DEFINITION] = {"definition", "NAME", "Whose defaults fill the options: textbook or pytorch.",
                               false},
    [LOSSD_EVAL_TENSORS] = {"tensors", "FILE", "A .safetensors file whose tensors have the names above.",
                            true},
    [LOSSD_EVAL_REQUEST] = {"request", "FILE", "A whole request in JSON, as POST /v1/losses takes it; alone.",
                            true},
    [LOSSD_EVAL_OUTPUT] = {"output", "FILE", "Write the answer to FILE (-o): .safetensors, .npy or .json.",
                           true},
    [LOSSD_EVAL_WORKERS] = {"workers", "N", "Threads that compute; as many as there are CPUs, at least 2.",
                            false},
    [LOSSD_EVAL_HELP] = {"help", NULL, "Print this help.", false},
};

bool lossd_flag_name(const char *text, size_t length, char out[LOSSD_FLAG_TEXT_BYTES]) {
  if (length >= LOSSD_FLAG_TEXT_BYTES) return false;
  for (size_t i = 0; i < length; i++) out[i] = text[i] == '-' ? '_' : text[i];
  out[length] = 0;
  return true;
}

int lossd_eval_flag_find(const char *name) {
  for (int i = 0; i < LOSSD_EVAL_FLAGS; i++)
    if (!strcmp(lossd_eval_flags[i].name, name)) return i;
  return -1;
}

static bool is_option(const struct lossd_loss *loss, const char *name) {
  for (int i = 0; i < loss->option_count; i++)
    if (!strcmp(loss->options[i].name, name)) return true;
  return false;
}

/* All flags of the loss. */
static size_t list_names(const struct lossd_loss *loss, const char *names[]) {
  size_t count = 0;
  for (int i = 0; i < LOSSD_INPUTS; i++)
    if (i < loss->role_count || i >= LOSSD_SAMPLE_WEIGHT) names[count++] = lossd_input_name(loss, i);
  for (int i = 0; i < loss->option_count; i++) names[count++] = loss->options[i].name;
  for (int i = 0; i < LOSSD_EVAL_FLAGS; i++) names[count++] = lossd_eval_flags[i].name;
  return count;
}

static bool unknown(const struct lossd_loss *loss, const char *text, char error[512]) {
  const char *names[LOSSD_INPUTS + LOSSD_MAX_OPTIONS + LOSSD_EVAL_FLAGS];
  const size_t count = list_names(loss, names), dashes = strspn(text, "-"), length = strcspn(text, "=");
  char quoted[LOSSD_QUOTE_TEXT], name[LOSSD_FLAG_TEXT_BYTES] = "";
  if (length > dashes) lossd_flag_name(text + dashes, length - dashes, name);
  const char *nearest = lossd_nearest(name, strlen(name), names, count);
  lossd_quote(text, length, quoted);
  if (dashes < 2)
    snprintf(error, 512, "unexpected argument \"%s\": expected flags, as in --input FILE", quoted);
  else if (nearest)
    snprintf(error, 512, "unknown flag \"%s\": did you mean --%s?", quoted, nearest);
  else
    snprintf(error, 512, "unknown flag \"%s\": lossd eval %s --help lists all", quoted, loss->name);
  return false;
}

static bool given_twice(const char *name, char error[512]) {
  snprintf(error, 512, "--%s is given twice, expected once", name);
  return false;
}

/* A file's path. */
static bool once(const char **slot, const char *name, const char *value, char error[512]) {
  if (*slot) return given_twice(name, error);
  *slot = value;
  if (!*value) snprintf(error, 512, "--%s is \"\": expected the name of a file", name);
  return *value;
}

static bool set_workers(struct lossd_eval_arguments *a, const char *value, char error[512]) {
  char *end;
  if (a->workers) return given_twice("workers", error);
  const long workers = strtol(value, &end, 10);
  if (*value >= '0' && *value <= '9' && !*end && workers >= 1 && workers <= 1024) {
    a->workers = (int)workers;
    return true;
  }
  char quoted[LOSSD_QUOTE_TEXT];
  snprintf(error, 512, "--workers is \"%s\": expected a whole number from 1 to 1024",
           lossd_quote(value, strlen(value), quoted));
  return false;
}

/* name: with underscores, in memory that stays. */
static bool add_setting(struct lossd_eval_arguments *a, const char *name, const char *value,
                        char error[512]) {
  for (size_t i = 0; i < a->settings.count; i++)
    if (!strcmp(a->settings.pair[i].name, name)) return given_twice(name, error);
  a->settings.pair[a->settings.count++] = (struct lossd_query_pair){name, value, strlen(name), strlen(value)};
  return true;
}

static const char *kept_name(const struct lossd_loss *loss, const char *name) {
  for (int i = 0; i < loss->option_count; i++)
    if (!strcmp(loss->options[i].name, name)) return loss->options[i].name;
  return lossd_eval_flags[lossd_eval_flag_find(name)].name;
}

static bool take(struct lossd_eval_arguments *a, const char *name, const char *value, char error[512]) {
  const int input = lossd_input_find(a->loss, name, strlen(name)), flag = lossd_eval_flag_find(name);
  if (input >= 0) return once(&a->tensor[input], name, value, error);
  switch (flag) {
  case LOSSD_EVAL_TENSORS: return once(&a->tensors, name, value, error);
  case LOSSD_EVAL_REQUEST: return once(&a->request, name, value, error);
  case LOSSD_EVAL_OUTPUT: return once(&a->output, name, value, error);
  case LOSSD_EVAL_WORKERS: return set_workers(a, value, error);
  default: return add_setting(a, kept_name(a->loss, name), value, error);
  }
}

static bool is_known(const struct lossd_loss *loss, const char *name) {
  return lossd_input_find(loss, name, strlen(name)) >= 0 || is_option(loss, name) ||
         lossd_eval_flag_find(name) >= 0;
}

bool lossd_is_eval_flag(const char *text) {
  char name[LOSSD_FLAG_TEXT_BYTES];
  if (strncmp(text, "--", 2) || !lossd_flag_name(text + 2, strcspn(text + 2, "="), name)) return false;
  for (int i = 0; i < lossd_loss_count; i++)
    if (is_known(lossd_losses[i], name)) return true;
  return false;
}

/* Files that need company, or none, and standard input, which can be read once. */
static bool check(const struct lossd_eval_arguments *a, char error[512]) {
  int files = a->tensors != NULL, standard = a->tensors && !strcmp(a->tensors, "-");
  for (int i = 0; i < LOSSD_INPUTS; i++) {
    files += a->tensor[i] != NULL;
    standard += a->tensor[i] && (!strcmp(a->tensor[i], "-") || !strncmp(a->tensor[i], "-:", 2));
  }
  error[0] = 0;
  if (a->request && (files || a->settings.count))
    snprintf(error, 512, "--request holds tensors, options and gradients: leave the other flags out");
  else if (!a->request && !files)
    snprintf(error, 512, "there are no tensors: give --%s FILE and the others, or --tensors FILE",
             a->loss->roles[0].name);
  else if (standard > 1)
    snprintf(error, 512, "standard input (-) is given for %d tensors, it can be read for one", standard);
  return !error[0];
}

bool lossd_eval_arguments_read(struct lossd_eval_arguments *a, const struct lossd_loss *loss, int argc,
                               char **argv, char error[512]) {
  *a = (struct lossd_eval_arguments){.loss = loss};
  for (int i = 0; i < argc; i++) {
    char name[LOSSD_FLAG_TEXT_BYTES] = "output";
    const char *text = argv[i], *value = NULL;
    const size_t length = strcspn(text, "=");
    const bool is_short = !strcmp(text, "-o");
    if (!strcmp(text, "-h") || !strcmp(text, "--help")) return a->help = true;
    if (!is_short &&
        (strncmp(text, "--", 2) || !lossd_flag_name(text + 2, length - 2, name) || !is_known(loss, name)))
      return unknown(loss, text, error);
    if (!is_short && text[length])
      value = text + length + 1;
    else if (i + 1 < argc)
      value = argv[++i];
    if (!value) {
      snprintf(error, 512, "--%s has no value", name);
      return false;
    }
    if (!take(a, name, value, error)) return false;
  }
  return check(a, error);
}
