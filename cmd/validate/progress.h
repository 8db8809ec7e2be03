/* The line on a terminal's standard error that tells how far a command is; it is written over again and again. */
#ifndef CMD_VALIDATE_PROGRESS_H
#define CMD_VALIDATE_PROGRESS_H

#include "lib/base/strbuf.h"

/* Shows the text, as much as fits the terminal's width: a line that wraps could not be written over. Frees it. */
void progress_show(struct strbuf *text);

/* Removes the line. */
void progress_clear(void);

#endif
