#include "api/json_value.h"

#include <stdio.h>
#include <string.h>

#include "api/json_token.h"
#include "api/number_text.h"

/* ---- Members ---- */

int lossd_json_unknown_member(struct lossd_problem *problem, const char *parent, const char *name,
                              size_t length, const char *const known[], size_t count) {
  char pointer[LOSSD_POINTER_TEXT], quoted[LOSSD_QUOTE_TEXT], all[LOSSD_LIST_TEXT];
  lossd_pointer(pointer, parent, name, length);
  lossd_fail(problem, LOSSD_UNKNOWN_MEMBER, pointer, "there is no member \"%s\"; expected %s",
             lossd_quote(name, length, quoted), lossd_list(known, count, all));
  const char *nearest = lossd_nearest(name, length, known, count);
  if (nearest) lossd_hint(problem, "did you mean %s?", nearest);
  return problem->status;
}

int lossd_json_members(const struct lossd_json *json, const cJSON *object, const char *pointer,
                       const char *const known[], const cJSON **slots, size_t count,
                       struct lossd_problem *problem) {
  const cJSON *member;
  cJSON_ArrayForEach(member, object) {
    size_t length, i = 0;
    const char *name = lossd_json_name(json, member, &length);
    while (i < count && !lossd_is_named(known[i], name, length)) i++;
    if (i == count) return lossd_json_unknown_member(problem, pointer, name, length, known, count);
    slots[i] = member;
  }
  return LOSSD_OK;
}

/* ---- Values ---- */

bool lossd_json_is_empty(const struct lossd_json *json, const cJSON *item) {
  const struct lossd_json_span *span = lossd_json_span(json, item);
  return span && span->kind == LOSSD_JSON_ARRAY && span->rank == 1 && !span->count && !span->bad_leaf &&
         !span->ragged;
}

const char *lossd_json_expect_string(const struct lossd_json *json, const cJSON *item, const char *pointer,
                                     const char *what, int status, size_t *length,
                                     struct lossd_problem *problem) {
  const struct lossd_json_span *span = item ? lossd_json_span(json, item) : NULL;
  const char *text = NULL;
  if (!span || span->kind != LOSSD_JSON_STRING)
    lossd_fail(problem, status, pointer, "%s is %s, expected a string", what,
               item ? lossd_json_describe(json, item) : "missing");
  else if (!(text = lossd_json_string_of(json, span, length)))
    lossd_fail(problem, LOSSD_OUT_OF_MEMORY, pointer, "no memory to read %s", what);
  return text;
}

int lossd_json_scalar(const struct lossd_json *json, const cJSON *item, const char *pointer,
                      struct lossd_value *value, struct lossd_problem *problem) {
  const struct lossd_json_span *span = lossd_json_span(json, item);
  struct lossd_number number;
  *value = (struct lossd_value){.type = LOSSD_VALUE_OTHER};
  if (!span || span->kind == LOSSD_JSON_ARRAY) return LOSSD_OK;
  if (cJSON_IsBool(item)) {
    *value = (struct lossd_value){.type = LOSSD_VALUE_BOOLEAN, .number = cJSON_IsTrue(item)};
    return LOSSD_OK;
  }
  const char *text = span->begin, *end = span->end;
  if (span->kind == LOSSD_JSON_STRING) {
    size_t length;
    value->type = LOSSD_VALUE_STRING;
    value->string = lossd_json_string_of(json, span, &value->length);
    if (!value->string)
      return lossd_fail(problem, LOSSD_OUT_OF_MEMORY, pointer, "no memory to read the options");
    text = lossd_json_quoted_number(span->begin - 1, span->end + 1, &length);
    if (!text) return LOSSD_OK;
    end = text + strlen(text);
  }
  lossd_read_number(text, end, &number);
  if (number.overflow)
    return lossd_fail(problem, LOSSD_INVALID_OPTION, pointer,
                      "the number is too large for float64, expected at most 1.7976931348623157e308");
  value->type = LOSSD_VALUE_NUMBER;
  value->number = number.value;
  return LOSSD_OK;
}

int lossd_json_take_id(struct lossd_exchange *x, const struct lossd_json *json, const cJSON *item) {
  size_t length;
  if (!item) return LOSSD_OK;
  const char *id =
      lossd_json_expect_string(json, item, "/id", "id", LOSSD_INVALID_REQUEST, &length, &x->problem);
  if (id) return lossd_exchange_take_id(x, id, length);
  if (x->problem.status == LOSSD_INVALID_REQUEST)
    lossd_hint(&x->problem, cJSON_IsNull(item) ? "leave id out" : "write it in double quotes");
  return x->problem.status;
}
