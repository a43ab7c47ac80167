/* SPDX-License-Identifier: Apache-2.0
 *
 * Building schedules and picking from them; see schedule.h. What it costs matters: a farm of
 * thousands is rebuilt on the thread that saw one of its servers change.
 */
#include "proxy/schedule.h"

#include <stdlib.h>
#include "base/assert.h"
#include "core/epoch.h"
#include "proxy/warmup.h"

#define SLOTS_MAX 65536
/* So many slots are looked at for a server that has room. Where nearly all are full it hardly matters who is picked: the
 * stream waits in the backend's line, which looks at every server. */
#define ROOM_LOOKS 1024

struct seat *seats_now(struct proxy *px, bool configured, size_t *n)
{
	struct seat *seats = calloc((size_t)px->server_count + 1, sizeof(*seats));
	bool backups = px->usable_servers == 0;
	struct server *s;

	ASSERT(seats != NULL);
	*n = 0;
	TAILQ_FOREACH(s, &px->servers, link) {
		unsigned weight = (unsigned)(configured ? s->set.weight : __atomic_load_n(&s->weight, __ATOMIC_RELAXED));
		if (!server_usable(s) || s->set.backup != backups || weight == 0)
			continue;
		seats[(*n)++] = (struct seat){ s, weight };
		if (backups && !px->set.allbackups)
			break;
	}
	return seats;
}

void seats_warm(struct seat *seats, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= warmup_percent(seats[i].srv) < 100;
	for (size_t i = 0; any && i < n; i++)
		seats[i].weight = warmup_weight(seats[i].srv);
}

static unsigned gcd(unsigned a, unsigned b)
{
	while (b) {
		unsigned r = a % b;
		a = b;
		b = r;
	}
	return a;
}

/* Weights over their divisor, malloc'd, and their sum. At most `most` in all, or one each. */
static unsigned *shares(const struct seat *seats, size_t n, uint64_t most, uint64_t *total)
{
	unsigned *w = malloc(n * sizeof(*w)), divisor = 0;
	uint64_t sum = 0;

	ASSERT(w != NULL);
	for (size_t i = 0; i < n; i++)
		divisor = gcd(seats[i].weight, divisor);
	for (size_t i = 0; i < n; i++)
		sum += w[i] = seats[i].weight / divisor;
	*total = sum;
	if (sum <= most)
		return w;
	*total = 0;
	for (size_t i = 0; i < n; i++) {
		w[i] = (unsigned)(w[i] * most / sum);
		*total += w[i] += w[i] == 0;
	}
	return w;
}

static struct schedule *schedule_new(uint64_t n)
{
	struct schedule *s = malloc(sizeof(*s) + n * sizeof(s->slot[0]));

	ASSERT(s != NULL && n <= UINT32_MAX);
	s->n = (uint32_t)n;
	return s;
}

/* ---- even ---- */

/* A server's turns stand at the odd multiples of half a turn's length: the next at (2 * done + 1) / weight. */
struct runner {
	uint32_t seat;
	unsigned weight;
	uint64_t ahead; /* 2 * done + 1 */
};

static bool goes_first(const struct runner *a, const struct runner *b)
{
	uint64_t at = a->ahead * b->weight, bt = b->ahead * a->weight;

	return at != bt ? at < bt : a->seat < b->seat;
}

static void sift_down(struct runner *heap, size_t n, size_t i)
{
	struct runner moved = heap[i];

	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && goes_first(&heap[child + 1], &heap[child]))
			child++;
		if (!goes_first(&heap[child], &moved))
			break;
		heap[i] = heap[child];
	}
	heap[i] = moved;
}

struct schedule *schedule_even(const struct seat *seats, size_t n)
{
	uint64_t total;

	if (n == 0)
		return NULL;
	unsigned *w = shares(seats, n, SLOTS_MAX, &total);
	struct schedule *s = schedule_new(total);
	struct runner *heap = malloc(n * sizeof(*heap));
	ASSERT(heap != NULL);
	for (size_t i = 0; i < n; i++)
		heap[i] = (struct runner){ (uint32_t)i, w[i], 1 };
	for (size_t i = n / 2; i-- > 0;)
		sift_down(heap, n, i);
	for (uint64_t turn = 0; turn < total; turn++) {
		s->slot[turn] = seats[heap[0].seat].srv;
		heap[0].ahead += 2;
		sift_down(heap, n, 0);
	}
	free(heap);
	free(w);
	return s;
}

/* ---- the static map ---- */

/* A set of seats that knows its first member. */
static void seat_set(uint64_t *set, size_t i, bool on)
{
	set[i / 64] = on ? set[i / 64] | UINT64_C(1) << i % 64 : set[i / 64] & ~(UINT64_C(1) << i % 64);
}

static size_t seat_first(const uint64_t *set, size_t n)
{
	for (size_t i = 0; i < n; i += 64)
		if (set[i / 64])
			return i + (size_t)__builtin_ctzll(set[i / 64]);
	return n;
}

/* Each slot every server earns its weight, and a turn costs the sum of all. Who has earned a whole turn is late: the first
 * such server in the order of the file has the slot. When nobody is late it goes to the first that is not in debt. Worked
 * out from what HAProxy's static-rr does, and compared with it. Instead of counting for every server at every slot, each has
 * a place in the list of the slot where its state changes next. */
