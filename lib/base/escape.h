/*
 * Text that guests, emulators and files bring, made fit to be shown and for a format.
 *
 * Who shows a name, a path or a message that is not its own puts it through one of these where the text is put
 * together: a newline in a name would let it write lines of its own, control characters a terminal obeys, and
 * characters that order or hide text make a line look like another one. These, bytes that are no UTF-8, and what makes
 * a command to the runner of a CI service ("##[", "##vso[", "::" at the start) become U+FFFD.
 */
#ifndef LIB_BASE_ESCAPE_H
#define LIB_BASE_ESCAPE_H

#include <stdbool.h>

#include "lib/base/strbuf.h"

/* A name or a message: one line, whatever it holds; newline and tab are replaced, too. */
void escape_line(struct strbuf *out, const char *text);

/* A text of our own making, with lines and tabs. */
void escape_lines(struct strbuf *out, const char *text);

/* For text and attribute values of HTML and XML; what is not in the text stays out of the markup. lines: the text is
 * one of our own making, with lines and tabs. */
void escape_markup(struct strbuf *out, const char *text, bool lines);

/* For a URI reference (RFC 3986): a path, its slashes kept. */
void escape_uri(struct strbuf *out, const char *path);

/* For a workflow command of GitHub Actions: its message, or the value of a property. Keeps lines. */
void escape_github(struct strbuf *out, const char *text, bool property);

#endif
