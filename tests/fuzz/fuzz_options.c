/* Any settings of any loss: known and unknown names, values of every type, some twice. What is taken lies in
 * the row's range; what is refused says why and where; what is not given has its definition's default. */
#include <math.h>

#include "core/loss.h"
#include "tests/fuzz/bytes.h"

static bool is_within(const struct lossd_option *option, double value) {
  int choices = 0;
  switch (option->type) {
  case LOSSD_BOOLEAN: return value == 0 || value == 1;
  case LOSSD_TEXT: return true;
  case LOSSD_CHOICE:
    while (option->choices[choices]) choices++;
    return value >= 0 && value < choices && value == trunc(value);
  case LOSSD_INTEGER:
    if (value != trunc(value)) return false; /* falls through */
  case LOSSD_NUMBER: break;
  }
  if (isinf(value) && !option->infinite) return false;
  return (option->exclusive_minimum ? value > option->minimum : value >= option->minimum) &&
         value <= option->maximum;
}

/* A value of any type; its text is to be freed. */
static struct lossd_value take_value(struct fuzz_bytes *bytes, const struct lossd_option *option,
                                     char **text) {
  struct lossd_value value = {.type = (enum lossd_value_type)fuzz_below(bytes, LOSSD_VALUE_OTHER + 1)};
  const int form = fuzz_below(bytes, 8);
  if (value.type == LOSSD_VALUE_NUMBER) value.number = fuzz_double(bytes);
  if (value.type == LOSSD_VALUE_BOOLEAN) value.number = fuzz_below(bytes, 2);
  if (option && option->type == LOSSD_CHOICE && form < 4) {
    const char *choice = option->choices[0];
    for (int left = fuzz_below(bytes, 8), i = 0; option->choices[i] && i <= left; i++)
      choice = option->choices[i];
    value.string = choice;
    value.length = strlen(choice);
  } else if (value.type == LOSSD_VALUE_STRING || form == 7) {
    value.length = (size_t)fuzz_byte(bytes);
    value.string = *text = fuzz_text(bytes, &value.length);
  }
  return value;
}

static void set_one(struct fuzz_bytes *bytes, struct lossd_options *options, char **text) {
  const struct lossd_loss *loss = options->loss;
  const int pick = fuzz_below(bytes, loss->option_count + 3);
  const struct lossd_option *option = pick < loss->option_count ? &loss->options[pick] : NULL;
  struct lossd_problem problem = {0};
  size_t length = option ? strlen(option->name) : (size_t)fuzz_byte(bytes);
  char *name = NULL;
  if (!option && pick == loss->option_count) length = strlen("definition");
  if (!option && pick > loss->option_count) name = fuzz_text(bytes, &length);
  const struct lossd_value value = take_value(bytes, option, text);
  const int status = lossd_options_set(options,
                                       name     ? name
                                       : option ? option->name
                                                : "definition",
                                       length, &value, &problem);
  if (status && (status != problem.status || !problem.detail[0] || !problem.pointer[0])) abort();
  if (status && status != LOSSD_UNKNOWN_OPTION && status != LOSSD_INVALID_OPTION) abort();
  free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  enum { MOST = 12 };
  struct fuzz_bytes bytes = {data, data + size};
  struct lossd_options options;
  char *text[MOST] = {NULL};
  lossd_options_init(&options, lossd_losses[fuzz_below(&bytes, lossd_loss_count)]);
  for (int i = 0; i < MOST && bytes.at < bytes.end; i++) set_one(&bytes, &options, &text[i]);
  lossd_options_finish(&options);
  for (int i = 0; i < options.loss->option_count; i++) {
    const struct lossd_option *option = &options.loss->options[i];
    const double preset = options.pytorch ? option->pytorch : option->textbook;
    if (!is_within(option, options.value[i])) abort();
    if (!(options.given & 1u << i) && options.value[i] != preset) abort();
  }
  for (size_t i = 0; options.text && i < options.text_length; i++)
    size += (unsigned char)options.text[i]; /* is readable */
  for (int i = 0; i < MOST; i++) free(text[i]);
  return 0;
}
