#include "cli/inputs.h"

#include <stdio.h>
#include <string.h>

#include "api/binary_input.h"
#include "api/formats/safetensors_header.h"
#include "api/json_inputs.h"
#include "cli/npy.h"

enum kind { NPY, SAFETENSORS, JSON };

/* ---- Opening ---- */

/* Splits "file.safetensors:name" and "-:name"; the path is cut in place in text. */
static const char *split(char *text) {
  char *colon = strstr(text, ".safetensors:");
  if (colon)
    colon += strlen(".safetensors");
  else if (!strncmp(text, "-:", 2))
    colon = text + 1;
  if (!colon) return NULL;
  *colon = 0;
  return colon + 1;
}

static bool open_source(struct lossd_files *files, int input, const char *path) {
  struct lossd_source *source = &files->source[files->count++];
  char text[4096];
  *source = (struct lossd_source){.input = input, .path = path};
  const size_t length = strlen(path);
  snprintf(text, sizeof text, "%s", path);
  const char *name = input >= 0 && length < sizeof text ? split(text) : NULL;
  if (name) source->tensor = path + (name - text);
  return lossd_file_open(&source->file, name ? text : path);
}

const char *lossd_files_open(struct lossd_files *files, const struct lossd_eval_arguments *arguments) {
  files->count = 0;
  if (arguments->tensors && !open_source(files, -1, arguments->tensors)) return arguments->tensors;
  for (int i = 0; i < LOSSD_INPUTS; i++)
    if (arguments->tensor[i] && !open_source(files, i, arguments->tensor[i])) return arguments->tensor[i];
  return NULL;
}

void lossd_files_close(struct lossd_files *files) {
  for (int i = 0; i < files->count; i++) lossd_file_close(&files->source[i].file);
}

/* ---- Kinds ---- */

static bool ends_with(const char *text, const char *end) {
  const size_t length = strlen(text), tail = strlen(end);
  return length >= tail && !strcmp(text + length - tail, end);
}

/* A header's length in 8 bytes, then '{': as text it would be a length beyond 2^56. */
static bool looks_like_safetensors(const struct lossd_file *file) {
  return file->length > 8 && file->data[8] == '{' && !file->data[7] && !file->data[6] && !file->data[5];
}

static enum kind kind_of(const struct lossd_source *source) {
  if (source->tensor || source->input < 0 || ends_with(source->path, ".safetensors")) return SAFETENSORS;
  if (ends_with(source->path, ".npy")) return NPY;
  if (ends_with(source->path, ".json")) return JSON;
  if (source->file.length >= LOSSD_NPY_MAGIC_BYTES &&
      !memcmp(source->file.data, LOSSD_NPY_MAGIC, LOSSD_NPY_MAGIC_BYTES))
    return NPY;
  return looks_like_safetensors(&source->file) ? SAFETENSORS : JSON;
}

/* ---- safetensors ---- */

static bool is(const char *name, const struct lossd_safetensors_entry *entry) {
  return strlen(name) == entry->name_length && !memcmp(name, entry->name, entry->name_length);
}

static int no_such_tensor(struct lossd_exchange *x, const struct lossd_safetensors *st, const char *name) {
  char all[256] = "", quoted[LOSSD_QUOTE_TEXT];
  for (size_t i = 0; i < st->count; i++) {
    const size_t used = strlen(all);
    lossd_quote(st->entry[i].name, st->entry[i].name_length, quoted);
    snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", quoted);
  }
  lossd_fail(&x->problem, LOSSD_UNKNOWN_MEMBER, NULL, "the file has no tensor \"%s\"; it has %s",
             lossd_quote(name, strlen(name), quoted), *all ? all : "none");
  lossd_hint(&x->problem, "name one of them, as in file.safetensors:name");
  return x->problem.status;
}

/* The entry named in the argument; else the file's only one; else the one named as the input. */
static int take_one(struct lossd_files *files, const struct lossd_source *source,
                    const struct lossd_safetensors *st) {
  struct lossd_exchange *x = &files->x;
  const char *role = lossd_input_name(x->evaluation.loss, source->input);
  const char *name = source->tensor ? source->tensor : role;
  char pointer[64];
  snprintf(pointer, sizeof pointer, "/%s", role);
  for (size_t i = 0; i < st->count; i++) {
    if (!is(name, &st->entry[i]) && (source->tensor || st->count > 1)) continue;
    x->evaluation.present |= 1u << source->input;
    return lossd_safetensors_tensor(x, st, &st->entry[i], pointer, &x->evaluation.tensor[source->input]);
  }
  return no_such_tensor(x, st, name);
}

