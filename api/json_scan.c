#include "api/json_scan.h"

#include <stdio.h>
#include <string.h>

#include "api/cancel.h"
#include "api/json_array.h"
#include "api/json_fault.h"
#include "api/json_string.h"
#include "api/json_text.h"
#include "api/json_token.h"

#define LONGEST_NAME 128
#define BETWEEN_LOOKS 65536

/* What a usual request has at most, so that tables seldom grow; ENVELOPE: bytes. */
enum { SPANS = 16, NAMES = 64, PLACES = 16, ENVELOPE = 960 };

/* What may come next. */
enum expect { VALUE, VALUE_OR_CLOSE, NAME, NAME_OR_CLOSE, COMMA_OR_CLOSE, END };

struct scanner {
  const char *begin, *end;
  const char *next_look; /* where to look at cancelled again */
  const atomic_int *cancelled;
  struct lossd_problem *problem;
  struct lossd_json *json;
  struct lossd_json_text envelope;
  enum expect expect;
  size_t values, span_capacity;
  struct lossd_json_name *names; /* of the objects that are open */
  size_t name_count, name_capacity;

  int array_depth;                 /* the depth of the elements of the array of numbers; 0: there is none */
  struct lossd_json_place *places; /* of that array */
  size_t place_count, place_capacity;
  const char *next_place;
  const char *ahead_end; /* what the look ahead from a '[' found, valid for every '[' before ahead_end */
  bool ahead_numeric;

  int depth;
  /* These are large, and not looked at before they are set. */
  struct {
    bool object;
    size_t first_name;
  } level[LOSSD_JSON_MAX_DEPTH];
  struct lossd_json_array array; /* the array of numbers that is being read */
};

/* ---- Failures ---- */

/* NULL, with the problem. */
static const char *fail(struct scanner *s, const char *at, const char *expected) {
  lossd_json_fault(s->begin, s->end, at, expected, s->problem);
  return NULL;
}

static const char *fail_token(struct scanner *s, const char *at, const char *expected) {
  lossd_json_fault_token(s->begin, s->end, at, expected, s->problem);
  return NULL;
}

static const char *no_memory(struct scanner *s) {
  lossd_fail(s->problem, LOSSD_OUT_OF_MEMORY, NULL, "no memory to read the body");
  return NULL;
}

/* True, with the problem, when nobody waits for the answer any more. */
static bool stopped(struct scanner *s, const char *at) {
  if (at < s->next_look) return false;
  s->next_look = at + (s->end - at < BETWEEN_LOOKS ? s->end - at : BETWEEN_LOOKS) + 1;
  return lossd_is_cancelled(s->cancelled) && lossd_fail_cancelled(s->problem);
}

/* ---- The envelope ---- */

/* Whether what is read now goes into the envelope. */
static bool in_envelope(const struct scanner *s) {
  return s->array_depth == 0 && s->values <= LOSSD_JSON_MAX_VALUES;
}

static bool add_mark(struct scanner *s, const struct lossd_json_span *span) {
  struct lossd_json *json = s->json;
  struct lossd_json_span *spans =
      lossd_arena_grow(json->arena, json->spans, json->span_count, 1, &s->span_capacity, sizeof *spans);
  if (!spans) return no_memory(s);
  char mark[24];
  const int length = snprintf(mark, sizeof mark, "\"%c%zu\"", LOSSD_JSON_MARK, json->span_count);
  json->spans = spans;
  json->spans[json->span_count++] = *span;
  lossd_json_raw(&s->envelope, mark, (size_t)length);
  return true;
}

static void add_to_envelope(struct scanner *s, const char *text, size_t length) {
  if (in_envelope(s)) lossd_json_raw(&s->envelope, text, length);
}

/* ---- Scalars ---- */

static const char *after_value(struct scanner *s, const char *p) {
  s->expect = s->depth ? COMMA_OR_CLOSE : END;
  return p;
}

