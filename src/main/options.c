/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line. Options are words with their argument in the next one, as HAProxy takes them;
 * flags of one letter may be joined (-cV). Unlike HAProxy it passes no letter over that it does not
 * know. One thread: start-up only.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "options.h"
#include "base/assert.h"
#include "base/strbuf.h"
#include "conf/reader.h"

#define OPTIONS_HELP (-2) /* show the usage; exit with 1 */

struct cursor {
	int argc;
	char **argv;
	int at; /* the word being read */
};

static void usage_print(FILE *to)
{
	fputs("Usage: usher [-f <file|directory>]... [options] [-- <file|directory>...]\n"
	      "  -f <path>      read this configuration, or every *.cfg of a directory (may come again)\n"
	      "  -- <path>...   the same for all words that follow\n"
	      "  -c             check the configuration and exit (0 good, 1 bad, 2 nothing to listen on)\n"
	      "  -V             takes -q back, and 'quiet' of the configuration\n"
	      "  -q             say nothing\n"
	      "  -D             run in the background        -d   stay in front and show what happens\n"
	      "  -W             master and worker            -db  stay in front, without a master\n"
	      "  -Ws            the same, and tell systemd when ready\n"
	      "  -S <bind>      listening address of the master's own socket (with -W; words behind commas)\n"
	      "  -p <file>      write the process number there\n"
	      "  -C <dir>       go to this directory first\n"
	      "  -n <number>    connections at most          -N <number>  the same for each frontend\n"
	      "  -m <megabytes> memory at most               -L <name>    name of the local peer\n"
	      "  -sf <pid>...   tell these processes to finish once we are ready\n"
	      "  -st <pid>...   tell these processes to leave at once when we are ready\n"
	      "  -x <socket>    take listening sockets over from the process behind this socket\n"
	      "  -v, -vv        version; what was built in\n"
	      "  -cc <cond>     evaluate a condition and exit (0 true, 1 false, 2 error)\n"
	      "  -dK[<class>,...]  list all keywords and where they are implemented (-dKhelp for the classes)\n"
	      "  -dW  warnings are errors         -dD  diagnose what is suspicious\n"
	      "  -dS  no splice()                 -dR  no SO_REUSEPORT\n"
	      "  -dV  server lines without 'verify' trust any certificate\n"
	      "  -dI  allow forks by scripts and checks     -dM[<byte>]  fill fresh memory with a byte\n",
	      to);
}

static int options_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int options_fail(const char *fmt, ...)
{
	va_list ap;
	struct strbuf b = STRBUF_EMPTY;
	va_start(ap, fmt);
	strbuf_vaddf(&b, fmt, ap);
	va_end(ap);
	diag_say(DIAG_ALERT, "%s", b.ptr);
	strbuf_free(&b);
	return 1;
}

static const char *options_value(struct cursor *c, const char *what)
{
	if (c->at + 1 >= c->argc) {
		options_fail("option '%s' needs %s behind it", c->argv[c->at], what);
		return NULL;
	}
	return c->argv[++c->at];
}

static int options_string(struct cursor *c, const char *what, const char **out)
{
	const char *value = options_value(c, what);
	if (!value)
		return 1;
	*out = value;
	return OPTIONS_RUN;
}

static int options_number(struct cursor *c, const char *what, int64_t *out)
{
	const char *option = c->argv[c->at], *value = options_value(c, what);
	uint64_t n;
	if (!value)
		return 1;
	if (!slice_to_u64(slice_of(value), &n) || n == 0 || n > INT32_MAX)
		return options_fail("option '%s': expected %s from 1 to %d, not '%s'", option, what, INT32_MAX, value);
	*out = (int64_t)n;
	return OPTIONS_RUN;
}

static void list_add(const char ***list, int *count, const char *word)
{
	*list = realloc(*list, ((size_t)*count + 2) * sizeof(**list));
	ASSERT(*list);
	(*list)[(*count)++] = word;
	(*list)[*count] = NULL;
}

static int options_file(struct cursor *c, struct options *a)
{
	const char *path = options_value(c, "a file or directory");
	if (!path)
		return 1;
	list_add(&a->files, &a->file_count, path);
	return OPTIONS_RUN;
}

