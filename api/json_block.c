/* The grammar of RFC 8259's numbers as arithmetic on bit masks, one bit for each byte, after the idea of G.
 * Langdale and D. Lemire, "Parsing gigabytes of JSON per second", The VLDB Journal 28, 2019: there is no
 * branch for each byte or number. */
#include "api/json_bytes.h"
#include "api/json_variant.h"

#if defined(__SSE2__)

/* Where the bytes of each class are. */
struct classes {
  uint64_t digit, zero, minus, plus, point, e, comma, space, open, close;
};

static inline struct classes classify(bytes64 bytes) {
  return (struct classes){
      .digit = in_range(bytes, '0', 10),
      .zero = equal(bytes, '0'),
      .minus = equal(bytes, '-'),
      .point = equal(bytes, '.'),
      .comma = equal(bytes, ','),
      .space = equal(bytes, ' '),
  };
}

static inline void classify_exponents(struct classes *c, bytes64 bytes) {
  c->plus = equal(bytes, '+');
  c->e = equal(lower_case(bytes), 'e');
}

/* The bytes right after those of a mask. */
static inline uint64_t after(uint64_t mask) {
  return mask << 1;
}

/* The bits below the lowest of a mask, all where it is empty. */
static inline uint64_t before_first(uint64_t mask) {
  return (mask & -mask) - 1;
}

/* The bytes that end the runs of digits which begin at `starts`: adding carries through a run. */
static inline uint64_t after_digits(uint64_t digit, uint64_t starts) {
  return (digit + (starts & digit)) & ~digit;
}

/* Bytes at which the grammar is broken. */
static inline uint64_t find_faults(const struct classes *c) {
  const uint64_t number = c->digit | c->minus | c->plus | c->point | c->e;
  const uint64_t start = number & ~after(number);
  const uint64_t value_due = after(c->comma) | 1;
  const uint64_t exponent_sign = (c->minus | c->plus) & after(c->e);
  const uint64_t exponent = after(c->e | exponent_sign) & c->digit;
  const uint64_t whole = start | after(start & c->minus);
  uint64_t faults = start & ~(c->digit | c->minus);
  /* A number begins where a value is due, or one space later; nothing else may be there. */
  faults |= start & ~(value_due | after(value_due & c->space));
  faults |= c->space & ~value_due;
  faults |= (value_due | after(c->space)) & ~(number | c->space);
  faults |= after(c->space) & c->space;
  /* What each character may stand next to. */
  faults |= c->minus & ~(start | after(c->e));
  faults |= c->plus & ~after(c->e);
  faults |= (c->point | c->e) & ~after(c->digit);
  faults |= after(c->minus | c->plus | c->point) & ~c->digit;
  faults |= after(c->e) & ~(c->digit | c->minus | c->plus);
  /* One point at most, before the exponent; one exponent. */
  faults |= after_digits(c->digit, after(c->point)) & c->point;
  faults |= after_digits(c->digit, exponent) & (c->point | c->e);
  faults |= after(whole & c->zero) & c->digit;
  return faults;
}

/* Numbers with exponents, block after block, each of which begins where a value is due. Returns where one is
 * due again: as in the header. */
static const char *skip_any(const char *text, const char *end, const char *stop, int64_t *count) {
  while (text < stop && end - text >= LOSSD_JSON_BLOCK) {
    const bytes64 bytes = load_bytes(text);
    struct classes c = classify(bytes);
    classify_exponents(&c, bytes);
    const uint64_t others = ~(c.digit | c.minus | c.plus | c.point | c.e | c.comma | c.space);
    const uint64_t commas = c.comma & before_first(others);
    if (!commas) break;
    const int length = 64 - __builtin_clzll(commas);
    if (find_faults(&c) & ~UINT64_C(0) >> (64 - length)) break;
    *count += __builtin_popcountll(commas);
    text += length;
    if (!(c.e | c.plus)) break;
  }
  return text;
}

static inline void classify_brackets(struct classes *c, bytes64 bytes) {
  c->open = equal(bytes, '[');
  c->close = equal(bytes, ']');
}

/* What plain numbers, which have neither exponent nor plus, leave for the next block: 0 or 1 each. */
struct carry {
  uint64_t number, digit, needs_digit, leading_minus, leading_zero, fraction, due, blank;
  uint64_t close, row_due, row_blank, open;
};

/* `mask` moved to the bytes right after; *carry is what came from the block before, and becomes what goes to
 * the next. */
static inline uint64_t after_with(uint64_t mask, uint64_t *carry) {
  const uint64_t moved = mask * 2 + *carry;
  *carry = mask >> 63;
  return moved;
}

/* `due`: the bytes after commas between numbers; `opened`: those after brackets. */
static inline uint64_t find_plain_faults(const struct classes *c, uint64_t due, uint64_t opened,
                                         struct carry *carry) {
  const uint64_t number = c->digit | c->minus | c->point;
  const uint64_t start = number & ~after_with(number, &carry->number);
  const uint64_t blank = c->space & due; /* one before a number */
  const uint64_t value = (due & ~blank) | after_with(blank, &carry->blank) | opened;
  uint64_t faults = (start ^ value) | (c->space & ~blank);
  faults |= c->minus & ~start;
  faults |= c->point & ~after_with(c->digit, &carry->digit);
  faults |= after_with(c->minus | c->point, &carry->needs_digit) & ~c->digit;
  const uint64_t whole = start | after_with(start & c->minus, &carry->leading_minus);
  faults |= after_with(whole & c->zero, &carry->leading_zero) & c->digit;
  /* Adding carries through a run of digits after a point: another point must not end it. */
  const uint64_t fraction = after_with(c->point, &carry->fraction);
  uint64_t ends;
  carry->fraction |= __builtin_add_overflow(c->digit, fraction & c->digit, &ends);
  return faults | (((ends & ~c->digit) | fraction) & c->point);
}

