/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions of scripts that the rule language knows. Made while scripts are loaded, frozen after.
 */
#ifndef USHER_LUA_FUNCTION_H
#define USHER_LUA_FUNCTION_H

#include "script.h"

struct script_function {
	const char *name;            /* "lua.limit"; owned by its descriptor, for ever */
	bool shared;                 /* of the shared state; else each thread's has its own */
	int refs[THREADS_MAX + 1];   /* in the registry of each state; 0: it is not there */
};

/* The descriptor with this name, new or the one that another thread's state made; the caller puts its reference in. A Lua
 * error where one of this state has it already. */
struct script_function *script_function_fetch(lua_State *L, const char *name, const char *file, int line);
struct script_function *script_function_converter(lua_State *L, const char *name, const char *file, int line);
struct script_function *script_function_action(lua_State *L, const char *name, unsigned where, int args, const char *file, int line);

#endif
