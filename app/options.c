/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_version.h>

#include "words.h"

#define WORKERS_DEFAULT_MAX 16
/* Memory for packet buffers and small tables: a part, and a part for each queue. */
#define HEAP_MB         128 /* without hugepages, where an object does not share its page */
#define HEAP_MB_QUEUE   72
#define HUGEPAGES       96 /* of 2 MiB */
#define HUGEPAGES_QUEUE 24

#ifndef SPATE_VERSION
#define SPATE_VERSION "unknown"
#endif

enum {
	OPT_COMMAND_FILE = 1000,
	OPT_DURATION,
	OPT_JSON,
	OPT_LINK_WAIT,
	OPT_MAX_CONNECTIONS,
	OPT_MAX_TIME_WAIT,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{"cmdline-file", required_argument, NULL, OPT_COMMAND_FILE},
	{"duration", required_argument, NULL, OPT_DURATION},
	{"json", required_argument, NULL, OPT_JSON},
	{"link-wait", required_argument, NULL, OPT_LINK_WAIT},
	{"max-connections", required_argument, NULL, OPT_MAX_CONNECTIONS},
	{"max-time-wait", required_argument, NULL, OPT_MAX_TIME_WAIT},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

static void
help(void)
{
	printf("usage: spate [EAL options] -- [options]\n"
	       "\n"
	       "Opens and serves TCP connections on DPDK ports. Without EAL options: two ports\n"
	       "joined in memory, which needs no NIC, no root and no hugepages.\n"
	       "\n"
	       "  -i                      prompt for commands ('help' lists them)\n"
	       "  --cmdline-file=FILE     run the commands in FILE first\n"
	       "  --duration=SECONDS      end the run SECONDS after FILE has come to its end\n"
	       "  --json=FILE             write the report to FILE\n"
	       "  --link-wait=SECONDS     wait so long for a link that is down (default 10)\n"
	       "  --max-connections=N     connections at once, in all (default 1000000)\n"
	       "  --max-time-wait=N       TIME_WAIT records, in all (default 1000000)\n"
	       "  --help                  this\n"
	       "  --version               the version, and DPDK's\n"
	       "\n"
	       "EAL options go first, as with every DPDK program: spate -l 0-2 -a 0000:01:00.0 -- "
	       "-i\n"
	       "Exit status: 0 success, 1 the run failed, 2 wrong usage.\n");
}

/* A number option; says what is wrong itself, there being no command line yet. */
static bool
number(const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || v < min || v > max) {
		fprintf(stderr, "spate: --%s '%s': expected a number from %u to %u\n", name, text,
			min, max);
		return false;
	}
	*out = v;
	return true;
}

static enum options_verdict
take(struct options *o, int opt)
{
	bool good = true;

	switch (opt) {
	case 'i':
		o->interactive = true;
		break;
	case OPT_COMMAND_FILE:
		if (o->command_file) {
			fprintf(stderr,
				"spate: --cmdline-file is given twice: one file's commands, "
				"all of them\n");
			return OPTIONS_WRONG;
		}
		o->command_file = optarg;
		break;
	case OPT_JSON:
		o->json_file = optarg;
		break;
	case OPT_DURATION:
		good = number("duration", optarg, 1, 100000000, &o->duration_s);
		break;
	case OPT_LINK_WAIT:
		good = number("link-wait", optarg, 0, 86400, &o->link_wait_s);
		break;
	case OPT_MAX_CONNECTIONS:
		good = number("max-connections", optarg, 1, 500000000, &o->max_connections);
		break;
	case OPT_MAX_TIME_WAIT:
		good = number("max-time-wait", optarg, 1, 500000000, &o->max_time_wait);
		break;
	case OPT_HELP:
		help();
		return OPTIONS_DONE;
	}
	return good ? OPTIONS_RUN : OPTIONS_WRONG;
}

