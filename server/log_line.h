/* One line of a log, built in a fixed buffer: members in JSON or in key=value text. Plain
 * values, any thread. */
#ifndef LOSSD_SERVER_LOG_LINE_H
#define LOSSD_SERVER_LOG_LINE_H

#include "server/log.h"
#include <stdbool.h>

struct lossd_log_line {
  size_t length;
  bool json;
  char text[LOSSD_LOG_LINE];
};

void lossd_line_begin(struct lossd_log_line *line, bool json);
/* At most `most` bytes of value, escaped; longer ones end in "...". */
void lossd_line_string(struct lossd_log_line *line, const char *name, const char *value, size_t most);
void lossd_line_integer(struct lossd_log_line *line, const char *name, long long value);
/* With three decimals; what is not a number from 0 to 10^9 is 0 or 10^9. */
void lossd_line_milliseconds(struct lossd_log_line *line, const char *name, double value);
/* Closes the line with a line feed. */
void lossd_line_end(struct lossd_log_line *line);

#endif
