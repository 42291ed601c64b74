/* The answer is written in pieces: one for each output, and one for each PIECE elements of a large one. What
 * is between two outputs ends the first one's last piece. A piece is written where the one before it ends,
 * or, where several threads write, in scratch, and then copied there. */
#include "api/formats/json_answer.h"

#include "api/tensor_text.h"

/* Room for names, brackets and a longest id, each byte of which may be escaped. */
#define FRAME 2048
#define PIECE 1024

struct answer {
  char *
      text; /* taken before anything is computed, from an upper bound: what is not written is never touched */
  size_t bound;
  size_t first[LOSSD_MAX_OUTPUTS + 1]; /* piece of each output */
  size_t written, length;              /* pieces and bytes of text that have their place */
};

int lossd_json_layout(struct lossd_exchange *x) {
  size_t bound = FRAME;
  if (lossd_exchange_layout(x)) return x->problem.status;
  for (int i = 0; i < x->output_count; i++)
    if (__builtin_add_overflow(bound, lossd_tensor_text_bound(&x->outputs[i].tensor), &bound))
      bound = SIZE_MAX;
  struct answer *answer = lossd_exchange_alloc(x, sizeof *answer, NULL);
  if (!answer) return x->problem.status;
  *answer = (struct answer){lossd_exchange_alloc(x, bound, NULL), bound, {0}, 0, 0};
  x->format_state = answer;
  return x->problem.status;
}

/* Empty outputs, whose brackets may be many, are written by one thread. */
void lossd_json_split(struct lossd_exchange *x) {
  struct answer *answer = x->format_state;
  size_t largest = 0;
  bool empty = false;
  for (int i = 0; i < x->output_count; i++) {
    const struct lossd_tensor *tensor = &x->outputs[i].tensor;
    const int64_t count = lossd_shape_count(&tensor->shape), most = count < PIECE ? count : PIECE;
    const size_t bytes = lossd_tensor_range_bound(tensor, most);
    answer->first[i + 1] = answer->first[i] + (count ? (size_t)((count - 1) / PIECE) + 1 : 1);
    if (bytes > largest) largest = bytes;
    empty |= count == 0;
  }
  x->piece_bytes = largest + FRAME;
  if (!empty && answer->first[x->output_count] > (size_t)x->output_count)
    x->pieces = answer->first[x->output_count];
}

static void add_key(struct lossd_exchange *x, struct lossd_json_text *out, int i) {
  const struct lossd_output *output = &x->outputs[i];
  if (output->role >= 0 && (i == 0 || x->outputs[i - 1].role < 0)) {
    lossd_json_key(out, "gradients");
    lossd_json_open(out, '{');
  }
  lossd_json_key(out, output->role >= 0 ? x->evaluation.loss->roles[output->role].name : output->name);
}

static void add_end(struct lossd_exchange *x, struct lossd_json_text *out) {
  if (x->outputs[x->output_count - 1].role >= 0) lossd_json_close(out, '}');
  if (x->id) {
    lossd_json_key(out, "id");
    lossd_json_string(out, x->id, x->id_length);
  }
  lossd_json_close(out, '}');
}

/* One piece at out; the bytes written. */
static size_t write_piece(struct lossd_exchange *x, size_t piece, char *at, size_t room) {
  const struct answer *answer = x->format_state;
  struct lossd_json_text out = {.data = at, .capacity = room};
  int i = 0;
  while (answer->first[i + 1] <= piece) i++;
  const struct lossd_tensor *tensor = &x->outputs[i].tensor;
  const int64_t first = (int64_t)(piece - answer->first[i]) * PIECE;
  const int64_t left = lossd_shape_count(&tensor->shape) - first;
  if (piece == 0) {
    lossd_json_open(&out, '{');
    add_key(x, &out, 0);
  }
  if (left > 0)
    out.length =
        (size_t)(lossd_tensor_range(at + out.length, tensor, first, left < PIECE ? left : PIECE) - at);
  else
    lossd_tensor_text(&out, tensor, false, x->cancelled);
  if (piece + 1 == answer->first[x->output_count])
    add_end(x, &out);
  else if (left <= PIECE)
    add_key(x, &out, i + 1);
  return out.length;
}

size_t lossd_json_piece(struct lossd_exchange *x, size_t piece, char *scratch) {
  return write_piece(x, piece, scratch, x->piece_bytes);
}

char *lossd_json_place(struct lossd_exchange *x, size_t length) {
  struct answer *answer = x->format_state;
  char *const place = answer->text + answer->length;
  answer->length += length;
  answer->written++;
  return place;
}

int lossd_json_encode(struct lossd_exchange *x) {
  struct answer *answer = x->format_state;
  while (answer->written < answer->first[x->output_count] && !lossd_exchange_cancelled(x)) {
    answer->length +=
        write_piece(x, answer->written, answer->text + answer->length, answer->bound - answer->length);
    answer->written++;
  }
  if (lossd_exchange_cancelled(x)) return lossd_fail_cancelled(&x->problem);
  x->answer = answer->text;
  x->answer_length = answer->length;
  return LOSSD_OK;
}
