/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmdline.h>
#include <cmdline_parse.h>
#include <cmdline_parse_string.h>
#include <cmdline_rdline.h>
#include <cmdline_socket.h>

#include "app.h"
#include "manual.h"

#define WORDS_PER_COMMAND 3
#define INSTS_MAX         128
#define LINE_MAX_LEN      1024
#define PROMPT            "spate> "
#define TELL_MS           20 /* at the prompt, between two looks at what happened */

/* What cmdline parses a line into. */
struct result {
	cmdline_fixed_string_t word[WORDS_PER_COMMAND];
	cmdline_multi_string_t tail;
};

/* One form of a command: with its tail, or without. */
struct form {
	const struct command *command;
	bool has_tail;
	char word[WORDS_PER_COMMAND][32];
	int n_words;
	struct cmdline_token_string token[WORDS_PER_COMMAND + 1];
	struct cmdline_inst *inst;
};

static const struct command *const tables[] = {port_commands, server_commands, client_commands,
	set_commands, auth_commands, run_commands, show_commands, conn_commands, tcp_commands,
	tcp_watch_commands};

static struct {
	struct app *app;
	struct form form[INSTS_MAX];
	int n_forms;
	cmdline_parse_ctx_t context[INSTS_MAX + 2];
	struct cmdline *cl; /* the prompt's, or the one lines of files go through */
	bool failed;        /* the line being run did not do what it should */
} state;

static void
run_form(void *parsed, struct cmdline *cl, void *data)
{
	const struct result *r = parsed;
	const struct form *f = data;
	struct words words;

	(void)cl;
	if (words_cut(&words, f->has_tail ? r->tail : "") && !f->command->run(state.app, &words))
		state.failed = true;
	fflush(stdout);
}

/* How many of the form's words does the line begin with? */
static int
words_matched(const struct form *f, const struct words *line)
{
	int n = 0;

	while (n < f->n_words && n < line->n && strcmp(f->word[n], line->word[n]) == 0)
		n++;
	return n;
}

static bool
fits(const struct form *f, const struct words *line)
{
	return words_matched(f, line) == f->n_words && f->has_tail == (line->n > f->n_words);
}

/* The line is no command: say what would have been. */
static void
say_expected(const struct words *line)
{
	const struct form *near = NULL;
	char list[1024] = "";
	int best = 0;

	for (int i = 0; i < state.n_forms; i++) {
		const struct form *f = &state.form[i];
		int n = words_matched(f, line);

		if (n == f->n_words && (near == NULL || f->n_words > near->n_words))
			near = f;
		if (n > best)
			best = n;
	}
	if (near && near->n_words >= best) {
		wrong("expected: %s%s%s", near->command->words, near->command->args ? " " : "",
			near->command->args ? near->command->args : " (nothing may follow)");
		return;
	}
	for (int i = 0; i < state.n_forms; i++) {
		const struct form *f = &state.form[i];
		const char *name = best ? f->command->words : f->word[0];
		char probe[64];

		snprintf(probe, sizeof(probe), ", %s,", name);
		if (words_matched(f, line) < best || strstr(list, probe))
			continue;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s %s,",
			list[0] ? "" : ",", name);
	}
	if (list[0])
		list[strlen(list) - 1] = '\0';
	wrong("no such command: '%s%s%s': expected one of%s", line->word[0], line->n > 1 ? " " : "",
		line->n > 1 ? line->word[1] : "", list + 1);
}

/*
 * The last resort of the grammar: a token that matches a whole line when nothing else
 * does, so that a wrong line gets our words and not "Bad arguments".
 */
static int
wrong_line_parse(cmdline_parse_token_hdr_t *tk, const char *buf, void *res, unsigned int size)
{
	struct words line;
	size_t len = strcspn(buf, "\r\n#");
	char text[LINE_MAX_LEN];

	(void)tk;
	if (len >= sizeof(text) || (res && size < sizeof(struct result)))
		return -1;
	memcpy(text, buf, len);
	text[len] = '\0';
	if (!words_cut(&line, text) || line.n == 0)
		return -1;
	for (int i = 0; i < state.n_forms; i++)
		if (fits(&state.form[i], &line))
			return -1;
	if (res)
		strcpy(res, text);
	return len;
}

static int
wrong_line_help(cmdline_parse_token_hdr_t *tk, char *out, unsigned int size)
{
	(void)tk;
	snprintf(out, size, "a command");
	return 0;
}

static struct cmdline_token_ops wrong_line_ops = {
	.parse = wrong_line_parse,
	.get_help = wrong_line_help,
};

static cmdline_parse_token_hdr_t wrong_line_token = {.ops = &wrong_line_ops, .offset = 0};

static void
run_wrong_line(void *parsed, struct cmdline *cl, void *data)
{
	struct words line;

	(void)cl;
	(void)data;
	if (words_cut(&line, parsed))
		say_expected(&line);
}

static struct cmdline_inst *
make_inst(cmdline_parse_token_hdr_t *const *tokens, int n, const char *help,
	void (*fn)(void *, struct cmdline *, void *), void *data)
{
	struct cmdline_inst *inst = calloc(1, sizeof(*inst) + (n + 1) * sizeof(inst->tokens[0]));

	if (inst == NULL)
		return NULL;
	inst->f = fn;
	inst->data = data;
	inst->help_str = help;
	memcpy(inst->tokens, tokens, n * sizeof(tokens[0]));
	return inst;
}

