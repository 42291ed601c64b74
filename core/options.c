/* Options: one builder, fed by every wire format, checked against the loss's row. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/decimal.h"
#include "core/loss.h"

#define DEFINITION_GIVEN (1u << 31)

static const char *const definitions[] = {"textbook", "pytorch", NULL};
const struct lossd_option lossd_definition = {
    .name = "definition",
    .type = LOSSD_CHOICE,
    .choices = definitions,
    .textbook = 0,
    .pytorch = 1,
    .description =
        "Whose defaults fill the options that are not given: the published formula's or PyTorch's.",
};

void lossd_options_init(struct lossd_options *options, const struct lossd_loss *loss) {
  *options = (struct lossd_options){.loss = loss};
}

static int unknown_option(const struct lossd_loss *loss, const char *name, size_t length,
                          struct lossd_problem *problem) {
  const char *names[LOSSD_MAX_OPTIONS + 1] = {lossd_definition.name};
  const size_t count = (size_t)loss->option_count + 1;
  char quoted[LOSSD_QUOTE_TEXT], pointer[LOSSD_POINTER_TEXT], all[LOSSD_LIST_TEXT];
  for (int i = 0; i < loss->option_count; i++) names[i + 1] = loss->options[i].name;
  lossd_quote(name, length, quoted);
  lossd_pointer(pointer, "/options", name, length);
  lossd_fail(problem, LOSSD_UNKNOWN_OPTION, pointer, "%s has no option \"%s\"; it has %s", loss->name, quoted,
             lossd_list(names, count, all));
  const char *nearest = lossd_nearest(name, length, names, count);
  if (nearest) lossd_hint(problem, "did you mean %s?", nearest);
  if (lossd_input_find(loss, name, length) >= 0)
    lossd_hint(problem, "%s is a tensor: send it beside the others", quoted);
  return problem->status;
}

/* What a value looks like in a message. */
static const char *value_text(const struct lossd_value *value, char text[LOSSD_QUOTE_TEXT + 2]) {
  char quoted[LOSSD_QUOTE_TEXT];
  switch (value->type) {
  case LOSSD_VALUE_NUMBER: return lossd_decimal_text(value->number, 17, text);
  case LOSSD_VALUE_BOOLEAN: return value->number != 0 ? "true" : "false";
  case LOSSD_VALUE_STRING:
    snprintf(text, LOSSD_QUOTE_TEXT + 2, "\"%s\"", lossd_quote(value->string, value->length, quoted));
    break;
  case LOSSD_VALUE_OTHER: return "neither a number, nor a string, nor a boolean";
  }
  return text;
}

/* What an option takes, for a message: "a number > 0". */
static const char *expectation(const struct lossd_option *option, char *text, size_t size) {
  char number[LOSSD_DECIMAL_TEXT];
  size_t used;
  switch (option->type) {
  case LOSSD_BOOLEAN: return "true or false";
  case LOSSD_TEXT: return "a string";
  case LOSSD_CHOICE:
    used = (size_t)snprintf(text, size, "one of");
    for (int i = 0; option->choices[i] && used < size; i++)
      used += (size_t)snprintf(text + used, size - used, i ? ", %s" : " %s", option->choices[i]);
    return text;
  case LOSSD_INTEGER:
  case LOSSD_NUMBER: break;
  }
  used = (size_t)snprintf(text, size, option->type == LOSSD_INTEGER ? "an integer" : "a finite number");
  if (option->infinite) used = (size_t)snprintf(text, size, "a number or Infinity");
  if (option->minimum > -INFINITY)
    used += (size_t)snprintf(text + used, size - used, " %s %s", option->exclusive_minimum ? ">" : ">=",
                             lossd_decimal_text(option->minimum, 17, number));
  if (option->maximum < INFINITY)
    snprintf(text + used, size - used, "%s <= %s", option->minimum > -INFINITY ? " and" : "",
             lossd_decimal_text(option->maximum, 17, number));
  return text;
}

