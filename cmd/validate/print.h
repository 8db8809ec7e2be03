/* Text that quotes files, programs and stubs, escaped (lib/base/escape.h). */
#ifndef CMD_VALIDATE_PRINT_H
#define CMD_VALIDATE_PRINT_H

#include <stdio.h>

#include "lib/base/strbuf.h"

/* Lines of text for standard output, in which newlines and tabs are our own: names in them have been escaped before. */
void print_text(const struct strbuf *text);

/* A name within a line. */
void print_name(FILE *out, const char *name);

#endif
