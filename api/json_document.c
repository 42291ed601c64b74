/* What the scanner left: items of the envelope and the spans of the text that they stand for. */
#include <string.h>

#include "api/json_scan.h"
#include "api/json_string.h"

void lossd_json_free(struct lossd_json *json) {
  cJSON_Delete(json->root);
  json->root = NULL;
}

static const struct lossd_json_span *marked(const struct lossd_json *json, const char *text) {
  size_t index = 0;
  for (const char *p = text + 1; *p; p++) index = index * 10 + (size_t)(*p - '0');
  return &json->spans[index];
}

const struct lossd_json_span *lossd_json_span(const struct lossd_json *json, const cJSON *item) {
  static const char words[] = "truefalse";
  static const struct lossd_json_span yes = {.begin = words, .end = words + 4, .count = 1},
                                      no = {.begin = words + 4, .end = words + 9, .count = 1};
  if (cJSON_IsBool(item)) return cJSON_IsTrue(item) ? &yes : &no;
  return cJSON_IsString(item) ? marked(json, item->valuestring) : NULL;
}

const char *lossd_json_name(const struct lossd_json *json, const cJSON *member, size_t *length) {
  const char *name = member->string;
  if (name[0] != LOSSD_JSON_MARK) {
    *length = strlen(name);
    return name;
  }
  const struct lossd_json_span *span = marked(json, name);
  *length = (size_t)(span->end - span->begin);
  return span->begin;
}

const char *lossd_json_string_of(const struct lossd_json *json, const struct lossd_json_span *span,
                                 size_t *length) {
  *length = (size_t)(span->end - span->begin);
  if (!span->escaped) return span->begin;
  char *text = lossd_arena_alloc(json->arena, *length, 1);
  if (text) *length = lossd_json_unescape(span->begin, span->end, text);
  return text;
}

const char *lossd_json_describe(const struct lossd_json *json, const cJSON *item) {
  static const char *const kinds[] = {"a number", "a string", "an array of numbers"};
  const struct lossd_json_span *span = lossd_json_span(json, item);
  if (cJSON_IsNull(item)) return "null";
  if (cJSON_IsObject(item)) return "an object";
  if (cJSON_IsBool(item)) return cJSON_IsTrue(item) ? "true" : "false";
  return span ? kinds[span->kind] : "an array of other things than numbers";
}