/* The position of the choice that is meant, or NaN. */
static double resolve_choice(const struct lossd_option *option, const struct lossd_value *value) {
  const bool boolean = option->boolean_true && value->type == LOSSD_VALUE_BOOLEAN;
  const char *text = !boolean ? value->string : value->number != 0 ? option->boolean_true : "false";
  const size_t length = boolean ? strlen(text) : value->length;
  for (int i = 0; value->type != LOSSD_VALUE_OTHER && text && option->choices[i]; i++)
    if (lossd_is_named(option->choices[i], text, length)) return i;
  return NAN;
}

static bool number_fits(const struct lossd_option *option, double number) {
  bool above = option->exclusive_minimum ? number > option->minimum : number >= option->minimum;
  bool kind = isinf(number) ? option->infinite : option->type == LOSSD_NUMBER || number == trunc(number);
  return above && number <= option->maximum && kind;
}

/* The resolved value of an option, or NaN when the value does not fit. */
static double resolve(const struct lossd_option *option, const struct lossd_value *value) {
  switch (option->type) {
  case LOSSD_BOOLEAN: return value->type == LOSSD_VALUE_BOOLEAN ? value->number : NAN;
  case LOSSD_TEXT: return value->string ? 1 : NAN;
  case LOSSD_INTEGER:
  case LOSSD_NUMBER:
    return value->type == LOSSD_VALUE_NUMBER && number_fits(option, value->number) ? value->number : NAN;
  case LOSSD_CHOICE: return resolve_choice(option, value);
  }
  return NAN;
}

static int refuse(const struct lossd_option *option, const struct lossd_value *value,
                  struct lossd_problem *problem) {
  char pointer[64], found[LOSSD_QUOTE_TEXT + 2], text[160];
  const char *expected = expectation(option, text, sizeof text);
  snprintf(pointer, sizeof pointer, "/options/%s", option->name);
  lossd_fail(problem, LOSSD_INVALID_OPTION, pointer, "%s is %s, expected %s", option->name,
             value_text(value, found), expected);
  lossd_hint(problem, "send %s", expected);
  return problem->status;
}

static int given_twice(const char *name, struct lossd_problem *problem) {
  char pointer[64];
  snprintf(pointer, sizeof pointer, "/options/%s", name);
  lossd_fail(problem, LOSSD_INVALID_OPTION, pointer, "%s is given twice, expected once", name);
  lossd_hint(problem, "leave one of them out");
  return problem->status;
}

static int set_definition(struct lossd_options *options, const struct lossd_value *value,
                          struct lossd_problem *problem) {
  const double choice = resolve(&lossd_definition, value);
  if (options->given & DEFINITION_GIVEN) return given_twice(lossd_definition.name, problem);
  if (isnan(choice)) return refuse(&lossd_definition, value, problem);
  options->given |= DEFINITION_GIVEN;
  options->pytorch = choice == lossd_definition.pytorch;
  return LOSSD_OK;
}

int lossd_options_set(struct lossd_options *options, const char *name, size_t name_length,
                      const struct lossd_value *value, struct lossd_problem *problem) {
  const struct lossd_loss *loss = options->loss;
  if (lossd_is_named(lossd_definition.name, name, name_length))
    return set_definition(options, value, problem);
  for (int i = 0; i < loss->option_count; i++) {
    const struct lossd_option *option = &loss->options[i];
    if (!lossd_is_named(option->name, name, name_length)) continue;
    if (options->given & (1u << i)) return given_twice(option->name, problem);
    double resolved = resolve(option, value);
    if (isnan(resolved)) return refuse(option, value, problem);
    options->given |= 1u << i;
    options->value[i] = resolved + 0; /* not -0.0 */
    if (option->type == LOSSD_TEXT) options->text = value->string, options->text_length = value->length;
    return LOSSD_OK;
  }
  return unknown_option(loss, name, name_length, problem);
}

void lossd_options_finish(struct lossd_options *options) {
  const struct lossd_loss *loss = options->loss;
  for (int i = 0; i < loss->option_count; i++)
    if (!(options->given & (1u << i)))
      options->value[i] = options->pytorch ? loss->options[i].pytorch : loss->options[i].textbook;
}
