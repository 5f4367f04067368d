/* SPDX-License-Identifier: BSD-3-Clause */
/* app/verdict: from the answers of a peer to the rule it follows. */
#include "unit.h"

#include "verdict.h"

/* In the order of verify_syn[]: + accepted, a refused by ACK, r by RST, . silence, ? mixed,
 * space not tried. */
static struct verify_result
answered(const char *answers)
{
	struct verify_result r = {
		.used = true, .complete = true, .peer_ts = answers[0] != ' ', .repeat = 3};

	for (int k = 0; k < VERIFY_SYNS; k++) {
		switch (answers[k]) {
		case '+':
			r.answer[k][VERIFY_ACCEPTED] = 3;
			break;
		case 'a':
			r.answer[k][VERIFY_OLD_ACK] = 3;
			break;
		case 'r':
			r.answer[k][VERIFY_RESET] = 3;
			break;
		case '.':
			r.answer[k][VERIFY_SILENCE] = 3;
			break;
		case '?':
			r.answer[k][VERIFY_ACCEPTED] = 2;
			r.answer[k][VERIFY_SILENCE] = 1;
			break;
		}
	}
	r.answer[r.peer_ts ? VERIFY_FIN_TS : VERIFY_FIN][VERIFY_OLD_ACK] = 3;
	return r;
}

static void
expect(const char *answers, const char *id, uint32_t differs)
{
	struct verify_result r = answered(answers);
	struct verdict v;

	verdict_make(&r, &v);
	assert_null(v.why);
	assert_string_equal(v.rule->id, id);
	assert_int_equal(v.differs, differs);
	for (int k = 0; k < VERIFY_SYNS; k++)
		differs -= v.wrong[k];
	assert_int_equal(differs, 0);
	assert_int_equal(v.tried, r.peer_ts ? 12 : 4);
}

/*      timestamps before: newer, equal, older, none; none before: none, only new.
 *      Each above and below. */
static void
test_rules(void **state)
{
	(void)state;
	expect("+a+a+a+a+a+a", "rfc1122", 0);
	expect("+++aaa+a+a++", "rfc6191", 0);
	expect("+++aaa+a+a+a", "rfc6191-both", 0);
	expect("+++a+a+a+a+a", "either", 0);
	expect("+a+aaa+a+a+a", "all", 0);
	expect("++++++++++++", "none", 0);
	expect("aaaaaaaaaaaa", "never", 0);
	expect("............", "silent", 0);
}

/* However a SYN is refused, it is refused; silence is a rule only when there is nothing else. */
static void
test_ways_to_refuse(void **state)
{
	(void)state;
	expect("+++...+.+.++", "rfc6191", 0);
	expect("+r+r+r+r+r+r", "rfc1122", 0);
	expect("rrrrrrrrrrrr", "never", 0);
	expect(".a..........", "never", 0);
}

/* What the old incarnation had not, cannot be told apart: the simplest rule is named. */
static void
test_without_timestamps(void **state)
{
	(void)state;
	expect("        +a+a", "rfc1122", 0);
	expect("        +a++", "rfc6191", 0);
	expect("        ++++", "none", 0);
	expect("        ....", "silent", 0);
}

static void
test_nearest(void **state)
{
	(void)state;
	expect("+++aaa+a+aa+", "rfc6191", 1);
	expect("+++aaa+a+a+?", "rfc6191", 1);
	expect("+?+a+a+a+a+a", "rfc1122", 1);
	expect("+++++++++++a", "none", 1);
	expect(".....?......", "never", 1);
}

static void
not_made(const struct verify_result *r, const char *why)
{
	struct verdict v;

	verdict_make(r, &v);
	assert_non_null(v.why);
	assert_non_null(strstr(v.why, why));
	assert_non_null(v.rule);
}

static void
test_not_made(void **state)
{
	struct verify_result r = answered("+++aaa+a+a++");

	(void)state;
	r.complete = false;
	not_made(&r, "the run ended");

	/* No connection came as far as TIME_WAIT. */
	r = (struct verify_result){.used = true, .complete = true, .repeat = 3};
	r.failed[VERIFY_NOT_CLOSED] = 1;
	r.failed[VERIFY_REFUSED] = 2;
	not_made(&r, verify_failure_text[VERIFY_REFUSED]);

	/* A FIN sent again draws RST. */
	r.answer[VERIFY_FIN][VERIFY_RESET] = 3;
	not_made(&r, "not in TIME_WAIT");

	/* One of the SYNs could not be tried at all. */
	r = answered("+++aaa+a+a+ ");
	r.failed[VERIFY_LOSSY] = 3;
	not_made(&r, verify_failure_text[VERIFY_LOSSY]);
	r = answered(" ++aaa+a+a++");
	r.peer_ts = true;
	r.failed[VERIFY_NO_TS] = 3;
	not_made(&r, verify_failure_text[VERIFY_NO_TS]);
}

/* Where nothing shows TIME_WAIT, a peer that takes every SYN may just have none. */
static void
test_time_wait_unseen(void **state)
{
	struct verify_result r = answered("++++++++++++");
	struct verdict v;

	(void)state;
	memset(r.answer[VERIFY_FIN_TS], 0, sizeof(r.answer[VERIFY_FIN_TS]));
	r.answer[VERIFY_FIN_TS][VERIFY_SILENCE] = 3;
	not_made(&r, "not seen to be in TIME_WAIT");
	/* One that refuses some, in whatever way, remembers something. */
	r = answered("............");
	memset(r.answer[VERIFY_FIN_TS], 0, sizeof(r.answer[VERIFY_FIN_TS]));
	r.answer[VERIFY_FIN_TS][VERIFY_SILENCE] = 3;
	verdict_make(&r, &v);
	assert_null(v.why);
	assert_string_equal(v.rule->id, "silent");
}

static void
test_rst(void **state)
{
	struct verify_result r = answered("+++aaa+a+a++");
	uint64_t of;

	(void)state;
	assert_string_equal(verdict_rst_ends(&r, &of), "not tried");
	r.answer[VERIFY_RST][VERIFY_UNREFUSED] = 3;
	assert_string_equal(verdict_rst_ends(&r, &of), "not tried");
	assert_int_equal(of, 0);
	r.answer[VERIFY_RST][VERIFY_ACCEPTED] = 2;
	assert_string_equal(verdict_rst_ends(&r, &of), "yes");
	assert_int_equal(of, 2);
	r.answer[VERIFY_RST][VERIFY_OLD_ACK] = 1;
	assert_string_equal(verdict_rst_ends(&r, &of), "unclear");
	r.answer[VERIFY_RST][VERIFY_ACCEPTED] = 0;
	assert_string_equal(verdict_rst_ends(&r, &of), "no");
	r.answer[VERIFY_RST][VERIFY_SILENCE] = 1;
	assert_string_equal(verdict_rst_ends(&r, &of), "unclear");
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_ways_to_refuse),
		cmocka_unit_test(test_without_timestamps),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_not_made),
		cmocka_unit_test(test_time_wait_unseen),
		cmocka_unit_test(test_rst),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
