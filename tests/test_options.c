/* Options, on a row that has one of each type, and on the zoo's rows; and what every row must say. */
#include <ctype.h>

#include "core/loss.h"
#include "core/row.h"
#include "tests/unit.h"

static const char *const colours[] = {"red", "green", NULL};
static const char *const modes[] = {"false", "half", "whole", NULL};
static const struct lossd_option of_each_type[] = {
    OPTION_REDUCTION(LOSSD_MEAN, LOSSD_SUM),
    {.name = "flag", .type = LOSSD_BOOLEAN, .textbook = 0, .pytorch = 1},
    {.name = "whole", .type = LOSSD_INTEGER, .minimum = -2, .maximum = 5, .textbook = 1, .pytorch = 2},
    {.name = "positive", .type = LOSSD_NUMBER, MORE_THAN(0), .infinite = true, .textbook = 1, .pytorch = 1},
    {.name = "share", .type = LOSSD_NUMBER, WITHIN(0, 1), .textbook = 0.25, .pytorch = 0.5},
    {.name = "colour", .type = LOSSD_CHOICE, .choices = colours, .textbook = 0, .pytorch = 1},
    {.name = "mode", .type = LOSSD_CHOICE, .choices = modes, .boolean_true = "whole"},
    {.name = "text", .type = LOSSD_TEXT},
};
enum { REDUCTION, FLAG, WHOLE, POSITIVE, SHARE, COLOUR, MODE, TEXT, OPTIONS };
static const struct lossd_loss row = {.name = "RowLoss", .options = of_each_type, .option_count = OPTIONS};

#define NUMBER(x)                                                                                            \
  (struct lossd_value) {                                                                                     \
    .type = LOSSD_VALUE_NUMBER, .number = (x)                                                                \
  }
#define BOOLEAN(x)                                                                                           \
  (struct lossd_value) {                                                                                     \
    .type = LOSSD_VALUE_BOOLEAN, .number = (x)                                                               \
  }
#define STRING(x)                                                                                            \
  (struct lossd_value) {                                                                                     \
    .type = LOSSD_VALUE_STRING, .string = (x), .length = strlen(x)                                           \
  }
#define OTHER                                                                                                \
  (struct lossd_value) {                                                                                     \
    .type = LOSSD_VALUE_OTHER                                                                                \
  }

static int set(struct lossd_options *options, const char *name, struct lossd_value value,
               struct lossd_problem *problem) {
  return lossd_options_set(options, name, strlen(name), &value, problem);
}

