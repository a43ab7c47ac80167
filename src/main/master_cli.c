/* SPDX-License-Identifier: Apache-2.0
 *
 * The -S addresses and the commands of the master. The engine is the runtime socket's (proxy/cli):
 * an internal frontend served by the service cli, in a process whose command set is this one.
 */
#include "master_cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/assert.h"
#include "conf/keyword.h"
#include "conn/buf.h"
#include "core/clock.h"
#include "core/random.h"
#include "proxy/command.h"
#include "proxy/global.h"
#include "proxy/service.h"

/* ---- addresses ---- */

/* "/run/m.sock,mode,600": the words of a `stats socket` line with commas between them. */
static bool open_address(struct proxy *px, const char *text, struct strbuf *list)
{
	struct bind_settings set = { .sock = { .unix_mode = -1, .unix_uid = -1, .unix_gid = -1 }, .level = CLI_ADMIN };
	struct strbuf err = STRBUF_EMPTY;
	struct endpoint e;
	static char *kept; /* owns: words may be borrowed for ever; the last -S's, each behind the address of the one before */
	size_t len = strlen(text) + 1;
	char *copy = malloc(len + sizeof(kept)), *words[64], *save = NULL;
	int n = 0;

	ASSERT(copy);
	memcpy(copy, &kept, sizeof(kept));
	kept = copy;
	copy = memcpy(copy + sizeof(kept), text, len);
	for (char *w = strtok_r(copy, ",", &save); w && n < (int)COUNT_OF(words) - 1; w = strtok_r(NULL, ",", &save))
		words[n++] = w;
	words[n] = NULL;
	if (n == 0 || !endpoint_parse(slice_of(words[0]), ENDPOINT_NEED_PORT | ENDPOINT_ANY_OK, &e, &err)) {
		diag_say(DIAG_ALERT, "-S '%s': %s", text, err.ptr ? err.ptr : "expected an address");
		strbuf_free(&err);
		return false;
	}
	struct conf_line l = { .file = "-S", .line = 1, .words = words, .count = n, .at = 1 };
	if (!keyword_dispatch_words(&l, IN_STATS_SOCKET, "the option -S", &set))
		return false;
	if (list->len)
		strbuf_add_byte(list, ';');
	endpoint_format(&e, list);
	listener_new(px, &e, &set, "-S", 1);
	return true;
}

/* Those who wait for a reload. */
struct waiter {
	struct cli *cli;
	unsigned reload;
	bool ended, ok;
	LIST_ENTRY(waiter) link;
};
static LIST_HEAD(, waiter) waiters = LIST_HEAD_INITIALIZER(waiters);

static void start_ended(bool ok, unsigned reload)
{
	struct waiter *w;

	LIST_FOREACH(w, &waiters, link) {
		if (w->ended || w->reload > reload)
			continue;
		w->ended = true;
		w->ok = ok;
		cli_wake(w->cli);
	}
}

bool master_cli_open(const struct options *o)
{
	struct strbuf list = STRBUF_EMPTY;
	bool ok = true;

	master.start_ended = start_ended;
	if (o->master_socket_count == 0)
		return true;
	cli_is_master = true;
	buf_small_size = (uint32_t)global.bufsize;
	global.runtime = proxy_new_internal("MASTER", "-S", 1);
	global.runtime->service = registry_find(&service_registry, SLICE("cli"));
	ASSERT(global.runtime->service != NULL);
	for (int i = 0; i < o->master_socket_count; i++)
		ok &= open_address(global.runtime, o->master_sockets[i], &list);
	setenv("HAPROXY_MASTER_CLI", list.ptr ? list.ptr : "", 1);
	strbuf_free(&list);
	if (!ok || !listeners_open(0))
		return false;
	listeners_start_thread();
	return true;
}

/* ---- reload ---- */

static bool reload_start(struct cli *c)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (!w)
		return cli_refuse(c, "Out of memory");
	w->cli = c;
	w->reload = master_reload();
	w->ended = master.coming == NULL;
	LIST_INSERT_HEAD(&waiters, w, link);
	c->state = w;
	return true;
}

static enum command_result reload_run(struct cli *c)
{
	const struct waiter *w = c->state;

