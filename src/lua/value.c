/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples as Lua values and back. A boolean sample is 1 or 0, as scripts for HAProxy know it. One thread.
 */
#include "script.h"

#include <math.h>
#include "rule/value.h"

void script_push_value(lua_State *L, const struct value *v, struct arena *arena)
{
	struct slice text;

	if (v->type == VALUE_BOOL || v->type == VALUE_INT)
		lua_pushinteger(L, v->num);
	else if (v->type == VALUE_STR || v->type == VALUE_BIN || v->type == VALUE_METHOD)
		script_push_slice(L, v->bytes);
	else if (value_text(v, arena, &text))
		script_push_slice(L, text);
	else
		lua_pushnil(L);
}

bool script_take_value(lua_State *L, int index, struct value *out)
{
	switch (lua_type(L, index)) {
	case LUA_TBOOLEAN:
		*out = value_bool(lua_toboolean(L, index));
		return true;
	case LUA_TNUMBER:
		if (lua_isinteger(L, index))
			*out = value_int(lua_tointeger(L, index));
		else if (fabs(lua_tonumber(L, index)) < 0x1p63)
			*out = value_int((int64_t)lua_tonumber(L, index));
		else
			return false; /* infinite, or no number at all */
		return true;
	case LUA_TSTRING:
		*out = value_str(script_slice(L, index));
		return true;
	default:
		return false;
	}
}

bool script_keep_value(lua_State *L, int index, struct eval *ev, struct value *out)
{
	if (!script_take_value(L, index, out) || !value_cast(out, VALUE_STR, ev->arena))
		return false;
	out->bytes = arena_copy(ev->arena, out->bytes);
	return out->bytes.ptr != NULL;
}
