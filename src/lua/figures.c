/* SPDX-License-Identifier: Apache-2.0
 *
 * Figures as tables: core.get_info(), as `show info`, and the rows of `show stat` for the objects of the configuration. What
 * has no meaning is not there. Any thread that holds the state.
 */
#include "script.h"

#include "proxy/info.h"

/* Into the table on top of the stack. */
static void set_value(lua_State *L, const struct stats_field *field, struct stats_value v)
{
	if (v.type == STATS_NONE)
		return;
	if (v.type == STATS_STR)
		lua_pushstring(L, v.s);
	else
		lua_pushinteger(L, v.i);
	lua_setfield(L, -2, field->name);
}

void script_push_stats(lua_State *L, const struct stats_row *row)
{
	lua_createtable(L, 0, STATS_COLUMN_COUNT);
	for (enum stats_column c = 0; c < STATS_COLUMN_COUNT; c++)
		set_value(L, &stats_columns[c], stats_value_of(row, c));
}

static int get_info(lua_State *L)
{
	struct info info;

	script_running(L);
	info_fill(&info);
	lua_createtable(L, 0, INFO_FIELD_COUNT);
	for (int f = 0; f < INFO_FIELD_COUNT; f++)
		set_value(L, &info_fields[f], info.values[f]);
	return 1;
}

void script_open_figures(lua_State *L)
{
	lua_pushcfunction(L, get_info);
	lua_setfield(L, -2, "get_info");
}
