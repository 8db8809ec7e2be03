#include "lib/batch/tree.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/vec.h"

enum { PATH_LEN = 64, DEEPEST = 32 };

typedef VEC(pid_t) pid_list;

/* A file of /proc as text; what is longer than ret is cut. False if it is not there any more. */
static bool read_proc(const char *path, char *ret, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	ssize_t len = read(fd, ret, size - 1);
	close(fd);
	ret[len > 0 ? len : 0] = '\0';
	return len > 0;
}

static void add_pids(char *text, pid_list *ret)
{
	char *rest;

	for (char *word = strtok_r(text, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest))
		if (!vec_push(ret, (pid_t)strtol(word, NULL, 10)))
			return;
}

/* The names in a folder that are numbers. */
static void list_numbers(const char *folder, pid_list *ret)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) && !vec_push(ret, (pid_t)strtol(entry->d_name, NULL, 10)))
			break;
	if (dir)
		closedir(dir);
}

/* From /proc/PID/stat: "PID (NAME) STATE PARENT ...", where the name may hold anything. */
static pid_t parent_of(pid_t pid)
{
	char path[PATH_LEN], text[1024];

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	const char *field = read_proc(path, text, sizeof text) ? strrchr(text, ')') : NULL;
	return field && strlen(field) > 4 ? (pid_t)strtol(field + 4, NULL, 10) : -1;
}

/* Looks at every process: for kernels without CONFIG_PROC_CHILDREN. */
static void search_children(pid_t pid, pid_list *ret)
{
	pid_list all = {0};

	list_numbers("/proc", &all);
	for (size_t i = 0; i < all.len; i++)
		if (parent_of(all.at[i]) == pid && !vec_push(ret, all.at[i]))
			break;
	vec_deinit(&all);
}

static void list_children(pid_t pid, pid_list *ret)
{
	char path[PATH_LEN], text[4096];
	pid_list threads = {0};

	if (access("/proc/thread-self/children", R_OK)) {
		search_children(pid, ret);
		return;
	}
	snprintf(path, sizeof path, "/proc/%d/task", pid);
	list_numbers(path, &threads);
	for (size_t i = 0; i < threads.len; i++) {
		snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, threads.at[i]);
		if (read_proc(path, text, sizeof text))
			add_pids(text, ret);
	}
	vec_deinit(&threads);
}

/* The second field of /proc/PID/statm, in pages. */
static uint64_t memory_of(pid_t pid)
{
	char path[PATH_LEN], text[256];

	snprintf(path, sizeof path, "/proc/%d/statm", pid);
	const char *field = read_proc(path, text, sizeof text) ? strchr(text, ' ') : NULL;
	return field ? strtoull(field, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static uint64_t memory_below(pid_t pid, unsigned depth)
{
	pid_list children = {0};
	uint64_t sum = 0;

	list_children(pid, &children);
	for (size_t i = 0; i < children.len; i++)
		sum += memory_of(children.at[i]) + (depth < DEEPEST ? memory_below(children.at[i], depth + 1) : 0);
	vec_deinit(&children);
	return sum;
}

uint64_t tree_memory(pid_t pid)
{
	return memory_below(pid, 0);
}

unsigned tree_kill_children(void)
{
	pid_list children = {0};

	list_children(getpid(), &children);
	for (size_t i = 0; i < children.len; i++) {
		kill(-children.at[i], SIGKILL); /* if it leads a group */
		kill(children.at[i], SIGKILL);
	}
	unsigned n = (unsigned)children.len;
	vec_deinit(&children);
	return n;
}
