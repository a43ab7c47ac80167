/* SPDX-License-Identifier: Apache-2.0
 *
 * The roll call. Whoever holds it owns it: the home thread while it is HOME, else the thread it
 * was mailed to; only `called_off` is looked at by both.
 */
#include "proxy/roll.h"

#include <stdlib.h>
#include "base/assert.h"
#include "core/thread.h"

#define PIECE_SESSIONS 64
#define PIECE_BYTES 8192

struct roll {
	struct mail mail;
	int home;                     /* the thread it belongs to */
	int thread;                   /* the thread whose sessions are asked; thread_count: all were */
	bool at_home;                 /* home thread: it is here */
	bool called_off;              /* home thread writes it, the others see it by the order of the mail */
	bool open;                    /* the cursor is open on `thread` */
	struct session_cursor cursor;
	struct strbuf text;           /* owns: the piece */
	void (*tell)(struct session *s, const void *arg, struct strbuf *out);
	bool (*rest)(unsigned n, const void *arg, struct strbuf *out); /* may be NULL */
	unsigned rests;               /* calls of it on `thread` */
	void *arg;                    /* owns */
	void (*wake)(void *owner);
	void *owner;                  /* borrows; valid until called off */
};

static void roll_free(struct roll *r)
{
	strbuf_free(&r->text);
	free(r->arg);
	free(r);
}

static void come_home(struct mail *m);

/* On the thread that is asked. */
static void ask(struct mail *m)
{
	struct roll *r = CONTAINER_OF(m, struct roll, mail);
	bool stop = __atomic_load_n(&r->called_off, __ATOMIC_ACQUIRE);

	if (!r->open) {
		session_cursor_open(&r->cursor);
		r->open = true;
	}
	for (int n = 0; !stop && n < PIECE_SESSIONS && r->text.len < PIECE_BYTES && r->cursor.at; n++) {
		struct session *s = r->cursor.at;
		r->cursor.at = LIST_NEXT(s, link);
		r->tell(s, r->arg, &r->text);
	}
	bool over = r->cursor.at == NULL;
	if (over && !stop && r->rest)
		over = !r->rest(r->rests++, r->arg, &r->text);
	if (stop || over) {
		session_cursor_close(&r->cursor);
		r->open = false;
		r->rests = 0;
		r->thread++;
	}
	r->mail.deliver = come_home;
	mail_post(&thread_loops[r->home], &r->mail);
}

static void send_on(struct roll *r)
{
	r->at_home = false;
	r->mail.deliver = ask;
	mail_post(&thread_loops[r->thread], &r->mail);
}

static void come_home(struct mail *m)
{
	struct roll *r = CONTAINER_OF(m, struct roll, mail);

	if (r->called_off) {
		/* An open cursor is closed where it stands. */
		if (r->open)
			send_on(r);
		else
			roll_free(r);
		return;
	}
	r->at_home = true;
	r->wake(r->owner);
}

struct roll *roll_begin(void (*tell)(struct session *s, const void *arg, struct strbuf *out), void *arg, void (*wake)(void *owner), void *owner)
{
	return roll_begin_all(tell, NULL, arg, wake, owner);
}

struct roll *roll_begin_all(void (*tell)(struct session *s, const void *arg, struct strbuf *out),
	bool (*rest)(unsigned n, const void *arg, struct strbuf *out), void *arg, void (*wake)(void *owner), void *owner)
{
	struct roll *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		free(arg);
		return NULL;
	}
	r->home = thread_id;
	r->tell = tell;
	r->rest = rest;
	r->arg = arg;
	r->wake = wake;
	r->owner = owner;
	send_on(r);
	return r;
}

enum roll_state roll_take(struct roll *r, struct strbuf *out)
{
	if (!r->at_home)
		return ROLL_AWAY;
	strbuf_add_slice(out, strbuf_slice(&r->text));
	strbuf_clear(&r->text);
	if (r->thread >= thread_count)
		return ROLL_DONE;
	send_on(r);
	return ROLL_AWAY;
}

void roll_end(struct roll **pr)
{
	struct roll *r = *pr;

	*pr = NULL;
	if (r == NULL)
		return;
	__atomic_store_n(&r->called_off, true, __ATOMIC_RELEASE);
	if (!r->at_home)
		return;
	if (r->open)
		send_on(r);
	else
		roll_free(r);
}