static void values_that_fit_are_taken(void **state) {
  (void)state;
  const struct {
    int option;
    struct lossd_value value;
    double resolved;
  } cases[] = {
      {REDUCTION, STRING("none"), LOSSD_NONE},
      {FLAG, BOOLEAN(1), 1},
      {WHOLE, NUMBER(-2), -2},
      {WHOLE, NUMBER(5), 5},
      {POSITIVE, NUMBER(0x1p-1074), 0x1p-1074},
      {POSITIVE, NUMBER(INFINITY), INFINITY},
      {SHARE, NUMBER(0), 0},
      {SHARE, NUMBER(1), 1},
      {COLOUR, STRING("green"), 1},
      {MODE, BOOLEAN(1), 2},
      {MODE, BOOLEAN(0), 0},
      {MODE, STRING("half"), 1},
      {TEXT, STRING("abs(x - y)"), 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct lossd_options options;
    struct lossd_problem problem;
    lossd_options_init(&options, &row);
    if (set(&options, of_each_type[cases[i].option].name, cases[i].value, &problem))
      fail_msg("case %zu: %s", i, problem.detail);
    lossd_options_finish(&options);
    assert_true(options.value[cases[i].option] == cases[i].resolved);
  }
}

static void values_that_do_not_fit_are_refused_with_what_would(void **state) {
  (void)state;
  const struct {
    const char *name;
    struct lossd_value value;
    const char *detail;
  } cases[] = {
      {"reduction", STRING("avg"), "reduction is \"avg\", expected one of none, mean, sum"},
      {"reduction", NUMBER(1), "reduction is 1, expected one of none, mean, sum"},
      {"flag", NUMBER(1), "flag is 1, expected true or false"},
      {"flag", STRING("true"), "flag is \"true\", expected true or false"},
      {"whole", NUMBER(1.5), "whole is 1.5, expected an integer >= -2 and <= 5"},
      {"whole", NUMBER(6), "whole is 6, expected an integer >= -2 and <= 5"},
      {"whole", NUMBER(-3), "whole is -3, expected an integer >= -2 and <= 5"},
      {"whole", NUMBER(INFINITY), "whole is inf, expected an integer >= -2 and <= 5"},
      {"positive", NUMBER(0), "positive is 0, expected a number or Infinity > 0"},
      {"positive", NUMBER(NAN), NULL},
      {"share", NUMBER(1.0000000000000002),
       "share is 1.0000000000000002, expected a finite number >= 0 and <= 1"},
      {"share", BOOLEAN(1), "share is true, expected a finite number >= 0 and <= 1"},
      {"share", STRING("0.5"), "share is \"0.5\", expected a finite number >= 0 and <= 1"},
      {"share", OTHER,
       "share is neither a number, nor a string, nor a boolean, expected a finite number >= 0 and <= 1"},
      {"colour", STRING("Green"), "colour is \"Green\", expected one of red, green"},
      {"colour", BOOLEAN(1), "colour is true, expected one of red, green"},
      {"text", NUMBER(1), "text is 1, expected a string"},
      {"definition", STRING("numpy"), "definition is \"numpy\", expected one of textbook, pytorch"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct lossd_options options;
    struct lossd_problem problem = {0};
    char pointer[96];
    lossd_options_init(&options, &row);
    assert_int_equal(set(&options, cases[i].name, cases[i].value, &problem), LOSSD_INVALID_OPTION);
    if (cases[i].detail) assert_string_equal(problem.detail, cases[i].detail);
    snprintf(pointer, sizeof pointer, "/options/%s", cases[i].name);
    assert_string_equal(problem.pointer, pointer);
    assert_true(*problem.hint);
  }
}

static void an_unknown_option_is_refused_with_the_nearest(void **state) {
  (void)state;
  struct lossd_options options;
  struct lossd_problem problem;
  lossd_options_init(&options, &row);
  assert_int_equal(set(&options, "colur", STRING("red"), &problem), LOSSD_UNKNOWN_OPTION);
  assert_string_equal(problem.detail,
                      "RowLoss has no option \"colur\"; it has definition, reduction, flag, whole, "
                      "positive, share, colour, mode, text");
  assert_string_equal(problem.hint, "did you mean colour?");
  assert_int_equal(set(&options, "definitoin", STRING("pytorch"), &problem), LOSSD_UNKNOWN_OPTION);
  assert_string_equal(problem.hint, "did you mean definition?");
  assert_int_equal(set(&options, "a/b~c", NUMBER(1), &problem), LOSSD_UNKNOWN_OPTION);
  assert_string_equal(problem.pointer, "/options/a~1b~0c");
  assert_int_equal(set(&options, "temperature", NUMBER(1), &problem), LOSSD_UNKNOWN_OPTION);
  assert_string_equal(problem.hint, "");
}

static void an_option_given_twice_is_refused(void **state) {
  (void)state;
  struct lossd_options options;
  struct lossd_problem problem;
  lossd_options_init(&options, &row);
  assert_int_equal(set(&options, "share", NUMBER(0.5), &problem), 0);
  assert_int_equal(set(&options, "share", NUMBER(0.5), &problem), LOSSD_INVALID_OPTION);
  assert_string_equal(problem.detail, "share is given twice, expected once");
  assert_int_equal(set(&options, "definition", STRING("pytorch"), &problem), 0);
  assert_int_equal(set(&options, "definition", STRING("pytorch"), &problem), LOSSD_INVALID_OPTION);
}

static void a_definition_fills_what_is_not_given_in_any_order(void **state) {
  (void)state;
  for (int i = 0; i < lossd_loss_count + 1; i++) {
    const struct lossd_loss *loss = i < lossd_loss_count ? lossd_losses[i] : &row;
    for (int definition = 0; definition < 3; definition++) { /* 2: none is given */
      struct lossd_options options;
      struct lossd_problem problem;
      lossd_options_init(&options, loss);
      if (definition != 1) assert_int_equal(set(&options, "reduction", STRING("none"), &problem), 0);
      if (definition < 2)
        assert_int_equal(
            set(&options, "definition", definition ? STRING("pytorch") : STRING("textbook"), &problem), 0);
      if (definition == 1) assert_int_equal(set(&options, "reduction", STRING("none"), &problem), 0);
      lossd_options_finish(&options);
      assert_true(options.value[0] == LOSSD_NONE);
      for (int k = 1; k < loss->option_count; k++)
        assert_true(options.value[k] ==
                    (definition == 1 ? loss->options[k].pytorch : loss->options[k].textbook));
    }
  }
}

/* ---- Rows ---- */

static void is_text(const char *loss, const char *what, const char *text) {
  if (!text || !*text) fail_msg("%s: %s is missing", loss, what);
}

/* A name that a request may write: letters, digits and underscores; not one that means something else. */
static void is_name(const char *loss, const char *name) {
  static const char *const taken[] = {"sample_weight", "grad_output", "definition",
                                      "gradients",     "id",          "options"};
  is_text(loss, "a name", name);
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
    if (!strcmp(name, taken[i])) fail_msg("%s: the name %s is taken", loss, name);
  for (const char *p = name; *p; p++)
    if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_')
      fail_msg("%s: the name %s has \"%c\"", loss, name, *p);
}

static int names_of(const struct lossd_loss *loss, const char *names[LOSSD_MAX_ROLES + LOSSD_MAX_OPTIONS]) {
  int count = 0;
  for (int k = 0; k < loss->role_count; k++) names[count++] = loss->roles[k].name;
  for (int k = 0; k < loss->option_count; k++) names[count++] = loss->options[k].name;
  return count;
}

static void names_of_roles_and_options_never_collide(void **state) {
  (void)state;
  for (int i = 0; i < lossd_loss_count; i++) {
    const char *names[LOSSD_MAX_ROLES + LOSSD_MAX_OPTIONS];
    const int count = names_of(lossd_losses[i], names);
    for (int a = 0; a < count; a++) {
      is_name(lossd_losses[i]->name, names[a]);
      for (int b = 0; b < a; b++)
        if (!strcmp(names[a], names[b])) fail_msg("%s: two are named %s", lossd_losses[i]->name, names[a]);
    }
  }
}

static void losses_are_found_by_their_own_names(void **state) {
  (void)state;
  struct lossd_problem problem;
  for (int i = 0; i < lossd_loss_count; i++)
    assert_ptr_equal(lossd_find(lossd_losses[i]->name, strlen(lossd_losses[i]->name), &problem),
                     lossd_losses[i]);
}

/* As PyTorch's users write them, and however far away. */
static void an_unknown_loss_names_the_nearest(void **state) {
  (void)state;
  static const struct {
    const char *name, *nearest;
  } cases[] = {
      {"MSELos", "did you mean MSELoss?"},
      {"mse", "did you mean MSELoss?"},
      {"mse_loss", "did you mean MSELoss?"},
      {"torch.nn.MSELoss", "did you mean MSELoss?"},
      {"cross_entropy", "did you mean CrossEntropyLoss?"},
      {"kl_div", "did you mean KLDivLoss?"},
      {"BCE", "did you mean BCELoss?"},
      {"BCELossWithLogits", "did you mean BCEWithLogitsLoss?"},
      {"Huber", "did you mean HuberLoss?"},
      {"TripletLoss", "did you mean TripletMarginLoss?"},
      {"CosineLoss", "did you mean CosineEmbeddingLoss?"},
      {"Xyz", "the nearest name is L1Loss; the catalogue lists all: GET /v1/losses"},
      {"Loss", "the nearest name is L1Loss; the catalogue lists all: GET /v1/losses"},
      {"", ""},
      {"\"./", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct lossd_problem problem = {0};
    assert_null(lossd_find(cases[i].name, strlen(cases[i].name), &problem));
    assert_int_equal(problem.status, LOSSD_UNKNOWN_LOSS);
    assert_string_equal(problem.hint, cases[i].nearest);
  }
}

static void every_row_is_described(void **state) {
  (void)state;
  for (int i = 0; i < lossd_loss_count; i++) {
    const struct lossd_loss *loss = lossd_losses[i];
    is_text(loss->name, "summary", loss->summary);
    is_text(loss->name, "formula", loss->formula);
    assert_int_equal(loss->summary[strlen(loss->summary) - 1], '.');
    assert_true(loss->cost > 0);
    assert_in_range(loss->role_count, 1, LOSSD_MAX_ROLES);
    assert_in_range(loss->option_count, 1, LOSSD_MAX_OPTIONS);
    assert_string_equal(loss->options[0].name, "reduction");
    for (int k = 0; k < loss->role_count; k++) {
      is_text(loss->name, "a role's description", loss->roles[k].description);
      is_text(loss->name, "a role's shape", loss->roles[k].shape);
      assert_true(loss->roles[k].kind != LOSSD_EITHER || loss->kind);
      assert_true(loss->roles[k].kind != LOSSD_INDEX || !loss->roles[k].differentiable);
    }
    for (int k = 0; k < loss->option_count; k++)
      is_text(loss->name, "an option's description", loss->options[k].description);
  }
}

/* The defaults of both definitions can be given as they are. */
static void every_default_lies_in_its_range(void **state) {
  (void)state;
  for (int i = 0; i < lossd_loss_count; i++)
    for (int k = 0; k < 2 * lossd_losses[i]->option_count; k++) {
      const struct lossd_option *option = &lossd_losses[i]->options[k / 2];
      const double value = k % 2 ? option->pytorch : option->textbook;
      struct lossd_options options;
      struct lossd_problem problem;
      if (option->type == LOSSD_TEXT) continue;
      lossd_options_init(&options, lossd_losses[i]);
      if (set(&options, option->name,
              option->type == LOSSD_CHOICE    ? STRING(option->choices[(int)value])
              : option->type == LOSSD_BOOLEAN ? BOOLEAN(value)
                                              : NUMBER(value),
              &problem))
        fail_msg("%s: %s", lossd_losses[i]->name, problem.detail);
    }
}

static void every_row_has_two_examples_of_all_it_needs(void **state) {
  (void)state;
  for (int i = 0; i < lossd_loss_count; i++) {
    const struct lossd_loss *loss = lossd_losses[i];
    assert_non_null(loss->examples);
    assert_memory_not_equal(&loss->examples[0], &loss->examples[1], sizeof loss->examples[0]);
    for (int e = 0; e < 2; e++)
      for (int k = 0; k < loss->role_count; k++) {
        const int rank = loss->examples[e].tensor[k].rank;
        if (rank < 0 ? !loss->roles[k].optional : rank > 3)
          fail_msg("%s: example %d lacks %s", loss->name, e, loss->roles[k].name);
        for (int d = 0; d < rank; d++) assert_true(loss->examples[e].tensor[k].dim[d] > 0);
      }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_that_fit_are_taken),
      cmocka_unit_test(values_that_do_not_fit_are_refused_with_what_would),
      cmocka_unit_test(an_unknown_option_is_refused_with_the_nearest),
      cmocka_unit_test(an_option_given_twice_is_refused),
      cmocka_unit_test(a_definition_fills_what_is_not_given_in_any_order),
      cmocka_unit_test(names_of_roles_and_options_never_collide),
      cmocka_unit_test(losses_are_found_by_their_own_names),
      cmocka_unit_test(an_unknown_loss_names_the_nearest),
      cmocka_unit_test(every_row_is_described),
      cmocka_unit_test(every_default_lies_in_its_range),
      cmocka_unit_test(every_row_has_two_examples_of_all_it_needs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
