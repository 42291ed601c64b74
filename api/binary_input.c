#include "api/binary_input.h"

const char *lossd_read_whole(const char *text, const char *end, int64_t *value) {
  const char *p = text;
  *value = 0;
  for (; p < end && *p >= '0' && *p <= '9'; p++)
    if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, *p - '0', value))
      return NULL;
  return p == text || (*text == '0' && p > text + 1) ? NULL : p;
}

int lossd_unknown_input(struct lossd_exchange *x, const char *name, size_t length) {
  const struct lossd_loss *loss = x->evaluation.loss;
  const char *known[LOSSD_INPUTS];
  char quoted[LOSSD_QUOTE_TEXT], pointer[LOSSD_POINTER_TEXT], all[LOSSD_LIST_TEXT];
  const size_t count = lossd_input_names(loss, known);
  lossd_pointer(pointer, "", name, length);
  lossd_fail(&x->problem, LOSSD_UNKNOWN_MEMBER, pointer, "%s has no tensor \"%s\"; it takes %s", loss->name,
             lossd_quote(name, length, quoted), lossd_list(known, count, all));
  const char *nearest = lossd_nearest(name, length, known, count);
  if (nearest) lossd_hint(&x->problem, "did you mean %s?", nearest);
  return x->problem.status;
}
