/*
 * The parts of the page. Private to lib/report. Whatever comes from a guest, an emulator or a file goes through
 * html_text(); markup is only what stands in these files.
 */
#ifndef LIB_REPORT_HTML_H
#define LIB_REPORT_HTML_H

#include "lib/report/report.h"

/* Escaped. */
void html_text(struct strbuf *out, const char *text);

/* <name class="class">text</name>; class may be NULL. */
void html_element(struct strbuf *out, const char *name, const char *class, const char *text);

/* A table's cell with a number, digits grouped. */
void html_number(struct strbuf *out, uint64_t n);

/* "12.3 ms", "4.5 s". */
void html_duration(struct strbuf *out, uint64_t nanoseconds);

/* An address and the symbol that it is in. */
void html_address(struct strbuf *out, const struct report *report, uint64_t address);

/* Sections. */
void html_findings(struct strbuf *out, const struct report *report);
void html_timeline(struct strbuf *out, const struct report *report);
void html_slowest(struct strbuf *out, const struct report *report);
void html_coverage(struct strbuf *out, const struct report *report);

extern const char html_style[];

#endif
