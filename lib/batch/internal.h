/* What the files of lib/batch share. */
#ifndef LIB_BATCH_INTERNAL_H
#define LIB_BATCH_INTERNAL_H

#include "lib/batch/job.h"

struct json_object;

/* A job as it stands in a manifest. */
extern const struct json_object batch_job_object;

/* Takes what job owns, also on failure. Does not look at its name. */
struct error *batch_jobs_push(struct batch_jobs *jobs, struct batch_job *job);

void batch_job_deinit(struct batch_job *job);

#endif
