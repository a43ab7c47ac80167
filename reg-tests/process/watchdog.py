# SPDX-License-Identifier: Apache-2.0
"""watchdog-after: a thread that is stuck, here in writing to a stderr that nobody reads, is reported with the place it is at, to
the log while it is stuck; and it is said when it goes on."""
import fcntl
import os
import socket
import subprocess
import sys

from _usher import PROGRAM, WAIT_S

with open(PROGRAM, 'rb') as program:
    if b'__tsan_init' in program.read(): # ThreadSanitizer keeps signals back from a thread that waits in write()
        sys.exit(77)
log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(('127.0.0.1', 0))
log.settimeout(WAIT_S)
with open('w.cfg', 'w') as f:
    f.write(f'''
global
    nbthread 2
    watchdog-after 200ms
    log 127.0.0.1:{log.getsockname()[1]} len 4096 format raw local0
    stats socket unix@w.sock level admin
backend b
    timeout connect 1s
    timeout server 1s
    server s 127.0.0.1:1
''')


def heard(word):
    while True:
        said = log.recv(65536).decode()
        if word in said:
            return said


reader, writer = os.pipe()
with subprocess.Popen([PROGRAM, '-f', 'w.cfg'], stdin=subprocess.DEVNULL, stdout=writer, stderr=writer) as usher:
    try:
        while True:
            assert usher.poll() is None, os.read(reader, 65536).decode()
            cli = socket.socket(socket.AF_UNIX)
            cli.settimeout(WAIT_S)
            try:
                cli.connect('w.sock')
                break
            except OSError:
                cli.close()
        # The pipe is filled to the last byte; what usher has to say of the server does not fit.
        flags = fcntl.fcntl(writer, fcntl.F_GETFL)
        fcntl.fcntl(writer, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        for size in (4096, 1):
            try:
                while True:
                    os.write(writer, b'.' * size)
            except BlockingIOError:
                pass
        fcntl.fcntl(writer, fcntl.F_SETFL, flags)
        cli.sendall(b'disable server b/s\n')
        said = heard('notice_say')
        assert ' is stuck: no turn of its loop for ' in said and ' < ' in said, said
        # Somebody reads again.
        fcntl.fcntl(reader, fcntl.F_SETFL, fcntl.fcntl(reader, fcntl.F_GETFL) | os.O_NONBLOCK)
        while True:
            try:
                os.read(reader, 65536)
            except BlockingIOError:
                pass
            log.settimeout(0.05)
            try:
                if 'turns again after' in log.recv(65536).decode():
                    break
            except socket.timeout:
                pass
        while cli.recv(4096):
            pass
    finally:
        usher.kill() # a thread that is stuck would not let it leave
