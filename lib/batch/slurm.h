/*
 * A batch as a job array of Slurm: a task for each shard, and a job behind them that merges.
 *
 * Everything stands in the folder of the results, which all machines have to see under the same path:
 *
 *   slurm/manifest.json   the jobs, with absolute paths
 *   slurm/shard.sh        the script of the array, slurm/merge.sh that of the job behind it
 *   slurm/shard-I.out, slurm/merge.out
 *                         what they say
 *   slurm/shards/I/       results of the shards
 *
 * Slurm is asked through its programs, sbatch, squeue and scancel, as they are found on PATH.
 */
#ifndef LIB_BATCH_SLURM_H
#define LIB_BATCH_SLURM_H

#include "lib/base/clock.h"
#include "lib/batch/run.h"

enum { SLURM_ID_LEN = 32 };

struct slurm_options {
	uint64_t shards;
	const char *const *sbatch_args; /* further ones, for both jobs */
	size_t num_sbatch_args;
	const char *report;  /* the merge job writes the summary there too; NULL: nowhere */
	deadline_t deadline; /* of the wait */
	/* Called once in a while with how many tasks are yet to start, and run. */
	void (*progress)(void *ctx, uint64_t pending, uint64_t running);
	void *progress_ctx;
};

/* The numbers of the jobs. */
struct slurm_jobs {
	char array[SLURM_ID_LEN], merge[SLURM_ID_LEN];
};

/* Writes manifest and scripts and submits them. jobs' paths are made absolute. ERROR_UNSUPPORTED if there is no Slurm.
 */
struct error *slurm_submit(struct batch_jobs *jobs, const struct batch_settings *settings,
			   const struct batch_options *batch, const struct slurm_options *options,
			   struct slurm_jobs *ret);

/*
 * Waits until the merged results are there. ERROR_TARGET if the merge job ended without, ERROR_TIMEOUT at the deadline,
 * when the jobs go on; ERROR_INTERRUPTED when the user wants no more, and the jobs were cancelled.
 */
struct error *slurm_wait(const struct slurm_jobs *jobs, const struct batch_options *batch,
			 const struct slurm_options *options);

#endif
