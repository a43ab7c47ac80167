/* SPDX-License-Identifier: Apache-2.0
 *
 * Telling systemd what becomes of us (sd_notify's datagrams to NOTIFY_SOCKET). One thread.
 */
#ifndef USHER_MAIN_NOTIFY_H
#define USHER_MAIN_NOTIFY_H

/* Sends lines such as "READY=1\nSTATUS=Ready."; nothing happens without NOTIFY_SOCKET. */
void notify_send(const char *lines);
/* RELOADING=1 with the moment systemd asks for. */
void notify_reloading(void);

/* How often systemd wants to hear WATCHDOG=1 from this process, in milliseconds; 0: never. */
unsigned notify_watchdog_ms(void);

#endif
