/* SPDX-License-Identifier: Apache-2.0
 *
 * Health checks by a program (`option external-check`): what it is told, and what its end says of the server.
 * Frozen after boot but for what a check holds of its own; the check's thread.
 */
#ifndef USHER_PROXY_CHECK_PROGRAM_H
#define USHER_PROXY_CHECK_PROGRAM_H

#include "core/child.h"
#include "proxy/check_status.h"

struct check;
struct proxy;

struct check_program {
	const char *command; /* borrows, for ever */
	const char *path;    /* borrows, for ever: PATH; "": none */
	char *addr;          /* owned for ever: the proxy's first address, NULL: it has none */
	char *port;          /* owned for ever: its port; NULL: it has none */
};

/* Start-up: the proxy's first address, which the program is told. */
void check_program_set_address(struct check_program *p, const struct proxy *px);
/* Begins it for a round of c, which holds it in c->program; ended(c) comes once. False: r says why it was not begun. */
bool check_program_begin(struct check *c, const struct check_program *p, void (*ended)(void *check, const struct child_end *end),
	struct check_report *r);
/* What its end says. */
void check_program_judge(const struct child_end *end, struct check_report *r);

#endif