/* -sf and -st: process numbers, in one word or many, up to the next option. */
static int options_pids(struct cursor *c, pid_t **list, int *count)
{
	const char *option = c->argv[c->at];
	while (c->at + 1 < c->argc && c->argv[c->at + 1][0] != '-') {
		char *words = c->argv[++c->at], *end = words;
		while (*end) {
			errno = 0;
			long pid = strtol(words, &end, 10);
			if (end == words || errno || pid <= 0 || pid > INT_MAX || (*end && *end != ' '))
				return options_fail("option '%s': expected process numbers, not '%s'", option, c->argv[c->at]);
			*list = realloc(*list, ((size_t)*count + 1) * sizeof(**list));
			ASSERT(*list);
			(*list)[(*count)++] = (pid_t)pid;
			while (*end == ' ')
				end++;
			words = end;
		}
	}
	return OPTIONS_RUN;
}

/* -cc <condition>: the answer is the exit status. */
static int options_condition(struct cursor *c)
{
	const char *text = options_value(c, "a condition");
	char *error = NULL;
	if (!text)
		return 1;
	int value = conf_condition(text, &error);
	if (value < 0)
		options_fail("-cc: %s", error);
	free(error);
	return value < 0 ? 2 : !value;
}

/* -dM[<byte>][,<options>]: the byte is taken, HAProxy's names of its own allocator's checks are not ours. */
static int options_poison(const char *value, struct options *a)
{
	char *end;
	if (strcmp(value, "help") == 0) {
		puts("-dM[<byte>]: fresh memory is filled with this byte (0x50 when none is given).");
		return 0;
	}
	unsigned long byte = 0x50;
	if (*value && *value != ',') {
		byte = strtoul(value, &end, 0);
		if (end == value || (*end && *end != ',') || byte > 255)
			return options_fail("option '-dM': expected a byte from 0 to 255, not '%s'", value);
	}
	a->poison = true;
	a->poison_byte = (uint8_t)byte;
	return OPTIONS_RUN;
}

/* Options that begin with -d. HAProxy's switches for what usher does not have (other pollers, getaddrinfo, fast
 * forwarding) are taken without effect: they turn something off that is not there. */
static int options_debug(const char *word, struct options *a)
{
	switch (word[2]) {
	case 'M':
		return options_poison(word + 3, a);
	case 'K':
		a->dump_classes = word + 3;
		return OPTIONS_RUN;
	default:
		break;
	}
	if (word[2] && word[3])
		return OPTIONS_HELP;
	switch (word[2]) {
	case '\0':
		a->debug = true;
		return OPTIONS_RUN;
	case 'b':
		a->foreground = true;
		return OPTIONS_RUN;
	case 'D':
		a->diag = true;
		return OPTIONS_RUN;
	case 'I':
		a->fork_wanted = true;
		return OPTIONS_RUN;
	case 'R':
		a->no_reuseport = true;
		return OPTIONS_RUN;
	case 'S':
		a->no_splice = true;
		facts_disable("SPLICE");
		return OPTIONS_RUN;
	case 'V':
		a->no_verify = true;
		return OPTIONS_RUN;
	case 'W':
		a->zero_warning = true;
		return OPTIONS_RUN;
	case 'p': case 'k': case 'v': case 'G': case 'F': case 'Z': case 'A': case 'C':
		return OPTIONS_RUN;
	default:
		return OPTIONS_HELP;
	}
}

static bool options_flag(char letter, struct options *a)
{
	switch (letter) {
	case 'c':
		a->check = true;
		break;
	case 'D':
		a->daemon = true;
		break;
	case 'q':
		a->quiet = true;
		break;
	case 'V':
		a->verbose = true;
		break;
	case 'W':
		a->master = true;
		break;
	default:
		return false;
	}
	return true;
}

/* Flags of one letter, perhaps several in one word. */
static int options_flags(const char *word, struct options *a)
{
	for (const char *p = word + 1; *p; p++) {
		if (!options_flag(*p, a))
			return OPTIONS_HELP;
	}
	return OPTIONS_RUN;
}