	if (!w->ended)
		return COMMAND_WAIT;
	strbuf_addf(&c->out, "Success=%d\n", w->ok);
	if (master.last_log.len) {
		strbuf_add_str(&c->out, "--\n");
		strbuf_add_slice(&c->out, strbuf_slice(&master.last_log));
	}
	return COMMAND_DONE;
}

static void reload_end(struct cli *c)
{
	struct waiter *w = c->state;

	LIST_REMOVE(w, link);
	free(w);
}

COMMAND(reload) = {
	.keyword = "reload", .usage = "reload", .text = "start a new worker; says how it went", .level = CLI_ADMIN,
	.scope = COMMAND_IN_MASTER, .start = reload_start, .run = reload_run, .end = reload_end,
};

/* ---- show proc ---- */

static void show_row(struct cli *c, pid_t pid, const char *type, unsigned reloads, uint64_t start_ms)
{
	char uptime[32];
	unsigned long long s = (unsigned long long)(clock_now_ms - start_ms) / 1000;

	snprintf(uptime, sizeof(uptime), "%llud%02lluh%02llum%02llus", s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
	strbuf_addf(&c->out, "%-15d %-15s %-15u %-15s %s\n", (int)pid, type, reloads, uptime, USHER_VERSION);
}

static void show_workers(struct cli *c, bool former)
{
	struct child *w;

	TAILQ_FOREACH(w, &master.children, siblings)
		if ((w->state == CHILD_FORMER) == former)
			show_row(c, w->pid, "worker", master.reloads - w->born, w->start_ms);
}

static bool show_proc_start(struct cli *c)
{
	const struct child *w;
	bool any = false;

	strbuf_add_str(&c->out, "#<PID>          <type>          <reloads>       <uptime>        <version>      \n");
	show_row(c, getpid(), "master", master.reloads, master.start_ms);
	strbuf_add_str(&c->out, "# workers\n");
	show_workers(c, false);
	TAILQ_FOREACH(w, &master.children, siblings)
		any |= w->state == CHILD_FORMER;
	if (any) {
		strbuf_add_str(&c->out, "# old workers\n");
		show_workers(c, true);
	}
	strbuf_add_str(&c->out, "# programs\n");
	return true;
}

COMMAND(show_proc) = {
	.keyword = "show proc", .usage = "show proc", .text = "show the master and its workers", .scope = COMMAND_IN_MASTER,
	.start = show_proc_start,
};

/* ---- @<worker> <command> ---- */

struct relay {
	struct watch watch;  /* our end of a session with a worker */
	struct cli *cli;
	struct strbuf order; /* owns: what goes to the worker, its payload too */
	size_t sent;         /* of it */
	bool held;           /* a newline is kept back: the last one is ours to say */
	unsigned unsaid;     /* empty answers to come first: to the modes that were switched on */
	struct grave grave;
};

/* "@1" is the current worker, or the first one while it comes up: it accepts a little before the master hears of it, and then
 * it answers. "@!<pid>" and "@<pid>" are any. */
static struct child *find_worker(struct slice name)
{
	struct child *w;
	uint64_t number;

	if (name.len && name.ptr[0] == '!')
		name = slice_from(name, 1);
	else if (slice_is(name, "1"))
		return master.current ? master.current : master.coming;
	if (!slice_to_u64(name, &number))
		return NULL;
	TAILQ_FOREACH(w, &master.children, siblings)
		if ((uint64_t)w->pid == number)
			return w;
	return NULL;
}

static void on_relay(struct watch *w, uint32_t events)
{
	(void)events;
	cli_wake(CONTAINER_OF(w, struct relay, watch)->cli);
}

/* "@1" alone: the lines that follow are for it. */
static bool switch_target(struct cli *c, struct slice target)
{
	bool home = target.len == 1 || slice_is(target, "@master");

	snprintf(c->relay_to, sizeof(c->relay_to), "%.*s", home ? 0 : (int)target.len, target.ptr);
	return true;
}

/* The session's modes are the worker's session's too. Returns how many there are. */
static unsigned relay_modes(struct strbuf *order, unsigned modes)
{
	unsigned n = 0;

	for (unsigned mode = CLI_EXPERT; mode <= CLI_EXPERIMENTAL; mode <<= 1) {
		if (!(modes & mode))
			continue;
		strbuf_addf(order, "%s-mode on;", cli_mode_name(mode));
		n++;
	}
	return n;
}

/* The command as it goes to the worker. A payload ends with a line that does not stand in it. */
static void relay_compose(struct strbuf *order, struct slice command, struct slice payload)
{
	char end[32];

	strbuf_add_slice(order, command);
	if (payload.len) {
		do
			snprintf(end, sizeof(end), "end-%016" PRIx64, random_next());
		while (slice_find(payload, slice_of(end)) >= 0);
		strbuf_addf(order, " <<%s\n", end);
		strbuf_add_slice(order, payload);
		strbuf_add_str(order, end);
	}
	strbuf_add_byte(order, '\n');
}

/* Sends what can be sent now; the end of the order is the end of the session's input. False: the worker is gone. */
static bool relay_push(struct relay *r)
{
	while (r->sent < r->order.len) {
		ssize_t n = send(r->watch.fd, r->order.ptr + r->sent, r->order.len - r->sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		r->sent += (size_t)n;
		if (r->sent == r->order.len)
			return shutdown(r->watch.fd, SHUT_WR) == 0;
	}
	return true;
}

static bool relay_open(struct cli *c, struct child *to, struct slice command)
{
	int fd = master_open_session(to, c->level);
	struct relay *r = fd < 0 ? NULL : calloc(1, sizeof(*r));

	if (!r) {
		if (fd >= 0)
			close(fd);
		return cli_refuse(c, "Can't reach the worker");
	}
	r->cli = c;
	r->watch = (struct watch){ .fd = fd, .on_event = on_relay };
	r->unsaid = relay_modes(&r->order, c->modes);
	relay_compose(&r->order, command, c->payload);
	if (!r->order.truncated && relay_push(r) && loop_add(&r->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
		c->state = r;
		return true;
	}
	close(fd);
	strbuf_free(&r->order);
	free(r);
	return cli_refuse(c, "Can't reach the worker");
}

static bool relay_start(struct cli *c)
{
	struct slice text = slice_of(c->arg_count ? c->args[0] : "@"), target = text;
	size_t len = strcspn(text.ptr, " \t");

	target.len = len;
	text = slice_trim(slice_from(text, len));
	bool home = target.len == 1 || slice_is(target, "@master");
	struct child *to = home ? NULL : find_worker(slice_from(target, 1));
	if (!home && !to)
		return cli_refuse(c, "Can't find the target PID matching the prefix '%.*s'", SLICE_FMT(target));
	if (text.len == 0) {
		switch_target(c, target);
		return false;
	}
	if (home)
		return cli_refuse(c, "Commands of the master are written without a prefix");
	return relay_open(c, to, text);
}

static enum command_result relay_run(struct cli *c)
{
	struct relay *r = c->state;
	char part[4096];

	if (!relay_push(r))
		return COMMAND_DONE;
	for (int pieces = 0; pieces < 2; pieces++) {
		ssize_t n = recv(r->watch.fd, part, sizeof(part), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return COMMAND_WAIT;
		if (n <= 0)
			return COMMAND_DONE;
		ssize_t from = 0;
		for (; from < n && r->unsaid; from++)
			r->unsaid--;
		if (from == n)
			continue;
		if (r->held)
			strbuf_add_byte(&c->out, '\n');
		r->held = part[n - 1] == '\n';
		strbuf_add(&c->out, part + from, (size_t)(n - from) - r->held);
	}
	return COMMAND_MORE;
}

static void relay_free(struct grave *g)
{
	free(CONTAINER_OF(g, struct relay, grave));
}

static void relay_end(struct cli *c)
{
	struct relay *r = c->state;

	loop_close(&r->watch);
	strbuf_free(&r->order);
	r->grave.free = relay_free;
	loop_bury(&r->grave);
}

COMMAND(relay) = {
	.keyword = "@", .usage = "@<worker> [<command>]", .text = "send a command to a worker: @1 the current one, @!<pid> any; "
	"alone: all that follow", .scope = COMMAND_IN_MASTER, .start = relay_start, .run = relay_run, .end = relay_end,
};
