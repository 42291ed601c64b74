#include "server/config.h"

#include "core/loss.h"
#include "server/config_print.h"
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

enum { MOST_FLAGS = 64, WRONG = 2, NOT_WRITTEN = 3 };

/* Where the value of each flag comes from, before it is read. */
struct settings {
  struct lossd_config *config;
  FILE *out, *err;
  const char *text[MOST_FLAGS]; /* NULL: not given anywhere */
  enum lossd_source source[MOST_FLAGS];
  enum lossd_action action;
};

/* One line on standard error; returns exit code 2. */
__attribute__((format(printf, 2, 3))) static int wrong(const struct settings *settings, const char *format,
                                                       ...) {
  va_list args;
  va_start(args, format);
  fputs("lossd: ", settings->err);
  vfprintf(settings->err, format, args);
  fputc('\n', settings->err);
  va_end(args);
  return WRONG;
}

/* How the user named flag i: "--port" or "LOSSD_PORT". */
static const char *given_name(const struct settings *settings, int i, char out[LOSSD_VARIABLE_TEXT]) {
  if (settings->source[i] == LOSSD_FROM_ENVIRONMENT) return lossd_flag_variable(&lossd_flags[i], out);
  snprintf(out, LOSSD_VARIABLE_TEXT, "--%s", lossd_flags[i].name);
  return out;
}

/* ---- Flags ---- */

static int unknown_flag(const struct settings *settings, const char *text) {
  const char *names[MOST_FLAGS];
  char quoted[LOSSD_QUOTE_TEXT];
  size_t length = strcspn(text, "="), dashes = strspn(text, "-");
  int count = 0;
  for (int i = 0; i < lossd_flag_count; i++)
    if (lossd_flags[i].help) names[count++] = lossd_flags[i].name;
  if (dashes > length) dashes = length;
  const char *nearest = lossd_nearest(text + dashes, length - dashes, names, (size_t)count);
  lossd_quote(text, length, quoted);
  if (nearest) return wrong(settings, "unknown flag \"%s\": did you mean --%s?", quoted, nearest);
  return wrong(settings, "unknown flag \"%s\": lossd --help lists all", quoted);
}

/* Flags must be written in full: an abbreviation that works today would break when a flag is added. */
static bool written_in_full(const char *text, int i) {
  size_t length = strlen(lossd_flags[i].name);
  return strncmp(text, "--", 2) == 0 && strncmp(text + 2, lossd_flags[i].name, length) == 0 &&
         strcspn(text + 2, "=") == length;
}

/* getopt refused text, a flag whose value is missing or should not be there, or no flag at all. */
static int refuse_flag(const struct settings *settings, const char *text) {
  char expected[LOSSD_EXPECTED_TEXT];
  int i = optopt - MOST_FLAGS;
  if (i < 0 || i >= lossd_flag_count || !written_in_full(text, i)) return unknown_flag(settings, text);
  if (lossd_flags[i].type == LOSSD_FLAG_ACTION)
    return wrong(settings, "--%s takes no value", lossd_flags[i].name);
  return wrong(settings, "--%s has no value: expected %s", lossd_flags[i].name,
               lossd_flag_expected(&lossd_flags[i], expected));
}

static int argument_kind(enum lossd_flag_type type) {
  return type == LOSSD_FLAG_ACTION   ? no_argument
         : type == LOSSD_FLAG_SWITCH ? optional_argument
                                     : required_argument;
}

static void take_flag(struct settings *settings, int i) {
  const struct lossd_flag *flag = &lossd_flags[i];
  settings->source[i] = LOSSD_FROM_FLAG;
  settings->text[i] = optarg ? optarg : "true";
  if (flag->type == LOSSD_FLAG_ACTION) settings->action = (enum lossd_action)flag->offset;
}

static int read_flags(struct settings *settings, int argc, char **argv) {
  struct option options[MOST_FLAGS + 1] = {{0}};
  for (int i = 0; i < lossd_flag_count; i++)
    options[i] =
        (struct option){lossd_flags[i].name, argument_kind(lossd_flags[i].type), NULL, MOST_FLAGS + i};
  optind = 0, opterr = 0;
  for (;;) {
    int at = optind > 0 ? optind : 1, found = getopt_long(argc, argv, "+:h", options, NULL);
    if (found < 0) break;
    if (found == '?' || found == ':') return refuse_flag(settings, argv[at]);
    if (found == 'h') {
      settings->action = LOSSD_ACTION_HELP;
      continue;
    }
    if (!written_in_full(argv[at], found - MOST_FLAGS)) return unknown_flag(settings, argv[at]);
    take_flag(settings, found - MOST_FLAGS);
  }
  if (optind >= argc) return 0;
  char quoted[LOSSD_QUOTE_TEXT];
  return wrong(settings,
               "unexpected argument \"%s\": only flags are taken, as in --port 8080 or --metrics-token=true",
               lossd_quote(argv[optind], strlen(argv[optind]), quoted));
}

