/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker's end of the link; who says what when stands in talk.h. A link that ends means that
 * the master is gone: then nobody could reload or stop us any more, so we drain.
 */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/assert.h"
#include "conf/diag.h"
#include "conn/handover.h"
#include "core/loop.h"
#include "core/state.h"
#include "proxy/listener.h"
#include "proxy/service.h"
#include "proxy/session.h"
#include "talk.h"
#include "worker.h"

static struct watch link_watch = { .fd = -1 };
static unsigned generation;
static struct handover message;       /* too large for the stack */
static struct strbuf state;           /* the predecessor's */
static struct listener *session_doors[CLI_ADMIN + 1]; /* by level: sessions that come through the master */

bool link_find(void)
{
	const char *text = getenv(TALK_ENV);
	int fd, type = 0;
	socklen_t len = sizeof(type);

	if (!text || sscanf(text, "%d %u", &fd, &generation) != 2)
		return false;
	unsetenv(TALK_ENV);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_SEQPACKET)
		return false;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	link_watch.fd = fd;
	return true;
}

static bool is_there(void)
{
	return link_watch.fd >= 0;
}

bool link_is_first(void)
{
	return generation == 0;
}

static bool say(enum talk type, struct slice body)
{
	return handover_send_long(link_watch.fd, type, body, TALK_WAIT_MS);
}

static bool say_word(enum talk type)
{
	return handover_send(link_watch.fd, type, SLICE(""), NULL, 0, TALK_WAIT_MS);
}

static void take_socket(const char *key, int fd, void *count)
{
	inventory_add(key, fd, (*(int *)count)++);
}

bool link_take_sockets(void)
{
	int count = 0;

	for (;;) {
		if (handover_receive(link_watch.fd, &message, TALK_WAIT_MS) != HANDOVER_GOT)
			return false;
		if (message.type == TALK_SOCKETS_END)
			return true;
		if (message.type != TALK_SOCKETS || !handover_batch_read(&message, take_socket, &count))
			return false;
	}
}

struct report {
	struct strbuf keep, inherited; /* int32_t numbers */
	struct handover_batch fresh;
};

static void report_socket(const char *key, int fd, void *arg)
{
	struct report *r = arg;

	if (strncmp(key, "fd@", 3) == 0) {
		int32_t number = fd;
		strbuf_add(&r->inherited, &number, sizeof(number));
		return;
	}
	for (int i = 0; i < inventory.n; i++) {
		if (inventory.list[i].taken && inventory.list[i].fd == fd && inventory.list[i].from >= 0) {
			int32_t number = inventory.list[i].from;
			strbuf_add(&r->keep, &number, sizeof(number));
			return;
		}
	}
	handover_batch_add(&r->fresh, key, fd);
}

bool link_report_sockets(void)
{
	struct report r = { .fresh = { .sock = link_watch.fd, .type = TALK_SOCKETS, .wait_ms = TALK_WAIT_MS, .ok = true } };

	listeners_each_key(report_socket, &r);
	handover_batch_flush(&r.fresh);
	bool ok = r.fresh.ok && say(TALK_KEEP, strbuf_slice(&r.keep)) && say(TALK_INHERITED, strbuf_slice(&r.inherited));
	strbuf_free(&r.keep);
	strbuf_free(&r.inherited);
	return ok;
}

void link_send_log(void)
{
	if (is_there())
		say(TALK_LOG, strbuf_slice(&diag_state.text));
}

static void save_state(void)
{
	struct strbuf out = STRBUF_EMPTY;

	state_save_all(&out);
	say(TALK_STATE, strbuf_slice(&out));
	say_word(TALK_STATE_END);
	strbuf_free(&out);
}

static void load_state_and_go(void)
{
	if (state.len)
		state_load_all(strbuf_slice(&state), NULL);
	strbuf_free(&state);
	worker_accept();
}

static void start_session(int fd)
{
	struct addr peer = { .family = AF_UNIX };

	unsigned level = message.len ? (unsigned char)message.body[0] : CLI_USER;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	session_start(session_doors[level <= CLI_ADMIN ? level : CLI_USER], fd, &peer);
}

static void on_message(void)
{
	switch (message.type) {
	case TALK_STATE:
		strbuf_add(&state, message.body, message.len);
		break;
	case TALK_GO:
		load_state_and_go();
		break;
	case TALK_SAVE_STATE:
		save_state();
		break;
	case TALK_DRAIN:
		worker_drain();
		break;
	case TALK_SESSION:
		for (int i = 0; i < message.fd_count; i++)
			start_session(message.fds[i]);
		return;
	default:
		break;
	}
	for (int i = 0; i < message.fd_count; i++)
		close(message.fds[i]);
}

static void on_link(struct watch *w, uint32_t events)
{
	(void)events;
	for (;;) {
		switch (handover_receive(w->fd, &message, 0)) {
		case HANDOVER_GOT:
			on_message();
			continue;
		case HANDOVER_NONE:
			return;
		case HANDOVER_END:
			loop_close(w);
			worker_drain();
			return;
		}
	}
}

/* Listeners without a socket: the master brings their clients. */
static void make_session_doors(void)
{
	struct endpoint nowhere = { .kind = ENDPOINT_FD, .fd = -1 };
	struct proxy *px = proxy_new_internal("MASTER", "", 0);

	px->service = registry_find(&service_registry, SLICE("cli"));
	ASSERT(px->service != NULL);
	for (unsigned level = CLI_USER; level <= CLI_ADMIN; level++) {
		struct bind_settings set = { .level = level };
		session_doors[level] = listener_new(px, &nowhere, &set, "", 0);
	}
}

static void say_leave(void *unused)
{
	(void)unused;
	if (is_there())
		say_word(TALK_LEAVE);
}

static void ask_to_leave(void)
{
	thread_run_on(0, say_leave, NULL);
}

void link_say_ready(void)
{
	make_session_doors();
	process_drain = ask_to_leave;
	link_send_log();
	link_watch.on_event = on_link;
	bool ok = say_word(TALK_READY) && loop_add(&link_watch, EPOLLIN | EPOLLET);
	if (!ok)
		worker_stop();
}

void link_say_accepting(void)
{
	inventory_free(); /* what we did not take is not to live on in our hands */
	say_word(TALK_ACCEPTING);
}
