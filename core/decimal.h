/* Numbers as text in expressions and messages, in the C locale whatever the program's is. Pure functions, any
 * thread. */
#ifndef LOSSD_CORE_DECIMAL_H
#define LOSSD_CORE_DECIMAL_H

enum { LOSSD_DECIMAL_TEXT = 32 };

/* Writes the number with that many digits at most, 17 being enough for any; returns text. */
const char *lossd_decimal_text(double number, int digits, char text[LOSSD_DECIMAL_TEXT]);
/* Reads as strtod does; the text is a number and nothing else. */
double lossd_decimal_read(const char *text);

#endif
