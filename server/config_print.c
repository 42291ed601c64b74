#include "server/config_print.h"

#include "core/loss.h"
#include "server/version.h"
#include <cjson/cJSON.h>
#include <gnutls/gnutls.h>
#include <uv.h>
#include <zlib.h>

static const char *default_text(const struct lossd_flag *flag) {
  return flag->default_text ? flag->default_text : flag->value ? flag->value : "none";
}

static void print_flag(const struct lossd_flag *flag, FILE *out) {
  char usage[64], choices[LOSSD_EXPECTED_TEXT] = "";
  snprintf(usage, sizeof usage, "--%s %s", flag->name, flag->metavar ? flag->metavar : "");
  if (flag->type == LOSSD_FLAG_CHOICE) lossd_flag_expected(flag, choices);
  fprintf(out, "  %-32s %s%s%s%s", usage, flag->help, *choices ? " Is " : "", choices, *choices ? "." : "");
  if (flag->type != LOSSD_FLAG_ACTION) fprintf(out, " [%s]", default_text(flag));
  fputc('\n', out);
}

void lossd_print_help(FILE *out) {
  fputs("Usage: lossd [serve] [--flag VALUE]...     serve\n"
        "       lossd eval LOSS --TENSOR FILE...   evaluate files without a server: lossd eval --help\n"
        "       lossd list, lossd show LOSS        what losses there are, what one takes\n"
        "       lossd completion SHELL             complete all this in bash, zsh or fish\n\n"
        "Evaluates losses and their gradients over HTTP. Each flag is also an environment variable:\n"
        "--max-body-bytes is LOSSD_MAX_BODY_BYTES. Flags win over the environment; [defaults] over nothing.\n"
        "SIZE is bytes or has a suffix: KiB, MiB, GiB or K, M, G (all powers of 1024). TIME is seconds or "
        "has one:\n"
        "s, ms.\n",
        out);
  for (int i = 0; i < lossd_flag_count; i++) {
    const struct lossd_flag *flag = &lossd_flags[i];
    if (flag->group) fprintf(out, "\n%s\n", flag->group);
    if (flag->help) print_flag(flag, out);
  }
}

void lossd_print_version(FILE *out) {
  fprintf(out, "lossd %s\n", LOSSD_VERSION);
  fprintf(out, "kernels: %s\n", lossd_instruction_set());
  fprintf(out, "compiler: %s\n", LOSSD_COMPILER);
  fprintf(out, "libraries: libmicrohttpd %s, libuv %s, cJSON %s, GnuTLS %s, zlib %s\n",
          lossd_http_library_version(), uv_version_string(), cJSON_Version(), gnutls_check_version(NULL),
          zlibVersion());
}

static void print_source(const struct lossd_flag *flag, enum lossd_source source, FILE *out) {
  char variable[LOSSD_VARIABLE_TEXT];
  switch (source) {
  case LOSSD_FROM_DEFAULT: fputs("default\n", out); break;
  case LOSSD_FROM_ENVIRONMENT: fprintf(out, "environment %s\n", lossd_flag_variable(flag, variable)); break;
  case LOSSD_FROM_FLAG: fprintf(out, "flag --%s\n", flag->name); break;
  }
}

void lossd_print_config(const struct lossd_config *config, const enum lossd_source *source, FILE *out) {
  for (int i = 0; i < lossd_flag_count; i++) {
    char shown[LOSSD_SHOWN_TEXT];
    if (lossd_flags[i].type == LOSSD_FLAG_ACTION) continue;
    fprintf(out, "%-28s %-24s ", lossd_flags[i].name, lossd_flag_show(&lossd_flags[i], config, shown));
    print_source(&lossd_flags[i], source[i], out);
  }
}

static void markdown_row(const struct lossd_flag *flag, FILE *out) {
  char variable[LOSSD_VARIABLE_TEXT], expected[LOSSD_EXPECTED_TEXT];
  if (flag->type == LOSSD_FLAG_ACTION) {
    fprintf(out, "| `--%s` | | | | %s |\n", flag->name, flag->help);
    return;
  }
  const char *quote = flag->default_text || !flag->value ? "" : "`";
  fprintf(out, "| `--%s%s%s` | `%s` | %s%s%s | %s | %s |\n", flag->name, flag->metavar ? " " : "",
          flag->metavar ? flag->metavar : "", lossd_flag_variable(flag, variable), quote, default_text(flag),
          quote, flag->expected || flag->type != LOSSD_FLAG_TEXT ? lossd_flag_expected(flag, expected) : "",
          flag->help);
}

void lossd_config_markdown(FILE *out) {
  for (int i = 0; i < lossd_flag_count; i++) {
    const struct lossd_flag *flag = &lossd_flags[i];
    if (flag->group)
      fprintf(out, "%s### %s\n\n| flag | variable | default | values | meaning |\n|---|---|---|---|---|\n",
              i > 0 ? "\n" : "", flag->group);
    if (flag->help) markdown_row(flag, out);
  }
}