/* Options of more than one letter that have nothing to do with -d. True when *status holds the outcome. */
static bool options_long(struct cursor *c, struct options *a, int *status)
{
	const char *word = c->argv[c->at];
	*status = OPTIONS_RUN;
	if (strcmp(word, "-Ws") == 0)
		a->master = a->notify = true;
	else if (strcmp(word, "-cc") == 0)
		*status = options_condition(c);
	else if (strcmp(word, "-sf") == 0)
		*status = options_pids(c, &a->finish, &a->finish_count);
	else if (strcmp(word, "-st") == 0)
		*status = options_pids(c, &a->terminate, &a->terminate_count);
	else if (strcmp(word, "-vv") == 0) {
		facts_print_build();
		*status = 0;
	} else
		return false;
	return true;
}

static int options_option(struct cursor *c, struct options *a)
{
	const char *word = c->argv[c->at];
	int status;
	if (options_long(c, a, &status))
		return status;
	if (word[0] != '-' || word[1] == '\0')
		return OPTIONS_HELP;
	if (word[1] == 'd')
		return options_debug(word, a);
	if (word[2])
		return options_flags(word, a);
	switch (word[1]) {
	case 'f':
		return options_file(c, a);
	case 'p':
		return options_string(c, "a file", &a->pidfile);
	case 'C':
		return options_string(c, "a directory", &a->directory);
	case 'L':
		return options_string(c, "a name", &a->localpeer);
	case 'x':
		return options_string(c, "the path of a socket", &a->old_socket);
	case 'n':
		return options_number(c, "a number of connections", &a->maxconn);
	case 'N':
		return options_number(c, "a number of connections", &a->proxy_maxconn);
	case 'm':
		return options_number(c, "a number of megabytes", &a->memory_mb);
	case 'S': {
		const char *bind = options_value(c, "an address");
		if (!bind)
			return 1;
		list_add(&a->master_sockets, &a->master_socket_count, bind);
		return OPTIONS_RUN;
	}
	case 'v':
		facts_print_version();
		return 0;
	default:
		return options_flags(word, a);
	}
}

/* Mistakes that show only when the whole line is known. */
static int options_finish(struct options *a)
{
	if (a->dump_classes && (!a->file_count || strcmp(a->dump_classes, "help") == 0))
		return leaves_dump(a->dump_classes) ? 0 : 1;
	if (!a->file_count)
		return OPTIONS_HELP;
	if (a->verbose)
		a->quiet = false;
	return OPTIONS_RUN;
}

int options_parse(int argc, char **argv, struct options *out)
{
	struct cursor c = { argc, argv, 1 };
	int status = OPTIONS_RUN;
	*out = (struct options){ 0 };
	for (; c.at < argc && status == OPTIONS_RUN; c.at++) {
		if (strcmp(argv[c.at], "--") == 0) {
			while (++c.at < argc)
				list_add(&out->files, &out->file_count, argv[c.at]);
			break;
		}
		status = options_option(&c, out);
		if (status == OPTIONS_HELP && strcmp(argv[c.at], "-h") != 0)
			options_fail(argv[c.at][0] == '-' ? "unknown option '%s'" : "'%s' is no option: a configuration's file stands behind -f",
				argv[c.at]);
	}
	if (status == OPTIONS_RUN)
		status = options_finish(out);
	if (status != OPTIONS_HELP)
		return status;
	facts_print_version();
	usage_print(stdout);
	return 1;
}

static bool add_to_list(const char *file, void *arg)
{
	struct strbuf *list = arg;
	strbuf_addf(list, "%s%s", list->len ? ";" : "", file);
	return true;
}

void options_export(const struct options *a)
{
	char host[HOST_NAME_MAX + 1] = "localhost";
	gethostname(host, sizeof(host) - 1);
	setenv("HAPROXY_LOCALPEER", a->localpeer ? a->localpeer : host, 1);

	struct strbuf list = STRBUF_EMPTY;
	bool muted = diag_state.muted;
	diag_state.muted = true; /* reading them will tell what is wrong with them */
	for (int i = 0; i < a->file_count; i++)
		conf_each_file(a->files[i], add_to_list, &list);
	diag_state.muted = muted;
	setenv("HAPROXY_CFGFILES", list.ptr ? list.ptr : "", 1);
	strbuf_free(&list);
}
