/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the Channel class share: which stream and which side of it an object is of, and who may do what. One thread.
 */
#ifndef USHER_LUA_CHANNEL_SIDE_H
#define USHER_LUA_CHANNEL_SIDE_H

#include "script.h"

#include "proxy/channel.h"

struct channel_side {
	struct script_frame *frame;
	struct stream *stream;
	bool response;
};

/* Of the Channel at index 1; or a Lua error. The others besides: its bytes may be read here (tcp mode, the side at hand), and
 * changed (by an action). */
struct channel_side channel_side_of(lua_State *L);
struct channel_side channel_side_reading(lua_State *L);
struct channel_side channel_side_editing(lua_State *L);
/* Whether the function may wait at all; and for more input: it has not ended, the rules still wait, and there is room. */
bool channel_side_can_yield(lua_State *L, const struct channel_side *s);
bool channel_side_can_wait(lua_State *L, const struct channel_side *s);
/* Takes so many bytes of input out, as far as they are there. */
void channel_side_cut(struct channel_side *s, size_t at, size_t n);

/* channel_edit.c: adds what changes and sends to the methods on top of the stack. */
void channel_edit_add(lua_State *L);

#endif
