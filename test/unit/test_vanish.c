/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port/vanish: memory unmapped under a burst brings the worker back to where it said; the same
 * fault anywhere else ends the process as it always did.
 */
#include "unit.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port/vanish.h"

#define ROUNDS 3

/* A ring that is gone, as another thread would leave it. */
static volatile uint32_t *
gone(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	munmap(p, 4096);
	return p;
}

static void
test_vanish_comes_back(void **state)
{
	volatile uint32_t came_back = 0;
	sigjmp_buf back;

	(void)state;
	assert_int_equal(port_vanish_watch(), 0);
	port_vanish.back = &back;
	/* Again and again: neither the handler nor the signal's mask is used up. */
	if (sigsetjmp(back, 1))
		came_back++;
	assert_false(port_vanish.inside);
	if (came_back < ROUNDS) {
		port_vanish.inside = true;
		(void)*gone();
		fail();
	}
	port_vanish.back = NULL;
	assert_int_equal(came_back, ROUNDS);
}

/* How a process ends that faults with these words said. */
static int
end_of(sigjmp_buf *back, bool inside)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		port_vanish.back = back;
		port_vanish.inside = inside;
		(void)*gone();
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void
test_vanish_elsewhere_is_fatal(void **state)
{
	sigjmp_buf back;

	(void)state;
	assert_int_equal(port_vanish_watch(), 0);
	if (sigsetjmp(back, 1))
		_exit(0); /* it came back where it must not */
	assert_int_equal(end_of(&back, false), SIGSEGV);
	assert_int_equal(end_of(NULL, true), SIGSEGV);
}

static void
test_vanish_drivers(void **state)
{
	(void)state;
	assert_true(port_vanishes("net_memif"));
	assert_false(port_vanishes("net_ring"));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vanish_comes_back),
		cmocka_unit_test(test_vanish_elsewhere_is_fatal),
		cmocka_unit_test(test_vanish_drivers),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
