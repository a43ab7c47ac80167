/* SPDX-License-Identifier: Apache-2.0
 *
 * Deferred freeing for published objects: a schedule, map or address list is swapped by one
 * pointer, and the old one is freed once every thread has passed the top of its loop. Readers pay
 * nothing: what they borrowed is valid until their turn ends. Atomics; the retired list has a lock.
 */
#ifndef USHER_CORE_EPOCH_H
#define USHER_CORE_EPOCH_H

#define EPOCH_THREADS_MAX 256

/* Thread `thread` holds nothing borrowed: at the top of its turn, and while it sleeps. */
void epoch_pass(int thread);
void epoch_sleep(int thread);
/* Frees p with free_fn once no thread can hold it any more. Any thread. */
void epoch_retire(void *p, void (*free_fn)(void *));
/* Frees what can be freed (called by epoch_pass of thread 0); everything at once when `all` (no thread runs). */
void epoch_collect(_Bool all);

#endif