/* Plain numbers, by blocks that follow one another. */
static const char *skip_plain(const char *text, const char *end, const char *stop, int64_t *count) {
  struct carry carry = {.due = 1};
  for (const char *block = text; block < stop && end - block >= LOSSD_JSON_BLOCK; block += LOSSD_JSON_BLOCK) {
    const struct classes c = classify(load_bytes(block));
    const uint64_t others = ~(c.digit | c.minus | c.point | c.comma | c.space);
    const uint64_t due = after_with(c.comma, &carry.due);
    const uint64_t faults = find_plain_faults(&c, due, 0, &carry) | others;
    const uint64_t commas = c.comma & before_first(faults);
    *count += __builtin_popcountll(commas);
    if (commas) text = block + 64 - __builtin_clzll(commas);
    if (faults) break;
  }
  return text;
}

/* Plain numbers in rows: a bracket ends the last number of a row, and `between` two rows is a comma. That a
 * bracket comes right after a digit follows from what may come after all else. */
static inline uint64_t find_row_faults(struct classes *c, uint64_t *between, struct carry *carry) {
  const uint64_t closed = after_with(c->close, &carry->close);
  *between = c->comma & closed;
  const uint64_t due = after_with(c->comma & ~*between, &carry->due);
  const uint64_t row_due = after_with(*between, &carry->row_due), row_blank = c->space & row_due;
  const uint64_t row = (row_due & ~row_blank) | after_with(row_blank, &carry->row_blank);
  const uint64_t opened = after_with(c->open, &carry->open);
  c->space &= ~row_blank;
  return find_plain_faults(c, due, opened, carry) | (closed ^ *between) | (c->open ^ row);
}

/* Counts commas, and closes rows up to the first of another length. Returns the ends of numbers
 * up to there. */
static inline uint64_t count_rows(uint64_t commas, uint64_t closes, struct lossd_json_rows *rows) {
  uint64_t seen = 0;
  for (uint64_t rest = closes; rest; rest &= rest - 1) {
    const uint64_t before = before_first(rest);
    const int64_t in_row = rows->in_row + __builtin_popcountll(commas & before & ~seen) + 1;
    if (in_row != rows->length) {
      commas &= before;
      closes &= before;
      break;
    }
    rows->in_row = 0;
    rows->closed++;
    seen = before;
  }
  rows->in_row += __builtin_popcountll(commas & ~seen);
  return commas | closes;
}

static const char *skip_rows(const char *text, const char *end, const char *stop,
                             struct lossd_json_rows *rows) {
  struct carry carry = {.due = 1};
  const char *last = text;
  for (const char *block = text; block < stop && end - block >= LOSSD_JSON_BLOCK; block += LOSSD_JSON_BLOCK) {
    const bytes64 bytes = load_bytes(block);
    struct classes c = classify(bytes);
    uint64_t between;
    classify_brackets(&c, bytes);
    const uint64_t others = ~(c.digit | c.minus | c.point | c.comma | c.space | c.open | c.close);
    const uint64_t good = before_first(find_row_faults(&c, &between, &carry) | others);
    const uint64_t closes = c.close & good, ends = count_rows(c.comma & ~between & good, closes, rows);
    if (ends) last = block + 63 - __builtin_clzll(ends);
    if (~good || closes & ~ends) break;
  }
  if (last > text && *last == ']') { /* the caller closes it */
    rows->closed--;
    rows->in_row = rows->length;
  }
  return last;
}

static const char *skip(const char *text, const char *end, const char *stop, int64_t *count) {
  for (;;) {
    const char *const plain = skip_plain(text, end, stop, count);
    const char *const next = skip_any(plain, end, stop, count);
    if (next == plain) return next;
    text = next;
  }
}

#else

static const char *skip(const char *text, const char *end, const char *stop, int64_t *count) {
  (void)end, (void)stop, (void)count;
  return text;
}

static const char *skip_rows(const char *text, const char *end, const char *stop,
                             struct lossd_json_rows *rows) {
  (void)end, (void)stop, (void)rows;
  return text;
}

#endif

#define TEXT(name) TEXT_OF(name)
#define TEXT_OF(name) #name

const struct lossd_json_kernel LOSSD_IN_SET(json) = {
    .instruction_set = TEXT(LOSSD_VARIANT),
    .skip = skip,
    .skip_rows = skip_rows,
    .take = LOSSD_IN_SET(json_take),
#if defined(__AVX2__)
    .round_doubles = LOSSD_IN_SET(round_doubles),
    .round_floats = LOSSD_IN_SET(round_floats),
#endif
    .write_doubles = LOSSD_IN_SET(write_doubles),
    .write_floats = LOSSD_IN_SET(write_floats),
};
