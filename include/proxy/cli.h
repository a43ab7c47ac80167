/* SPDX-License-Identifier: Apache-2.0
 *
 * A session of the runtime socket: lines in, answers out (manual: management guide, 9.3). It
 * knows no socket: the service feeds it bytes and takes its text, a test or a fuzzer does the same.
 * Each line holds commands separated by ';'; each answer ends in an empty line. Without `prompt`
 * the session ends behind its first line. One thread.
 */
#ifndef USHER_PROXY_CLI_H
#define USHER_PROXY_CLI_H

#include "base/strbuf.h"
#include "proxy/listener.h"

struct command;

#define CLI_WORDS_MAX 64
#define CLI_LINE_MAX 16000          /* bytes of one line */
#define CLI_PAYLOAD_MAX (1u << 20)  /* bytes of one payload */
#define CLI_PIECE 65536             /* about this much of an answer is made before it leaves */

enum cli_next {
	CLI_READ,  /* wants more input */
	CLI_WRITE, /* c->out holds text to send; call again once it is gone */
	CLI_SLEEP, /* a command waits for cli_wake() */
	CLI_END,   /* everything was said: close behind c->out */
};

/* What a session has switched on, for itself alone. */
#define CLI_EXPERT 1u
#define CLI_EXPERIMENTAL 2u

#define CLI_MAGIC 0x636c6921u
struct cli {
	uint32_t magic;
	enum cli_level level;
	bool prompt;                    /* interactive: goes on behind the first line, and says when it may */
	bool stays;                     /* goes on without a prompt */
	bool timed;                     /* the prompt tells how long the process has run */
	enum cli_severity severity;     /* what stands before messages */
	unsigned modes;                 /* CLI_EXPERT, CLI_EXPERIMENTAL */
	bool ending;                    /* nothing more is read or run */
	bool had_line;                  /* the first line came */
	/* For commands: the words behind the command's own, and the payload. Borrowed while the command runs. */
	const char *args[CLI_WORDS_MAX + 1];
	int arg_count;
	struct slice payload;
	void *state;                    /* the running command's own */
	bool interrupted;               /* the client said more, or its end, while the command runs */
	bool swallow;                   /* a command that ends now sets it: what the client said meanwhile is thrown away */
	struct strbuf out;              /* text not sent yet; commands add to it */
	uint32_t patience_ms;           /* a silent client is given up after so long */
	int give_to;                    /* the client's descriptor where `expose-fd listeners` lets it have others; else -1 */
	char relay_to[24];              /* in a master: "@..." that lines without one go to; "" is the master itself */
	/* the engine's own */
	const struct command *running;
	size_t said;                    /* bytes of the running command's answer so far */
	char last;                      /* the last of them */
	char *line;                     /* owns: the line being worked on, or NULL */
	char *rest;                     /* borrows from line: commands still to be run; NULL: none */
	char *words_memory;             /* owns: what args point into */
	struct strbuf payload_text;
	char *payload_end;              /* owns: the line that ends the payload being read, or NULL */
	char *payload_command;          /* owns: what it is for */
	void (*wake)(void *owner);
	void *owner;                    /* borrows: the stream */
};

/* This process is a master: its sessions have its commands, and "@<worker> <command>" is handed whole to the command "@"
 * as its one argument. Set before there is a session. */
extern bool cli_is_master;

/* A fresh session; wake(owner) is called on its thread when cli_run() should be called. NULL: memory is out. */
struct cli *cli_new(enum cli_level level, void (*wake)(void *owner), void *owner);
/* Ends a running command and frees everything. */
void cli_free(struct cli **c);
/* Works on `in` as far as it goes; `ended`: no more will come. *used says how many bytes of it are done with. */
enum cli_next cli_run(struct cli *c, struct slice in, bool ended, size_t *used);
/* For commands that wait: continues them. Same thread. */
void cli_wake(struct cli *c);

/* For commands: what is added next is a message of this kind (syslog's numbers), not data; sessions may ask to be told. */
enum cli_grade { CLI_ERROR = 3, CLI_WARNING = 4, CLI_INFORMATION = 6 };
void cli_grade(struct cli *c, enum cli_grade grade);
/* "none", "number" or "string"; false: none of them. */
bool cli_severity_find(const char *word, enum cli_severity *out);
/* For commands: adds a line (its newline is appended) to the answer; returns false, so that start() can return it. */
bool cli_refuse(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* True when the level suffices; else the answer says "Permission denied". */
bool cli_allows(struct cli *c, enum cli_level level);
const char *cli_level_name(enum cli_level level);
/* Lowers the level; the modes, which admins alone may have, end. */
void cli_lower(struct cli *c, enum cli_level level);
/* "experimental": what refusals and answers call a mode. */
const char *cli_mode_name(unsigned mode);

#endif