/* A number or boolean has been read from begin to end. */
static const char *number_done(struct scanner *s, const char *begin, const char *end) {
  if (s->array_depth)
    lossd_json_array_leaves(&s->array, s->depth - s->array_depth + 1, 1);
  else if (in_envelope(s) && !add_mark(s, &(struct lossd_json_span){.begin = begin, .end = end}))
    return NULL;
  return after_value(s, end);
}

static const char *scan_number(struct scanner *s, const char *p) {
  const char *expected;
  const char *end = lossd_json_skip_number(p, s->end, &expected);
  return expected ? fail(s, end, expected) : number_done(s, p, end);
}

static const char *scan_word(struct scanner *s, const char *p, const char *word) {
  const char *const begin = p;
  for (const char *w = word; *w; w++, p++)
    if (p == s->end || *p != *w) return fail(s, p, word);
  if (*word == 'N' || *word == 'I' || *word == '-') return number_done(s, begin, p);
  if (s->array_depth && *word == 'n') lossd_json_array_bad(&s->array, begin);
  if (s->array_depth && *word != 'n') return number_done(s, begin, p);
  add_to_envelope(s, word, strlen(word));
  return after_value(s, p);
}

/* The byte after the quote that ends the string whose text begins at p. */
static const char *skip_string(struct scanner *s, const char *p, bool *escaped) {
  const char *expected;
  *escaped = false;
  do {
    if (stopped(s, p)) return NULL;
    p = lossd_json_skip_text(p, s->end, s->next_look, escaped, &expected);
    if (expected) return fail(s, p, expected);
  } while (*p != '"');
  return p + 1;
}

static const char *scan_string(struct scanner *s, const char *p) {
  bool escaped;
  size_t length;
  const char *const end = skip_string(s, p + 1, &escaped);
  if (!end) return NULL;
  if (s->array_depth && lossd_json_quoted_number(p, end, &length)) return number_done(s, p, end);
  if (s->array_depth) lossd_json_array_bad(&s->array, p);
  const struct lossd_json_span span = {
      .kind = LOSSD_JSON_STRING, .begin = p + 1, .end = end - 1, .escaped = escaped};
  if (in_envelope(s) && !add_mark(s, &span)) return NULL;
  return after_value(s, end);
}

/* ---- Structure ---- */

static const char *open_level(struct scanner *s, const char *p, bool object) {
  if (s->depth == LOSSD_JSON_MAX_DEPTH) return fail(s, p, "at most 512 levels of nesting");
  s->level[s->depth].object = object;
  s->level[s->depth].first_name = s->name_count;
  s->depth++;
  s->expect = object ? NAME_OR_CLOSE : VALUE_OR_CLOSE;
  return p + 1;
}

static const char *open_object(struct scanner *s, const char *p) {
  if (s->array_depth) lossd_json_array_bad(&s->array, p);
  add_to_envelope(s, "{", 1);
  return open_level(s, p, true);
}

