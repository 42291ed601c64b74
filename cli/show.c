/* lossd list, lossd show: the catalogue, as text or JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/catalogue.h"
#include "api/number_text.h"
#include "cli/arguments.h"
#include "cli/commands.h"

static int usage(const char *text) {
  fprintf(stderr, "lossd: %s\n", text);
  return LOSSD_EXIT_USAGE;
}

static int print_json(const struct lossd_loss *loss) {
  struct lossd_arena arena;
  size_t length = 0;
  lossd_arena_init(&arena, NULL);
  const char *text = loss ? lossd_catalogue_loss(loss, &arena, &length) : lossd_catalogue(&arena, &length);
  if (text) fwrite(text, 1, length, stdout);
  putchar('\n');
  lossd_arena_reset(&arena);
  return text ? lossd_flush() : LOSSD_EXIT_FILE;
}

int lossd_list_command(int argc, char **argv) {
  if (argc == 1 && !strcmp(argv[0], "--json")) return print_json(NULL);
  if (argc > 0) return usage("list takes --json and nothing else");
  for (int i = 0; i < lossd_loss_count; i++)
    printf("%-30s %s\n", lossd_losses[i]->name, lossd_losses[i]->summary);
  return lossd_flush();
}

/* ---- Show ---- */

static void print_value(const struct lossd_option *option, double value) {
  char text[LOSSD_NUMBER_TEXT_MAX];
  switch (option->type) {
  case LOSSD_BOOLEAN: fputs(value != 0 ? "true" : "false", stdout); break;
  case LOSSD_CHOICE: fputs(option->choices[(int)value], stdout); break;
  case LOSSD_TEXT: fputs("none", stdout); break;
  default: printf("%.*s", (int)(lossd_write_double(text, value) - text), text);
  }
}

static void print_bound(const char *relation, double bound) {
  char text[LOSSD_NUMBER_TEXT_MAX];
  printf(" %s %.*s.", relation, (int)(lossd_write_double(text, bound) - text), text);
}

static void print_range(const struct lossd_option *option) {
  for (int i = 0; option->type == LOSSD_CHOICE && option->choices[i]; i++)
    printf("%s%s", i ? ", " : " One of ", option->choices[i]);
  if (option->type == LOSSD_CHOICE) putchar('.');
  if (option->type != LOSSD_INTEGER && option->type != LOSSD_NUMBER) return;
  if (option->minimum > -INFINITY) print_bound(option->exclusive_minimum ? ">" : ">=", option->minimum);
  if (option->maximum < INFINITY) print_bound("<=", option->maximum);
}

static void print_option(const struct lossd_option *option) {
  printf("  --%-22s %s", option->name, option->description);
  print_range(option);
  fputs(" [", stdout);
  print_value(option, option->textbook);
  if (option->type != LOSSD_TEXT && option->textbook != option->pytorch) {
    fputs("; pytorch: ", stdout);
    print_value(option, option->pytorch);
  }
  puts("]");
}

void lossd_print_flags(const struct lossd_loss *loss) {
  puts("\nTensors");
  for (int i = 0; i < loss->role_count; i++) {
    const struct lossd_role *role = &loss->roles[i];
    printf("  --%-22s %s%s. Shape %s.%s\n", role->name, role->optional ? "Optional: " : "", role->description,
           role->shape, role->differentiable ? " Has a gradient." : "");
  }
  puts("  --sample_weight          Optional. Multiplies the unreduced losses and enters the denominator.\n"
       "  --grad_output            Optional. What the gradients are multiplied by, in the loss's "
       "shape.\n\nOptions");
  for (int i = 0; i < loss->option_count; i++) print_option(&loss->options[i]);
  puts("\nThe command");
  for (int i = 0; i < LOSSD_EVAL_FLAGS; i++)
    printf("  --%-22s %s\n", lossd_eval_flags[i].name, lossd_eval_flags[i].help);
}

static void print_example(const struct lossd_loss *loss) {
  struct lossd_arena arena;
  struct lossd_json_text out;
  lossd_arena_init(&arena, NULL);
  lossd_json_init(&out, &arena, 1024);
  lossd_catalogue_example(&out, loss);
  if (!out.failed)
    printf("\nExample\n  echo '%.*s' |\n    lossd eval %s --request -\n", (int)out.length, out.data,
           loss->name);
  lossd_arena_reset(&arena);
}

int lossd_show_command(int argc, char **argv) {
  const bool first = argc == 2 && !strcmp(argv[0], "--json");
  const bool json = first || (argc == 2 && !strcmp(argv[1], "--json"));
  if (argc == 0 || argc > 2 || (argc == 2 && !json) || argv[first][0] == '-')
    return usage("show takes the name of a loss, and --json: lossd show MSELoss");
  const struct lossd_loss *loss = lossd_named_loss(argv[first]);
  if (!loss) return LOSSD_EXIT_REFUSED;
  if (json) return print_json(loss);
  printf("%s: %s\n\n  %s\n", loss->name, loss->summary, loss->formula);
  lossd_print_flags(loss);
  print_example(loss);
  return lossd_flush();
}
