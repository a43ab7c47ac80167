/* SPDX-License-Identifier: Apache-2.0
 *
 * What the runner of services asks of the applet, the object that their functions get.
 */
#ifndef USHER_LUA_APPLET_H
#define USHER_LUA_APPLET_H

#include "script.h"

struct answer_field;
struct cli;

/* Others: due_ms, or wake. */
enum { APPLET_FOR_OTHERS, APPLET_FOR_INPUT, APPLET_FOR_ROOM };

/* Of one run: a service's, in its stream's arena, or a command's. */
struct script_applet {
	int waits;        /* what a paused run waits for: APPLET_FOR_ */
	uint16_t status;
	struct cli *cli;  /* borrows: it speaks with an operator, whose payload it reads; NULL: with its stream's client */
	bool starting, started;
	bool silent;      /* HEAD, 204...: what it sends goes nowhere */
	bool closes;      /* it said Connection: close */
	struct slice reason;
	struct answer_field *fields, **last;
	uint64_t length;  /* HTTP_LENGTH_UNKNOWN, or what is still to be sent of it */
	size_t text_len;
};

/* The applet of a frame that has just begun, in its stream's memory; false: there is none. */
bool script_applet_begin(struct script_frame *f);
/* The object on the stack; a Lua error. */
void script_applet_push(lua_State *L, struct script_frame *f);
/* What its answer still needs when its function has ended; NULL: nothing. */
const char *script_applet_lacks(const struct script_frame *f);

#endif
