/* SPDX-License-Identifier: Apache-2.0
 *
 * Verdicts on passwords: those a stream has asked for, those that are worked out now, those of the last minute. Who asks
 * for what is being worked out already waits for the same job. Everything shared is under one lock, held for a look.
 */
#include "proxy/auth.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include "base/assert.h"
#include "base/hash.h"
#include "core/clock.h"
#include "core/helper.h"
#include "core/thread.h"
#include "proxy/password.h"

#define KEY_LEN 32
#define SETS 1024
#define WAYS 4
#define JOB_CHAINS 256
#define SOURCES 1024

struct auth_key {
	unsigned char bytes[KEY_LEN];
};

/* One verdict of a stream; in its arena. */
struct auth {
	struct auth *next;
	struct auth_key key;
	struct asker *asker;   /* who brings the answer; NULL: it is there */
	bool right;
};

/* Stands between a stream, which may end, and a job. Owned by its verdict until it is orphaned, then by its mail. */
struct asker {
	struct mail mail;
	LIST_ENTRY(asker) link; /* of its job, while it has one */
	struct job *job;       /* under the lock; NULL: the answer is in the mail */
	struct auth *verdict;  /* NULL: nobody wants it any more */
	struct stream *stream;
	int thread;
	bool right;
};

/* A password that is looked at. In the table of jobs from its beginning to its end. */
struct job {
	struct helper_job helper;
	LIST_ENTRY(job) link;
	LIST_HEAD(, asker) askers;
	struct auth_key key;
	uint16_t *source;      /* the counter of where it comes from */
	const char *hash;      /* borrows */
	bool decoy;            /* there is no such user: the hash is another's, and no password is right */
	size_t password_len;
	char password[];       /* wiped */
};

struct kept {
	struct auth_key key;
	uint64_t until_ms;     /* 0: empty */
	bool right;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Under the lock, all of it. */
static struct kept kept[SETS][WAYS];
static LIST_HEAD(, job) jobs[JOB_CHAINS];
static uint16_t sources[SOURCES];

static pthread_once_t secret_once = PTHREAD_ONCE_INIT;
static unsigned char secret[KEY_LEN];

static void make_secret(void)
{
	if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret)) {
		perror("usher: getrandom");
		exit(1);
	}
}

/* ---- keys ---- */

