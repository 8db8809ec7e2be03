/*
 * Text that guests, emulators and files bring, made fit for a format. Bytes that are no UTF-8, and control characters
 * but for newline and tab, become U+FFFD.
 */
#ifndef LIB_REPORT_ESCAPE_H
#define LIB_REPORT_ESCAPE_H

#include "lib/base/strbuf.h"

/* As it is, valid. */
void escape_utf8(struct strbuf *out, const char *text);

/* For text and attribute values of HTML and XML; what is not in the text stays out of the markup. */
void escape_markup(struct strbuf *out, const char *text);

/* For a URI reference (RFC 3986): a path, its slashes kept. */
void escape_uri(struct strbuf *out, const char *path);

/* For a workflow command of GitHub Actions: its message, or the value of a property. */
void escape_github(struct strbuf *out, const char *text, bool property);

#endif
