/*
 * Known findings: the file that says which differences of an emulator are not news.
 *
 * A finding is known by its key: instruction set, instruction form, place and cause (finding_place(),
 * finding_cause()), which do not depend on addresses, registers chosen or values met.
 */
#ifndef LIB_REPORT_BASELINE_H
#define LIB_REPORT_BASELINE_H

#include "lib/lockstep/findings.h"

/* "x86_64 | blsi r32, r32 | eflags | cf": equal for equal findings of different runs, programs and emulators. */
void baseline_key(struct strbuf *out, const char *arch, const char *form, const char *place, const char *cause);

/* The key of a finding. */
void baseline_finding_key(struct strbuf *out, const struct finding *finding, const struct isa *isa);

#endif
