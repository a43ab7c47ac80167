/* SPDX-License-Identifier: Apache-2.0
 *
 * The timer wheel: four levels of 256 slots (1 ms, 256 ms, 65 s, 4.6 h). A timer waits in the
 * level its distance needs and falls to finer ones as its time comes near. Beyond 49 days it
 * waits in the last slot of the top level and is placed anew from there. One thread.
 */
#include "core/timer.h"

#include <stddef.h>

_Thread_local struct timer_wheel *timer_wheel_self;

void timer_wheel_init(struct timer_wheel *w, uint64_t now_ms)
{
	w->now_ms = now_ms;
	for (int l = 0; l < TIMER_LEVELS; l++) {
		for (int i = 0; i < TIMER_SLOTS / 64; i++)
			w->used[l][i] = 0;
		for (int s = 0; s < TIMER_SLOTS; s++)
			LIST_INIT(&w->slots[l][s]);
	}
}

static void place(struct timer_wheel *w, struct timer *t)
{
	uint64_t due = t->due_ms > w->now_ms ? t->due_ms : w->now_ms + 1;
	uint64_t delta = due - w->now_ms;
	unsigned level = 0;

	while (level < TIMER_LEVELS - 1 && delta >= (uint64_t)1 << (8 * (level + 1)))
		level++;
	if (delta >= (uint64_t)1 << (8 * TIMER_LEVELS))
		due = w->now_ms + ((uint64_t)1 << (8 * TIMER_LEVELS)) - 1;
	unsigned slot = (due >> (8 * level)) & (TIMER_SLOTS - 1);
	LIST_INSERT_HEAD(&w->slots[level][slot], t, link);
	w->used[level][slot / 64] |= (uint64_t)1 << (slot % 64);
}

void timer_set_at(struct timer *t, uint64_t due_ms)
{
	if (t->due_ms)
		LIST_REMOVE(t, link);
	t->due_ms = due_ms ? due_ms : 1;
	place(timer_wheel_self, t);
}

void timer_bring_forward(struct timer *t, uint64_t due_ms)
{
	if (t->due_ms == 0 || due_ms < t->due_ms)
		timer_set_at(t, due_ms);
}

void timer_stop(struct timer *t)
{
	if (t->due_ms) {
		LIST_REMOVE(t, link);
		t->due_ms = 0;
	}
}

/* Distance in slots from `from` (exclusive) to the next slot marked used, up to 256; 0 when there is none.
 * Marks are hints: a slot emptied by timer_stop() keeps its mark until it is visited. */
static unsigned next_used(const uint64_t *used, unsigned from)
{
	for (unsigned d = 1; d <= TIMER_SLOTS;) {
		unsigned slot = (from + d) & (TIMER_SLOTS - 1);
		uint64_t word = used[slot / 64] >> (slot % 64);
		if (word) {
			unsigned step = d + (unsigned)__builtin_ctzll(word);
			return step <= TIMER_SLOTS ? step : 0;
		}
		d += 64 - slot % 64;
	}
	return 0;
}

static void clear_mark(struct timer_wheel *w, unsigned level, unsigned slot)
{
	w->used[level][slot / 64] &= ~((uint64_t)1 << (slot % 64));
}

/* Moves the slot of a coarse level that begins now to finer levels. */
static void cascade(struct timer_wheel *w, unsigned level)
{
	unsigned slot = (w->now_ms >> (8 * level)) & (TIMER_SLOTS - 1);
	struct timer_slot waiting = LIST_HEAD_INITIALIZER(waiting);
	struct timer *t;

	clear_mark(w, level, slot);
	while ((t = LIST_FIRST(&w->slots[level][slot])) != NULL) {
		LIST_REMOVE(t, link);
		LIST_INSERT_HEAD(&waiting, t, link);
	}
	while ((t = LIST_FIRST(&waiting)) != NULL) {
		LIST_REMOVE(t, link);
		if (t->due_ms <= w->now_ms) {
			/* Due exactly now: into the fine slot that is about to fire. */
			unsigned fine = w->now_ms & (TIMER_SLOTS - 1);
			LIST_INSERT_HEAD(&w->slots[0][fine], t, link);
		} else {
			place(w, t);
		}
	}
}

/* The next moment after w->now_ms at which a slot must be visited. */
static uint64_t next_visit(const struct timer_wheel *w)
{
	uint64_t best = UINT64_MAX;

	for (unsigned level = 0; level < TIMER_LEVELS; level++) {
		uint64_t base = w->now_ms >> (8 * level);
		unsigned d = next_used(w->used[level], base & (TIMER_SLOTS - 1));
		if (d) {
			uint64_t at = (base + d) << (8 * level);
			if (at < best)
				best = at;
		}
	}
	return best;
}

static void fire_slot(struct timer_wheel *w)
{
	unsigned slot = w->now_ms & (TIMER_SLOTS - 1);
	struct timer *t;

	clear_mark(w, 0, slot);
	/* New timers always go to a later slot, so this ends. */
	while ((t = LIST_FIRST(&w->slots[0][slot])) != NULL) {
		LIST_REMOVE(t, link);
		t->due_ms = 0;
		t->fire(t);
	}
}

void timer_wheel_run(struct timer_wheel *w, uint64_t now_ms)
{
	while (w->now_ms < now_ms) {
		uint64_t at = next_visit(w);
		if (at > now_ms) {
			w->now_ms = now_ms;
			return;
		}
		w->now_ms = at;
		for (unsigned level = TIMER_LEVELS - 1; level > 0; level--) {
			if ((at & (((uint64_t)1 << (8 * level)) - 1)) == 0)
				cascade(w, level);
		}
		fire_slot(w);
	}
}

int timer_wheel_wait_ms(const struct timer_wheel *w, uint64_t now_ms)
{
	uint64_t at = next_visit(w);

	if (at == UINT64_MAX)
		return -1;
	if (at <= now_ms)
		return 0;
	return at - now_ms > 3600000 ? 3600000 : (int)(at - now_ms);
}