static int take_all(struct lossd_files *files, const struct lossd_safetensors *st) {
  struct lossd_exchange *x = &files->x;
  for (size_t i = 0; i < st->count; i++) {
    const struct lossd_safetensors_entry *entry = &st->entry[i];
    const int input = lossd_input_find(x->evaluation.loss, entry->name, entry->name_length);
    char pointer[64];
    if (input < 0) return lossd_unknown_input(x, entry->name, entry->name_length);
    snprintf(pointer, sizeof pointer, "/%s", lossd_input_name(x->evaluation.loss, input));
    if (lossd_safetensors_tensor(x, st, entry, pointer, &x->evaluation.tensor[input]))
      return x->problem.status;
    x->evaluation.present |= 1u << input;
  }
  return LOSSD_OK;
}

static int take_safetensors(struct lossd_files *files, const struct lossd_source *source) {
  struct lossd_exchange *x = &files->x;
  struct lossd_safetensors st;
  x->body = source->file.data ? source->file.data : "";
  x->body_length = source->file.length;
  int status = lossd_safetensors_read(x, &st);
  if (!status) status = source->input < 0 ? take_all(files, &st) : take_one(files, source, &st);
  lossd_safetensors_free(&st);
  x->body_length = 0;
  return status;
}

/* ---- Decode ---- */

static int given_twice(struct lossd_exchange *x, int input) {
  return lossd_fail(&x->problem, LOSSD_INVALID_REQUEST, NULL,
                    "%s is in the file of --tensors and has a flag of its own, expected one of them",
                    lossd_input_name(x->evaluation.loss, input));
}

/* A file that is taken for JSON because it is nothing else. */
static int bad_json(struct lossd_exchange *x, const struct lossd_source *source) {
  if (x->problem.status == LOSSD_BAD_JSON && !x->problem.hint[0] && strcmp(source->path, "-") &&
      !ends_with(source->path, ".json"))
    lossd_hint(&x->problem, "give a .npy file, as numpy.save writes, a .safetensors file or JSON");
  return x->problem.status;
}

static int take_source(struct lossd_files *files, const struct lossd_source *source, struct lossd_json *json,
                       struct lossd_json_input *inputs) {
  struct lossd_exchange *x = &files->x;
  const struct lossd_file *file = &source->file;
  const int input = source->input;
  char pointer[64];
  if (input >= 0 && x->evaluation.present & 1u << input) return given_twice(x, input);
  switch (kind_of(source)) {
  case SAFETENSORS: return take_safetensors(files, source);
  case NPY:
    snprintf(pointer, sizeof pointer, "/%s", lossd_input_name(x->evaluation.loss, input));
    x->evaluation.present |= 1u << input;
    return lossd_npy_read(file->data, file->length, pointer, &x->evaluation.tensor[input], &x->problem);
  default:
    if (lossd_json_parse(json, file->data ? file->data : "", file->length, x->cancelled, x->arena,
                         &x->problem))
      return bad_json(x, source);
    inputs[input] = (struct lossd_json_input){.json = json, .item = json->root};
    return LOSSD_OK;
  }
}

static int take_all_sources(struct lossd_files *files, struct lossd_json *json) {
  struct lossd_exchange *x = &files->x;
  struct lossd_json_input inputs[LOSSD_INPUTS] = {{0}};
  if (lossd_query_settings(x, files->settings, false)) return x->problem.status;
  for (int i = 0; i < files->count; i++) {
    files->blame = files->source[i].path;
    if (take_source(files, &files->source[i], &json[i], inputs)) return x->problem.status;
  }
  files->blame = NULL;
  if (lossd_json_describe_inputs(x, inputs)) {
    if (x->problem.status == LOSSD_UNKNOWN_MEMBER && !x->problem.hint[0])
      lossd_hint(&x->problem, "a tensor's flag takes one tensor; --request FILE takes a whole request");
    return x->problem.status;
  }
  if (lossd_query_gradients(x, files->settings)) return x->problem.status;
  return lossd_json_cut_inputs(x, inputs);
}

static int decode(struct lossd_exchange *x) {
  struct lossd_json json[LOSSD_INPUTS + 1] = {{0}};
  take_all_sources((struct lossd_files *)x, json);
  for (int i = 0; i <= LOSSD_INPUTS; i++) lossd_json_free(&json[i]);
  return x->problem.status;
}

const struct lossd_format lossd_format_files = {
    .content_type = "", .decode = decode, .read = lossd_json_read_piece};