static enum options_verdict
parse_own(struct options *o, int argc, char **argv)
{
	int opt;

	optind = 1;
	opterr = 0; /* the words are ours */
	while ((opt = getopt_long(argc, argv, ":i", long_options, NULL)) != -1) {
		enum options_verdict v;

		if (opt == OPT_VERSION) {
			printf("spate %s, %s\n", SPATE_VERSION, rte_version());
			return OPTIONS_DONE;
		}
		if (opt == ':' || opt == '?') {
			fprintf(stderr, "spate: '%s' %s: 'spate --help' lists the options\n",
				argv[optind - 1], opt == ':' ? "wants a value" : "is no option");
			return OPTIONS_WRONG;
		}
		v = take(o, opt);
		if (v != OPTIONS_RUN)
			return v;
	}
	opterr = 1; /* EAL's are getopt's */
	if (optind < argc) {
		fprintf(stderr, "spate: '%s' is no option: 'spate --help' lists them\n",
			argv[optind]);
		return OPTIONS_WRONG;
	}
	if (!o->interactive && !o->command_file) {
		fprintf(stderr,
			"spate: nothing to do: give -i for a prompt or --cmdline-file=FILE\n");
		return OPTIONS_WRONG;
	}
	return OPTIONS_RUN;
}

static bool
add_eal(struct options *o, const char *arg)
{
	if (o->eal_argc == EAL_ARGS_MAX - 1)
		return false;
	o->eal_argv[o->eal_argc] = strdup(arg);
	return o->eal_argv[o->eal_argc++] != NULL;
}

/* Free 2 MiB hugepages, from the kernel's own count. */
static long
free_hugepages(void)
{
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "r");
	long n = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%ld", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

/*
 * "0@(0-1),1@0,2@1": the main lcore floats over all CPUs, since it mostly sleeps and must
 * wake at once; each CPU has a worker of its own. Returns their number.
 */
static int
default_lcores(char *out, size_t size)
{
	cpu_set_t cpus;
	char main_set[256] = "", workers[512] = "";
	int n = 0;

	CPU_ZERO(&cpus);
	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		CPU_SET(0, &cpus);
	for (int cpu = 0; cpu < CPU_SETSIZE && n < WORKERS_DEFAULT_MAX; cpu++) {
		if (!CPU_ISSET(cpu, &cpus))
			continue;
		n++;
		snprintf(main_set + strlen(main_set), sizeof(main_set) - strlen(main_set), "%s%d",
			n > 1 ? "," : "", cpu);
		snprintf(workers + strlen(workers), sizeof(workers) - strlen(workers), ",%d@%d", n,
			cpu);
	}
	snprintf(out, size, "0@(%s)%s", main_set, workers);
	return n;
}