/* Whether the first thing that is no '[' is a leaf of an array of numbers. */
static bool is_numeric_ahead(struct scanner *s, const char *p) {
  size_t length;
  if (p < s->ahead_end) return s->ahead_numeric;
  while (p < s->end && (*p == '[' || *p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
  s->ahead_end = p;
  s->ahead_numeric =
      p < s->end && (memchr("]-0123456789NItf", *p, 16) || lossd_json_quoted_number(p, s->end, &length));
  return s->ahead_numeric;
}

static const char *open_array(struct scanner *s, const char *p) {
  const bool numeric = !s->array_depth && is_numeric_ahead(s, p);
  if (!numeric) add_to_envelope(s, "[", 1);
  const char *after = open_level(s, p, false);
  if (!after) return NULL;
  if (numeric) {
    s->array_depth = s->depth;
    s->places = NULL;
    s->place_count = 0;
    s->place_capacity = PLACES;
    s->next_place = p + LOSSD_JSON_STRETCH;
    lossd_json_array_begin(&s->array, p);
  } else if (s->array_depth) {
    lossd_json_array_open(&s->array, s->depth - s->array_depth + 1);
  }
  return after;
}

static const char *close_object(struct scanner *s, const char *p) {
  const size_t first = s->level[s->depth - 1].first_name;
  const size_t count = s->name_count - first;
  const char *repeated = count > 1 ? lossd_json_find_duplicate(s->names + first, count) : NULL;
  if (repeated) {
    lossd_json_fault_duplicate(s->begin, repeated, s->problem);
    return NULL;
  }
  s->name_count = first;
  add_to_envelope(s, "}", 1);
  s->depth--;
  return after_value(s, p + 1);
}

static const char *close_array(struct scanner *s, const char *p) {
  const int depth = s->depth--;
  if (s->array_depth == 0) {
    add_to_envelope(s, "]", 1);
  } else {
    lossd_json_array_close(&s->array, depth - s->array_depth + 1);
    if (depth == s->array_depth) {
      struct lossd_json_span span;
      s->array_depth = 0;
      lossd_json_array_end(&s->array, p + 1, &span);
      span.places = s->places;
      span.place_count = s->place_count;
      if (in_envelope(s) && !add_mark(s, &span)) return NULL;
    }
  }
  return after_value(s, p + 1);
}

static const char *scan_close(struct scanner *s, const char *p) {
  const bool object = s->level[s->depth - 1].object;
  if (*p == (object ? '}' : ']')) return object ? close_object(s, p) : close_array(s, p);
  return fail(s, p, object ? "',' or '}'" : "',' or ']'");
}

static bool note_name(struct scanner *s, const char *begin, const char *end) {
  bool has_nul;
  struct lossd_json_name *names =
      lossd_arena_grow(s->json->arena, s->names, s->name_count, 1, &s->name_capacity, sizeof *names);
  if (!names) return no_memory(s);
  s->names = names;
  s->names[s->name_count++] = lossd_json_name_of(begin, end, &has_nul);
  return !has_nul || fail(s, begin, "a name without \\u0000");
}

static const char *scan_name(struct scanner *s, const char *p) {
  bool escaped;
  if (p == s->end || *p != '"')
    return fail_token(s, p, s->expect == NAME ? "a name in quotes" : "a name in quotes or '}'");
  const char *end = skip_string(s, p + 1, &escaped);
  if (!end || !note_name(s, p + 1, end - 1)) return NULL;
  const struct lossd_json_span span = {
      .kind = LOSSD_JSON_STRING, .begin = p + 1, .end = end - 1, .escaped = escaped};
  if (end - p - 2 <= LONGEST_NAME)
    add_to_envelope(s, p, (size_t)(end - p));
  else if (in_envelope(s) && !add_mark(s, &span))
    return NULL;
  p = lossd_json_skip_space(end, s->end);
  if (p == s->end || *p != ':') return fail(s, p, "':'");
  add_to_envelope(s, ":", 1);
  s->expect = VALUE;
  return p + 1;
}

static const char *scan_value(struct scanner *s, const char *p) {
  if (p == s->end) return fail(s, p, "a value");
  if (!s->array_depth) s->values++; /* one that begins in the envelope */
  switch (*p) {
  case '{': return open_object(s, p);
  case '[': return open_array(s, p);
  case '"': return scan_string(s, p);
  case 't': return scan_word(s, p, "true");
  case 'f': return scan_word(s, p, "false");
  case 'n': return scan_word(s, p, "null");
  case 'N': return scan_word(s, p, "NaN");
  case 'I': return scan_word(s, p, "Infinity");
  case '-': return p + 1 < s->end && p[1] == 'I' ? scan_word(s, p, "-Infinity") : scan_number(s, p);
  default: return *p >= '0' && *p <= '9' ? scan_number(s, p) : fail_token(s, p, "a value");
  }
}

static const char *scan_after_value(struct scanner *s, const char *p) {
  if (p == s->end) return fail(s, p, s->level[s->depth - 1].object ? "',' or '}'" : "',' or ']'");
  if (*p != ',') return scan_close(s, p);
  add_to_envelope(s, ",", 1);
  s->expect = s->level[s->depth - 1].object ? NAME : VALUE;
  return p + 1;
}

/* One token and the white space before it. */
static const char *scan_token(struct scanner *s, const char *p) {
  p = lossd_json_skip_space(p, s->end);
  switch (s->expect) {
  case VALUE_OR_CLOSE: return p < s->end && *p == ']' ? scan_close(s, p) : scan_value(s, p);
  case NAME_OR_CLOSE: return p < s->end && *p == '}' ? scan_close(s, p) : scan_name(s, p);
  case VALUE: return scan_value(s, p);
  case NAME: return scan_name(s, p);
  case COMMA_OR_CLOSE: return scan_after_value(s, p);
  case END: break;
  }
  return p == s->end ? p : fail(s, p, "nothing after the value");
}

static bool note_place(struct scanner *s, const char *p) {
  struct lossd_json_place *places =
      lossd_arena_grow(s->json->arena, s->places, s->place_count, 1, &s->place_capacity, sizeof *places);
  if (!places) return no_memory(s);
  s->places = places;
  s->places[s->place_count++] = (struct lossd_json_place){p, s->array.span.count};
  s->next_place = p + LOSSD_JSON_STRETCH;
  return true;
}

/* A run of numbers inside an array of numbers, where nearly all the bytes of a large request are. */
static const char *scan_run(struct scanner *s, const char *p) {
  const int level = s->depth - s->array_depth + 1;
  const char *const stop = s->end < s->next_look ? s->end : s->next_look;
  const char *last = lossd_json_array_rows(&s->array, level, p, s->end, stop);
  if (last == p) {
    int64_t count;
    last = lossd_json_skip_numbers(p, s->end, stop, &count);
    if (!count) return last;
    lossd_json_array_leaves(&s->array, level, count);
  }
  s->expect = COMMA_OR_CLOSE;
  return last < s->next_place || note_place(s, last) ? last : NULL;
}

static const char *scan_all(struct scanner *s) {
  const char *p = s->begin;
  if (s->end - p >= 3 && !memcmp(p, "\xEF\xBB\xBF", 3)) {
    fail(s, p, "a value without a byte-order mark before it");
    lossd_hint(s->problem, "send UTF-8 without a byte-order mark");
    return NULL;
  }
  do {
    if (stopped(s, p)) return NULL;
    if (s->array_depth && s->expect <= VALUE_OR_CLOSE && !s->level[s->depth - 1].object) p = scan_run(s, p);
    if (p) p = scan_token(s, p);
  } while (p && (s->expect != END || p < s->end));
  return p;
}

/* ---- Use ---- */

int lossd_json_parse(struct lossd_json *json, const char *text, size_t length, const atomic_int *cancelled,
                     struct lossd_arena *arena, struct lossd_problem *problem) {
  struct scanner s;
  *json = (struct lossd_json){.arena = arena};
  memset(&s, 0, offsetof(struct scanner, level));
  s.span_capacity = SPANS;
  s.name_capacity = NAMES;
  s.begin = s.next_look = s.ahead_end = text;
  s.end = text + length;
  s.cancelled = cancelled;
  s.problem = problem;
  s.json = json;
  lossd_json_init(&s.envelope, arena, ENVELOPE);
  if (!scan_all(&s)) return problem->status;
  if (s.values > LOSSD_JSON_MAX_VALUES)
    return lossd_fail(problem, LOSSD_INVALID_REQUEST, NULL,
                      "the body has more than %d values beside arrays of numbers; expected an evaluation",
                      LOSSD_JSON_MAX_VALUES);
  /* What cJSON gets is valid, so that it fails for want of memory only. */
  if (!s.envelope.failed) json->root = cJSON_ParseWithLengthOpts(s.envelope.data, s.envelope.length, NULL, 0);
  if (!json->root) no_memory(&s);
  return json->root ? LOSSD_OK : problem->status;
}