static bool key_is(const struct auth_key *a, const struct auth_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* List, length of the name, name, password: no two of them make the same text. */
static bool make_key(struct eval *ev, const struct userlist *l, struct slice name, struct slice password, struct auth_key *key)
{
	size_t len = sizeof(l) + sizeof(name.len) + name.len + password.len;
	unsigned char *text = arena_alloc(ev->arena, len), *at = text;

	if (text == NULL)
		return false;
	pthread_once(&secret_once, make_secret);
	memcpy(at, &l, sizeof(l));
	memcpy(at += sizeof(l), &name.len, sizeof(name.len));
	at += sizeof(name.len);
	if (name.len)
		memcpy(at, name.ptr, name.len);
	if (password.len)
		memcpy(at + name.len, password.ptr, password.len);
	bool ok = HMAC(EVP_sha256(), secret, sizeof(secret), text, len, key->bytes, NULL) != NULL;
	explicit_bzero(text, len);
	return ok;
}

static unsigned key_number(const struct auth_key *key)
{
	unsigned n;

	memcpy(&n, key->bytes, sizeof(n));
	return n;
}

/* ---- verdicts of the last minute; under the lock ---- */

static const struct kept *find_kept(const struct auth_key *key, uint64_t now_ms)
{
	const struct kept *set = kept[key_number(key) % SETS];

	for (int i = 0; i < WAYS; i++)
		if (set[i].until_ms > now_ms && key_is(&set[i].key, key))
			return &set[i];
	return NULL;
}

/* Who goes first: what is over, then what was wrong, then the oldest. A flood of guesses puts nobody out who was right. */
static bool goes_before(const struct kept *a, const struct kept *b, uint64_t now_ms)
{
	bool a_over = a->until_ms <= now_ms, b_over = b->until_ms <= now_ms;

	if (a_over != b_over)
		return a_over;
	if (a->right != b->right)
		return !a->right;
	return a->until_ms < b->until_ms;
}

static void keep(const struct auth_key *key, bool right, uint64_t now_ms)
{
	struct kept *set = kept[key_number(key) % SETS], *place = set;

	for (int i = 1; i < WAYS; i++)
		if (goes_before(&set[i], place, now_ms))
			place = &set[i];
	*place = (struct kept){ .key = *key, .until_ms = now_ms + AUTH_KEEP_MS, .right = right };
}

/* ---- jobs; under the lock ---- */

static struct job *find_job(const struct auth_key *key)
{
	struct job *j;

	LIST_FOREACH(j, &jobs[key_number(key) % JOB_CHAINS], link)
		if (key_is(&j->key, key))
			return j;
	return NULL;
}

/* An IPv6 site has many addresses. */
static uint16_t *source_counter(const struct addr *src)
{
	struct slice site = slice_make(src->ip, src->family == AF_INET ? 4 : src->family == AF_INET6 ? 8 : 0);

	return &sources[hash_avalanche(hash_djb2(site)) % SOURCES];
}

static void end_job(struct job *j)
{
	LIST_REMOVE(j, link);
	--*j->source;
	explicit_bzero(j->password, j->password_len);
	free(j);
}

static void deliver(struct mail *m)
{
	struct asker *a = CONTAINER_OF(m, struct asker, mail);

	if (a->verdict) {
		a->verdict->right = a->right;
		a->verdict->asker = NULL;
		stream_wake(a->stream);
	}
	free(a);
}

/* On a helper; takes the lock itself. */
static void work(struct helper_job *h)
{
	struct job *j = CONTAINER_OF(h, struct job, helper);
	bool right = password_matches(j->password, j->hash) && !j->decoy;
	struct asker *a;

	pthread_mutex_lock(&lock);
	keep(&j->key, right, clock_read_us() / 1000);
	while ((a = LIST_FIRST(&j->askers)) != NULL) {
		LIST_REMOVE(a, link);
		a->job = NULL;
		a->right = right;
		a->mail.deliver = deliver;
		mail_post(&thread_loops[a->thread], &a->mail);
	}
	end_job(j);
	pthread_mutex_unlock(&lock);
}

/* A job of its own, in the helpers' line; NULL when that is full, or this source has its share of it. */
static struct job *begin_job(const struct stream *s, const struct auth_key *key, const char *hash, bool decoy, struct slice password)
{
	uint16_t *source = source_counter(&s->session->src);
	struct job *j = *source < AUTH_SOURCE_MAX ? calloc(1, sizeof(*j) + password.len + 1) : NULL;

	if (j == NULL)
		return NULL;
	*j = (struct job){ .helper.run = work, .key = *key, .source = source, .hash = hash, .decoy = decoy, .password_len = password.len };
	if (password.len)
		memcpy(j->password, password.ptr, password.len);
	LIST_INIT(&j->askers);
	LIST_INSERT_HEAD(&jobs[key_number(key) % JOB_CHAINS], j, link);
	++*source;
	if (helper_post(&j->helper))
		return j;
	end_job(j);
	return NULL;
}

/* ---- asking ---- */

static struct auth *find_own(const struct stream *s, const struct auth_key *key)
{
	struct auth *v = s->auth;

	while (v && !key_is(&v->key, key))
		v = v->next;
	return v;
}

/* Asks for a verdict that the stream has not asked for yet. Under the lock. NULL: nobody can be asked. */
static struct auth *ask(struct eval *ev, const struct auth_key *key, const char *hash, bool decoy, struct slice password)
{
	struct stream *s = ev->stream;
	struct auth *v = arena_zalloc(&s->arena, sizeof(*v));
	struct asker *a = v ? calloc(1, sizeof(*a)) : NULL;

	if (a == NULL)
		return NULL;
	struct job *j = find_job(key);
	if (j == NULL)
		j = begin_job(s, key, hash, decoy, password);
	if (j == NULL) {
		free(a);
		return NULL;
	}
	*a = (struct asker){ .job = j, .verdict = v, .stream = s, .thread = thread_id };
	LIST_INSERT_HEAD(&j->askers, a, link);
	*v = (struct auth){ .next = s->auth, .key = *key, .asker = a };
	s->auth = v;
	return v;
}

/* Of a password whose hash somebody has to work out. */
static enum eval_result hashed(struct eval *ev, const struct auth_key *key, const char *hash, bool decoy, struct slice password,
	bool *right)
{
	struct auth *v = find_own(ev->stream, key);

	if (v == NULL) {
		pthread_mutex_lock(&lock);
		const struct kept *k = find_kept(key, clock_now_ms);
		*right = k && k->right;
		if (k == NULL && ev->may_await)
			v = ask(ev, key, hash, decoy, password);
		pthread_mutex_unlock(&lock);
		if (k)
			return EVAL_OK;
		ev->stream->no_answer = v == NULL && ev->may_await;
	}
	if (v && v->asker == NULL) {
		*right = v->right;
		return EVAL_OK;
	}
	ev->awaits = ev->may_await;
	return ev->may_await ? EVAL_WAIT : EVAL_NONE;
}

enum eval_result auth_verdict(struct eval *ev, const struct userlist *l, struct slice name, struct slice password,
	const struct userlist_user **user)
{
	const struct userlist_user *u = userlist_find_user(l, name);
	const char *hash = u ? u->password : l->decoy;
	enum eval_result r = EVAL_OK;
	struct auth_key key;
	bool right = false;

	/* crypt(3) would read no further than a NUL. */
	if (hash == NULL || slice_find_byte(password, 0) >= 0)
		right = false;
	else if (u && u->plain)
		right = slice_eq_secret(password, slice_of(hash));
	else if (!make_key(ev, l, name, password, &key))
		return EVAL_NONE;
	else
		r = hashed(ev, &key, hash, u == NULL, password, &right);
	*user = right ? u : NULL;
	return r;
}

/* ---- leaving ---- */

/* Its mail is under way, or it waits for a job, which is not done when nobody is left. */
static void orphan(struct asker *a)
{
	pthread_mutex_lock(&lock);
	struct job *j = a->job;
	if (j) {
		LIST_REMOVE(a, link);
		if (LIST_EMPTY(&j->askers) && helper_cancel(&j->helper))
			end_job(j);
		free(a);
	} else {
		a->verdict = NULL;
	}
	pthread_mutex_unlock(&lock);
}

void auth_leave(struct stream *s)
{
	for (struct auth *v = s->auth; v; v = v->next)
		if (v->asker)
			orphan(v->asker);
	s->auth = NULL;
}

void auth_reset(void)
{
	pthread_mutex_lock(&lock);
	memset(kept, 0, sizeof(kept));
	for (int i = 0; i < JOB_CHAINS; i++)
		while (!LIST_EMPTY(&jobs[i]))
			end_job(LIST_FIRST(&jobs[i]));
	pthread_mutex_unlock(&lock);
}