/* ulimit -v */
static bool
address_space_limited(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

static bool
default_eal(struct options *o)
{
	char lcores[1024];
	int queues = 2 * RTE_MAX(1, default_lcores(lcores, sizeof(lcores)) / 2);
	bool good = true;

	/*
	 * --in-memory needs the right to map hugepages, which is root's, and EAL reserves address
	 * space for all that could ever be there.
	 */
	if (geteuid() != 0)
		o->why_no_hugepages = "only root can map them";
	else if (address_space_limited())
		o->why_no_hugepages = "'ulimit -v' is too small for them";
	else if (free_hugepages() < HUGEPAGES + HUGEPAGES_QUEUE * queues)
		o->why_no_hugepages = "slower; reserve some with sysctl vm.nr_hugepages=1024";
	o->embedded = true;
	good &= add_eal(o, "--no-pci") && add_eal(o, "--no-telemetry");
	good &= add_eal(o, "--log-level=lib.eal:error") && add_eal(o, "--log-level=error");
	good &= add_eal(o, "--lcores") && add_eal(o, lcores);
	if (o->why_no_hugepages == NULL) {
		good &= add_eal(o, "--in-memory") && add_eal(o, "--single-file-segments");
	} else {
		char mb[16];

		snprintf(mb, sizeof(mb), "%d", HEAP_MB + HEAP_MB_QUEUE * queues);
		good &= add_eal(o, "--no-huge") && add_eal(o, "-m") && add_eal(o, mb);
		good &= add_eal(o, "--no-shconf");
	}
	return good;
}

/* Nothing, or only a name to run beside another spate: the rest is ours to choose. */
static bool
wants_defaults(const struct options *o)
{
	for (int i = 1; i < o->eal_argc; i++) {
		if (strcmp(o->eal_argv[i], "--file-prefix") == 0)
			i++;
		else if (strncmp(o->eal_argv[i], "--file-prefix=", 14))
			return false;
	}
	return true;
}

/* --no-pci and no --vdev: the user chose the cores, not a port. */
static bool
asks_for_no_port(const struct options *o)
{
	bool no_pci = false, vdev = false;

	for (int i = 1; i < o->eal_argc; i++) {
		no_pci |= strcmp(o->eal_argv[i], "--no-pci") == 0;
		vdev |= strncmp(o->eal_argv[i], "--vdev", 6) == 0;
	}
	return no_pci && !vdev;
}

/* The prefix EAL will use, for the lock. */
static void
find_prefix(struct options *o)
{
	/* Ours, or EAL's own default. */
	snprintf(o->file_prefix, sizeof(o->file_prefix), "%s", o->eal_argc == 1 ? "spate" : "rte");
	for (int i = 1; i < o->eal_argc; i++) {
		const char *a = o->eal_argv[i];

		if (strncmp(a, "--file-prefix=", 14) == 0)
			snprintf(o->file_prefix, sizeof(o->file_prefix), "%s", a + 14);
		else if (strcmp(a, "--file-prefix") == 0 && i + 1 < o->eal_argc)
			snprintf(o->file_prefix, sizeof(o->file_prefix), "%s", o->eal_argv[i + 1]);
	}
}

enum options_verdict
options_parse(struct options *o, int argc, char **argv)
{
	int split = 1;
	enum options_verdict v;

	memset(o, 0, sizeof(*o));
	o->link_wait_s = 10;
	while (split < argc && strcmp(argv[split], "--"))
		split++;
	/* Our own two words are answered wherever they stand. */
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "--version"))
			return parse_own(o, 2, (char *[]){argv[0], argv[i], NULL});
	if (!add_eal(o, argv[0]))
		return OPTIONS_WRONG;
	for (int i = 1; i < split; i++)
		if (!add_eal(o, argv[i])) {
			fprintf(stderr, "spate: more than %d EAL arguments\n", EAL_ARGS_MAX - 1);
			return OPTIONS_WRONG;
		}
	if (split == argc && argc > 1) {
		fprintf(stderr, "spate: spate's own options go behind '--': spate [EAL options] -- "
				"[options]\n");
		return OPTIONS_WRONG;
	}
	if (split < argc)
		argv[split] = argv[0];
	v = split < argc ? parse_own(o, argc - split, argv + split) : parse_own(o, 1, argv);
	if (v != OPTIONS_RUN)
		return v;
	find_prefix(o);
	if (!wants_defaults(o))
		o->embedded = asks_for_no_port(o);
	else if (!default_eal(o))
		return OPTIONS_WRONG;
	return OPTIONS_RUN;
}

/* The lock's file, opened; negative: it cannot be. */
static int
open_lock(struct options *o)
{
	const char *own = geteuid() == 0 ? "/run" : getenv("XDG_RUNTIME_DIR");
	const char *dirs[] = {own, "/tmp"};
	int fd = -1;

	/* Who has become somebody else may still have the other's folder in the environment. */
	for (int i = own == NULL; i < 2 && fd < 0; i++) {
		snprintf(o->lock_path, sizeof(o->lock_path), "%s/spate-%u-%s.lock", dirs[i],
			geteuid(), o->file_prefix);
		fd = open(o->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	}
	return fd;
}

/* Is it still the file of its name? Who ends takes it away. */
static bool
still_there(const struct options *o, int fd)
{
	struct stat mine, named;

	return fstat(fd, &mine) == 0 && stat(o->lock_path, &named) == 0 &&
	       mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
}

bool
options_lock(struct options *o)
{
	for (;;) {
		int fd = open_lock(o);

		if (fd < 0) {
			fprintf(stderr, "spate: %s: %s\n", o->lock_path, strerror(errno));
			return false;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			fprintf(stderr,
				"spate: another spate runs with file prefix '%s': give this one "
				"its own, spate --file-prefix=NAME ... --\n",
				o->file_prefix);
			close(fd);
			return false;
		}
		if (still_there(o, fd))
			return true; /* held by the open descriptor until the end */
		close(fd);
	}
}

void
options_unlock(const struct options *o)
{
	unlink(o->lock_path);
}
