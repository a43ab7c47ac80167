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

/* The state in which a call of it runs now. */
struct script_state *script_function_state(const struct script_function *fn);
/* Pushes it, in the frame's state. */
void script_function_push(lua_State *L, const struct script_function *fn, const struct script_frame *f);
/* For what makes descriptors: "lua.<name>", owned by the caller; the function of one that another thread's state made, and of a new
 * one, which is added to its registry. Lua errors. */
const char *script_function_keyword(const char *name);
struct script_function *script_function_again(lua_State *L, struct script_function *fn);
struct script_function *script_function_new(lua_State *L, struct registry *r, const void *item, struct script_function *fn, const char *file,
	int line);

/* The descriptor with this name, new or the one that another thread's state made; the caller puts its reference in. A Lua
 * error where one of this state has it already. */
struct script_function *script_function_fetch(lua_State *L, const char *name, const char *file, int line);
struct script_function *script_function_converter(lua_State *L, const char *name, const char *file, int line);
/* command.c: the arguments of core.register_cli are on the stack */
struct script_function *script_function_command(lua_State *L, const char *file, int line);
/* service.c */
struct script_function *script_function_service(lua_State *L, const char *name, bool http, const char *file, int line);
struct script_function *script_function_action(lua_State *L, const char *name, unsigned where, int args, const char *file, int line);

#endif
