# SPDX-License-Identifier: Apache-2.0
"""Clients that count: each connection that is made has to be served, whatever the processes behind it do."""
import os
import socket
import threading
import time

from _usher import WAIT_S


def reserve():
    """A port that is ours: bound, not listening; only processes of this user may share it."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(('127.0.0.1', 0))
    return s


def show_log():
    return open('log', errors='replace').read()


def await_true(what, check):
    until = time.monotonic() + WAIT_S
    while not check():
        assert time.monotonic() < until, what + '\n' + show_log()
        time.sleep(0.005)


class Load(threading.Thread):
    """One connection to an echo service after the other."""

    def __init__(self, family, address, may_refuse=False):
        super().__init__(daemon=True)
        self.family, self.address, self.may_refuse = family, address, may_refuse
        self.served = self.refused = 0
        self.faults = []
        self.over = False
        self.start()

    def run(self):
        while not self.over:
            with socket.socket(self.family) as s:
                s.settimeout(WAIT_S)
                try:
                    s.connect(self.address)
                except ConnectionRefusedError:
                    self.refused += 1
                    if not self.may_refuse:
                        self.faults.append('refused')
                    time.sleep(0.001)
                    continue
                except OSError as e:
                    # Where the kernel keeps socket filters for root, an address that goes away may reset a handshake.
                    if not self.may_refuse or os.geteuid() == 0 or not isinstance(e, ConnectionResetError):
                        self.faults.append(f'connect: {e}')
                    continue
                try:
                    for word in b'first', b'second':
                        s.sendall(word)
                        if s.recv(len(word)) != word:
                            self.faults.append('closed early')
                            break
                    else:
                        self.served += 1
                except OSError as e:
                    # Where a refusal is allowed, the queue of a socket that closes may be reset as well.
                    if not self.may_refuse:
                        self.faults.append(f'established: {e}')

    def check(self):
        """Waits until it was served some more."""
        before = self.served
        await_true(f'nothing served any more at {self.address}', lambda: self.served >= before + 20 or self.faults)
        assert not self.faults, (self.faults[:5], len(self.faults), show_log())

    def finish(self):
        self.over = True
        self.join(WAIT_S)
        assert not self.faults, self.faults[:5]