struct map_builder {
	size_t n;
	uint64_t total;
	const unsigned *w;
	uint64_t *done;          /* turns each has had */
	uint64_t *payable, *late; /* sets; a server is in one of them or in debt */
	uint32_t *at, *next;     /* lists: first seat + 1 per slot, next seat + 1 per seat */
};

/* Seat i's state changes when it has earned `turns` turns, at the earliest in slot `from` (they count from 1). */
static void map_wait(struct map_builder *b, size_t i, uint64_t turns, uint64_t from)
{
	uint64_t slot = (turns * b->total + b->w[i] - 1) / b->w[i];

	if (slot < from)
		slot = from;
	if (slot > b->total)
		return;
	b->next[i] = b->at[slot];
	b->at[slot] = (uint32_t)i + 1;
}

static void map_slot_begins(struct map_builder *b, uint64_t slot)
{
	for (uint32_t i = b->at[slot], after; i; i = after) {
		size_t seat = i - 1;
		after = b->next[seat];
		if (b->payable[seat / 64] >> seat % 64 & 1) {
			seat_set(b->payable, seat, false);
			seat_set(b->late, seat, true);
		} else {
			seat_set(b->payable, seat, true);
			map_wait(b, seat, b->done[seat] + 1, slot + 1);
		}
	}
}

static size_t map_slot_taken(struct map_builder *b, uint64_t slot)
{
	size_t seat = seat_first(b->late, b->n);

	if (seat < b->n) {
		/* It has earned the turn, so it can pay; late again perhaps in the next slot. */
		seat_set(b->late, seat, false);
		seat_set(b->payable, seat, true);
		b->done[seat]++;
		map_wait(b, seat, b->done[seat] + 1, slot + 1);
		return seat;
	}
	seat = seat_first(b->payable, b->n);
	ASSERT(seat < b->n);
	seat_set(b->payable, seat, false); /* in debt until the slot where it would have been late */
	b->done[seat]++;
	return seat;
}

struct schedule *schedule_map(const struct seat *seats, size_t n)
{
	struct map_builder b = { .n = n };

	if (n == 0)
		return NULL;
	unsigned *w = shares(seats, n, UINT32_MAX, &b.total);
	struct schedule *s = schedule_new(b.total);
	size_t words = n / 64 + 1;
	b.w = w;
	b.done = calloc(n + 2 * words, sizeof(*b.done));
	b.at = calloc(b.total + 1 + n, sizeof(*b.at));
	ASSERT(b.done != NULL && b.at != NULL);
	b.payable = b.done + n;
	b.late = b.payable + words;
	b.next = b.at + b.total + 1;
	for (size_t i = 0; i < n; i++) {
		seat_set(b.payable, i, true);
		map_wait(&b, i, 1, 1);
	}
	for (uint64_t slot = 1; slot <= b.total; slot++) {
		map_slot_begins(&b, slot);
		s->slot[slot - 1] = seats[map_slot_taken(&b, slot)].srv;
	}
	free(b.at);
	free(b.done);
	free(w);
	return s;
}

/* ---- picking ---- */

struct server *schedule_pick(const struct schedule *s, uint64_t turn, const struct server *avoid)
{
	struct server *full = NULL;
	bool avoided = false;

	if (s == NULL)
		return NULL;
	for (uint32_t i = 0; i < s->n && (i < ROOM_LOOKS || full == NULL); i++) {
		struct server *srv = s->slot[(turn + i) % s->n];
		if (!server_usable(srv))
			continue;
		if (srv == avoid) {
			avoided = true;
			continue;
		}
		/* A server that has a free slot now goes before one where the stream would wait. */
		if (server_has_room(srv))
			return srv;
		if (full == NULL)
			full = srv;
	}
	return full == NULL && avoided ? (struct server *)avoid : full;
}

void turns_publish(struct turns *t, struct schedule *fresh)
{
	struct schedule *old = __atomic_exchange_n(&t->now, fresh, __ATOMIC_ACQ_REL);

	if (old)
		epoch_retire(old, free);
}

struct server *turns_pick(struct turns *t, const struct server *avoid)
{
	struct schedule *s = __atomic_load_n(&t->now, __ATOMIC_ACQUIRE);

	return s ? schedule_pick(s, __atomic_fetch_add(&t->next, 1, __ATOMIC_RELAXED), avoid) : NULL;
}

void turns_free(struct turns *t)
{
	free(t->now);
	t->now = NULL;
}

/* ---- leaves ---- */

struct turns *turns_of(struct proxy *px)
{
	struct turns *t = px->balance_state;

	if (t == NULL) {
		t = calloc(1, sizeof(*t));
		ASSERT(t != NULL);
		__atomic_store_n(&px->balance_state, t, __ATOMIC_RELEASE);
	}
	return t;
}

struct server *turns_leaf_pick(struct proxy *px, struct stream *s, const struct server *avoid)
{
	(void)s;
	return turns_pick(px->balance_state, avoid);
}

void turns_leaf_free(struct proxy *px)
{
	if (px->balance_state) {
		turns_free(px->balance_state);
		free(px->balance_state);
		px->balance_state = NULL;
	}
}
