/* Results of the shards of one batch as those of the whole. */
#ifndef LIB_BATCH_MERGE_H
#define LIB_BATCH_MERGE_H

#include "lib/batch/results.h"

/*
 * Copies the records and reports of several folders to a new one, ordered as in the plan: what comes of it depends on
 * the rows alone, not on how they were spread. Of a row that is there more than once one that was judged counts.
 * Folders that are not finished are taken as far as they are. ERROR_INPUT for folders of different batches,
 * ERROR_USAGE if out has results and they are not to be replaced.
 */
struct error *batch_merge(const char *out, char *const *folders, size_t num, bool replace);

#endif
