/* A run as the loop would leave it, with all that a report can have, for tests of what is made of runs. */
#ifndef LIB_TESTING_SAMPLE_RUN_H
#define LIB_TESTING_SAMPLE_RUN_H

#include "lib/report/report.h"

enum { SAMPLE_FINDINGS = 5, SAMPLE_COUNTED = 4 /* the third is only possible */ };

struct sample_run {
	struct run run;
	struct replay_count calls[2];
	struct report report; /* of run, without a baseline */
};

/*
 * Findings: a wrong flag, two wrong flags, a stray vector register, memory of 512 bits, an unexpected fault; forms
 * judged fully, partly and not; system calls. Symbols, the program's name and the formula of the first are hostile:
 * "<script>alert(1)</script>&\"'%\n,:]]>" is in each.
 */
void sample_run_init(struct sample_run *s);
void sample_run_deinit(struct sample_run *s);

extern const char sample_hostile[];
/* What is shown of it where it is a name. */
extern const char sample_hostile_line[];

#endif