/* ---- Environment and defaults ---- */

static const char *find_variable(char **envp, const char *name) {
  size_t length = strlen(name);
  for (; envp && *envp; envp++)
    if (strncmp(*envp, name, length) == 0 && (*envp)[length] == '=') return *envp + length + 1;
  return NULL;
}

static void read_environment(struct settings *settings, char **envp) {
  for (int i = 0; i < lossd_flag_count; i++) {
    char name[LOSSD_VARIABLE_TEXT];
    if (lossd_flags[i].type == LOSSD_FLAG_ACTION || settings->text[i]) continue;
    settings->text[i] = find_variable(envp, lossd_flag_variable(&lossd_flags[i], name));
    if (settings->text[i]) settings->source[i] = LOSSD_FROM_ENVIRONMENT;
  }
}

static void set_default(const struct lossd_flag *flag, struct lossd_config *config) {
  void *field = (char *)config + flag->offset;
  if (flag->value)
    lossd_flag_set(flag, flag->value, config);
  else if (!flag->automatic)
    *(const char **)field = NULL;
  else if (flag->type == LOSSD_FLAG_COUNT)
    *(int *)field = (int)flag->automatic();
  else
    *(size_t *)field = flag->automatic();
}

static int wrong_value(const struct settings *settings, int i) {
  char name[LOSSD_VARIABLE_TEXT], quoted[LOSSD_QUOTE_TEXT], expected[LOSSD_EXPECTED_TEXT];
  const char *text = settings->text[i];
  given_name(settings, i, name);
  lossd_flag_expected(&lossd_flags[i], expected);
  lossd_quote(text, strlen(text), quoted);
  if (strcmp(name, "LOSSD_PORT") == 0 && strncmp(text, "tcp://", 6) == 0)
    return wrong(settings,
                 "LOSSD_PORT is \"%s\", which Kubernetes sets for a Service named lossd: expected %s; set "
                 "enableServiceLinks: false in the pod's spec, or give --port",
                 quoted, expected);
  if (!*text && settings->source[i] == LOSSD_FROM_ENVIRONMENT)
    return wrong(settings, "%s is set but empty: expected %s; unset it for the default", name, expected);
  return wrong(settings, "%s is \"%s\": expected %s", name, quoted, expected);
}

static int read_values(struct settings *settings) {
  for (int i = 0; i < lossd_flag_count; i++) {
    const struct lossd_flag *flag = &lossd_flags[i];
    if (flag->type == LOSSD_FLAG_ACTION) continue;
    if (!settings->text[i])
      set_default(flag, settings->config);
    else if (!*settings->text[i] || !lossd_flag_set(flag, settings->text[i], settings->config))
      return wrong_value(settings, i);
  }
  return 0;
}

/* ---- Values that must agree ---- */

#define FIELD(member) offsetof(struct lossd_config, member)
static const struct {
  size_t field, needs;
} needs[] = {{FIELD(tls_cert), FIELD(tls_key)},
             {FIELD(tls_key), FIELD(tls_cert)},
             {FIELD(tls_client_ca), FIELD(tls_cert)},
             {FIELD(metrics_token), FIELD(token_file)}};

/* Given, and not switched off. */
static bool is_on(const struct settings *settings, int i) {
  if (lossd_flags[i].type == LOSSD_FLAG_SWITCH)
    return *(bool *)((char *)settings->config + lossd_flags[i].offset);
  return settings->text[i] != NULL;
}

static int check_needs(const struct settings *settings) {
  for (size_t k = 0; k < sizeof needs / sizeof *needs; k++) {
    int i = lossd_flag_at(needs[k].field), j = lossd_flag_at(needs[k].needs);
    char name[LOSSD_VARIABLE_TEXT], other[LOSSD_VARIABLE_TEXT];
    if (is_on(settings, i) && !is_on(settings, j))
      return wrong(settings, "%s is given without --%s: give --%s or %s too", given_name(settings, i, name),
                   lossd_flags[j].name, lossd_flags[j].name, lossd_flag_variable(&lossd_flags[j], other));
  }
  return 0;
}