static bool
add_form(const struct command *c, bool has_tail)
{
	struct form *f = &state.form[state.n_forms];
	cmdline_parse_token_hdr_t *tokens[WORDS_PER_COMMAND + 1];
	struct words words;
	int n;

	if (state.n_forms == INSTS_MAX || !words_cut(&words, c->words) ||
		words.n > WORDS_PER_COMMAND)
		return false;
	f->command = c;
	f->has_tail = has_tail;
	f->n_words = words.n;
	for (n = 0; n < words.n + has_tail; n++) {
		bool tail = n == words.n;

		if (!tail)
			snprintf(f->word[n], sizeof(f->word[n]), "%s", words.word[n]);
		f->token[n].hdr.ops = &cmdline_token_string_ops;
		f->token[n].hdr.offset =
			tail ? offsetof(struct result, tail)
			     : offsetof(struct result, word) + n * sizeof(cmdline_fixed_string_t);
		f->token[n].string_data.str = tail ? TOKEN_STRING_MULTI : f->word[n];
		tokens[n] = &f->token[n].hdr;
	}
	f->inst = make_inst(tokens, n, c->help, run_form, f);
	state.context[state.n_forms++] = f->inst;
	return f->inst != NULL;
}

bool
command_init(struct app *app)
{
	cmdline_parse_token_hdr_t *any[] = {&wrong_line_token};

	state.app = app;
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct command *c = tables[t]; c->words; c++)
			if ((c->args && !add_form(c, true)) ||
				((!c->args || c->args_optional) && !add_form(c, false)))
				return false;
	state.context[state.n_forms] = make_inst(any, 1, "anything else", run_wrong_line, NULL);
	state.cl = cmdline_new(state.context, "", -1, 1);
	return state.context[state.n_forms] && state.cl;
}

bool
command_line(const char *line)
{
	char text[LINE_MAX_LEN + 2];
	size_t len = strcspn(line, "#\r\n");

	if (len > 0 && line[len] == '#' && !isspace((unsigned char)line[len - 1])) {
		wrong("'#' inside of a word, which cannot have one: a comment begins behind a "
		      "space");
		return false;
	}
	while (*line == ' ' || *line == '\t') {
		line++;
		len -= len > 0;
	}
	if (len == 0)
		return true;
	if (len > LINE_MAX_LEN) {
		wrong("line too long: at most %d characters", LINE_MAX_LEN);
		return false;
	}
	memcpy(text, line, len);
	strcpy(text + len, "\n");
	state.failed = false;
	if (cmdline_parse(state.cl, text) < 0)
		wrong("cannot make sense of '%.*s'", (int)len, line);
	return !state.failed && !say_was_wrong();
}

bool
command_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[LINE_MAX_LEN + 16];
	bool good = true;

	if (f == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	state.app->in_file = true;
	for (int n = 1; good && !state.app->quit && fgets(line, sizeof(line), f); n++) {
		say_where(path, n);
		good = command_line(line);
	}
	say_where(NULL, 0);
	state.app->in_file = false;
	if (ferror(f)) {
		fprintf(stderr, "spate: %s: cannot be read: %s\n", path, strerror(errno));
		good = false;
	}
	fclose(f);
	return good;
}

/* What happened while somebody may be typing: above the line being typed. */
static void
tell(struct cmdline *cl)
{
	if (!manual_untold(state.app))
		return;
	printf("\r\033[K");
	manual_tell(state.app, 0, 0);
	rdline_redisplay(cmdline_get_rdline(cl));
}

/* cmdline_interact(), and between two keys what happened is told. */
static void
interact(struct cmdline *cl)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	char key;

	for (;;) {
		int n = poll(&in, 1, state.app->manual ? TELL_MS : -1);

		if (n == 0) {
			tell(cl);
			continue;
		}
		/* Drivers have signals of their own: net_tap's says that frames wait. */
		if (n < 0 && errno == EINTR && !*state.app->interrupted)
			continue;
		if (n < 0 || read(STDIN_FILENO, &key, 1) <= 0 || cmdline_in(cl, &key, 1) < 0)
			return;
	}
}

void
command_prompt(void)
{
	struct cmdline *files = state.cl;

	state.cl = cmdline_stdin_new(state.context, PROMPT);
	if (state.cl == NULL) {
		fprintf(stderr, "no prompt: standard input cannot be read\n");
		state.cl = files;
		return;
	}
	state.app->prompt = state.cl;
	interact(state.cl);
	state.app->prompt = NULL;
	cmdline_stdin_exit(state.cl);
	state.cl = files;
}

bool
command_help(const char *topic)
{
	bool found = false;

	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		for (const struct command *c = tables[t]; c->words; c++) {
			if (topic && strncmp(c->words, topic, strlen(topic)))
				continue;
			found = true;
			printf("%s%s%s\n    %s\n", c->words, c->args ? " " : "",
				c->args ? c->args : "", c->help);
			if (topic && c->more)
				c->more();
		}
	}
	return found;
}
