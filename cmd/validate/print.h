/* Text on standard output that quotes files, programs and stubs: their control characters become '?'. */
#ifndef CMD_VALIDATE_PRINT_H
#define CMD_VALIDATE_PRINT_H

#include "lib/base/strbuf.h"

/* Lines of text, in which newlines and tabs are our own. */
void print_text(struct strbuf *text);

/* A name within a line. */
void print_name(const char *name);

#endif