/* A socket path beside a host or port that is at least as explicit: one of them would be ignored. */
static int check_listener(const struct settings *settings) {
  const size_t fields[] = {FIELD(host), FIELD(port)};
  int path = lossd_flag_at(FIELD(unix_socket));
  for (size_t k = 0; settings->text[path] && k < sizeof fields / sizeof *fields; k++) {
    int i = lossd_flag_at(fields[k]);
    char name[LOSSD_VARIABLE_TEXT], other[LOSSD_VARIABLE_TEXT];
    if (settings->text[i] && settings->source[i] >= settings->source[path])
      return wrong(settings,
                   "%s and %s are both given: lossd listens on a Unix socket or on host and port, give one",
                   given_name(settings, path, name), given_name(settings, i, other));
  }
  return 0;
}

static int check_kernels(const struct settings *settings) {
  const char *name = settings->config->instruction_set;
  return !name || lossd_force_instruction_set(name)
             ? 0
             : wrong_value(settings, lossd_flag_at(FIELD(instruction_set)));
}

/* Variables that look like ours, misspelt. Others that begin with LOSSD_ are not ours to judge: Kubernetes
 * makes some. */
static void warn_of_variables(const struct settings *settings, char **envp) {
  char variable[MOST_FLAGS][LOSSD_VARIABLE_TEXT];
  const char *names[MOST_FLAGS];
  int count = 0;
  for (int i = 0; i < lossd_flag_count; i++)
    if (lossd_flags[i].type != LOSSD_FLAG_ACTION)
      names[count] = lossd_flag_variable(&lossd_flags[i], variable[count]) + strlen("LOSSD_"), count++;
  for (; envp && *envp; envp++) {
    char quoted[LOSSD_QUOTE_TEXT];
    size_t length = strcspn(*envp, "=");
    if (length <= 6 || strncmp(*envp, "LOSSD_", 6) != 0) continue;
    const char *nearest = lossd_nearest(*envp + 6, length - 6, names, (size_t)count);
    if (nearest && (strlen(nearest) != length - 6 || strncmp(nearest, *envp + 6, length - 6) != 0))
      fprintf(settings->err, "lossd: warning: %s is not read: did you mean LOSSD_%s?\n",
              lossd_quote(*envp, length, quoted), nearest);
  }
}

/* ---- Actions ---- */

int lossd_config_told(FILE *out, FILE *err) {
  if (fflush(out) == 0 && !ferror(out)) return 1;
  fprintf(err, "lossd: standard output: %s\n", strerror(errno));
  return 1 + NOT_WRITTEN;
}

/* What needs no valid values: true when it was asked for and done. */
static bool tell(const struct settings *settings) {
  switch (settings->action) {
  case LOSSD_ACTION_HELP: lossd_print_help(settings->out); return true;
  case LOSSD_ACTION_VERSION: lossd_print_version(settings->out); return true;
  case LOSSD_ACTION_MARKDOWN: lossd_config_markdown(settings->out); return true;
  default: return false;
  }
}

static int act(const struct settings *settings, char **envp) {
  switch (settings->action) {
  case LOSSD_ACTION_PRINT:
    lossd_print_config(settings->config, settings->source, settings->out);
    return lossd_config_told(settings->out, settings->err);
  case LOSSD_ACTION_CHECK:
    warn_of_variables(settings, envp);
    settings->config->mode = LOSSD_CHECK;
    return 0;
  case LOSSD_ACTION_READY: settings->config->mode = LOSSD_READY; return 0;
  default: settings->config->mode = LOSSD_SERVE; return 0;
  }
}

int lossd_config_read(struct lossd_config *config, int argc, char **argv, char **envp, FILE *out, FILE *err) {
  struct settings settings = {.config = config, .out = out, .err = err};
  int (*const checks[])(const struct settings *) = {check_needs, check_listener, check_kernels};
  int failed = read_flags(&settings, argc, argv);
  if (!failed && tell(&settings)) return lossd_config_told(out, err);
  if (!failed) {
    read_environment(&settings, envp);
    failed = read_values(&settings);
  }
  for (size_t i = 0; !failed && i < sizeof checks / sizeof *checks; i++) failed = checks[i](&settings);
  return failed ? failed + 1 : act(&settings, envp);
}

int lossd_config_parse(struct lossd_config *config, int argc, char **argv, char **envp) {
  return lossd_config_read(config, argc, argv, envp, stdout, stderr);
}
