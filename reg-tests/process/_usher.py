# SPDX-License-Identifier: Apache-2.0
"""What the drivers share: starting the program under test on sockets that listen already, and origins to talk to.

    with Usher(CONFIG, sockets=['fe']) as usher:
        client = usher.connect('fe')

Every name of `sockets` is a TCP socket that listens on 127.0.0.1 and is inherited as fd@${name}. Nothing needs a port
number agreed on beforehand, and nothing sleeps: a socket that listens queues its clients until somebody accepts.
"""
import csv
import os
import random
import signal
import socket
import subprocess
import threading

PROGRAM = os.environ['HAPROXY_PROGRAM']
WAIT_S = 20


class Usher:
    def __init__(self, config, sockets=(), args=(), env=None):
        self.listening = {}
        self.env = dict(os.environ, **(env or {}))
        for name in sockets:
            s = socket.create_server(('127.0.0.1', 0), backlog=1024)
            self.listening[name] = s
            self.env[name] = str(s.fileno())
        with open('usher.cfg', 'w') as f:
            f.write(config)
        self.log_path = 'usher.log'
        self.args = list(args)

    def __enter__(self):
        with open(self.log_path, 'ab') as log:
            command = [PROGRAM, *os.environ.get('HAPROXY_ARGS', '').split(), *self.args, '-f', 'usher.cfg']
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env,
                                            pass_fds=[s.fileno() for s in self.listening.values()])
        return self

    def address(self, name):
        return self.listening[name].getsockname()

    def connect(self, name, **options):
        s = socket.create_connection(self.address(name), timeout=WAIT_S, **options)
        return s

    def say(self, command, to='cli'):
        """What the runtime socket of that name answers, without empty lines at its ends."""
        return ask_cli(self.address(to), command).strip('\n')

    def exchange(self, name, *parts, end=True):
        """Sends the parts one by one, each at once, then the end; returns what came back, nothing if that broke off."""
        with self.connect(name) as c:
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for part in parts:
                    c.sendall(part)
                if end:
                    c.shutdown(socket.SHUT_WR)
                return read_all(c)
            except OSError as error:
                assert not isinstance(error, TimeoutError), (name, parts)
                return b''

    def log(self):
        return open(self.log_path, errors='replace').read()

    def stop(self, how=signal.SIGTERM):
        """Ends the program; returns its exit status (negative: the signal)."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError('the program did not end\n' + self.log())

    def __exit__(self, kind, value, trace):
        status = self.stop()
        if kind is not None:
            print(self.log())
        elif status not in (0, -signal.SIGTERM, -signal.SIGINT, 128 + signal.SIGTERM, 128 + signal.SIGINT):
            print(self.log())
            raise AssertionError(f'exit status {status}')
        for s in self.listening.values():
            s.close()


class Origin:
    """A TCP server on 127.0.0.1; serve(socket) runs in a thread for every connection."""

    def __init__(self, serve):
        self.socket = socket.create_server(('127.0.0.1', 0), backlog=1024)
        self.port = self.socket.getsockname()[1]
        self.serve = serve
        self.count = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            self.count += 1
            client.settimeout(WAIT_S)
            threading.Thread(target=self.run, args=(client,), daemon=True).start()

    def run(self, client):
        with client:
            try:
                self.serve(client)
            except OSError:
                pass


class Deaf:
    """A server on 127.0.0.1 whose backlog is full: connections to it hang."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(('127.0.0.1', 0))
        self.socket.listen(0)
        self.port = self.socket.getsockname()[1]
        self.hogs = [socket.socket() for _ in range(4)]
        for hog in self.hogs:
            hog.setblocking(False)
            hog.connect_ex(self.socket.getsockname())


def ask_cli(address, *commands):
    """What the runtime socket answers; the address is a path, or one as Usher.address() gives."""
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as s:
        s.settimeout(WAIT_S)
        s.connect(address)
        s.sendall(';'.join(commands).encode() + b'\n')
        s.shutdown(socket.SHUT_WR)
        return read_all(s).decode()


def stat_rows(text):
    """The rows of `show stat`; a check that is under way just now (a star before its status) is not told."""
    rows = list(csv.DictReader(text.lstrip('# ').splitlines()))
    for row in rows:
        for column in ('check_status', 'agent_status'):
            row[column] = row[column].removeprefix('* ')
    return rows


def read_head(f):
    """A message's head as it came, its empty line included; None at the end of the connection."""
    head = b''
    while not head.endswith(b'\r\n\r\n'):
        line = f.readline()
        if not line:
            return None
        head += line
    return head


def read_head_lines(f):
    """The same as its lines, without their ends."""
    head = read_head(f)
    return head if head is None else head.split(b'\r\n')[:-2]


def free_ports(n=1, host='127.0.0.1'):
    """The first of n ports in a row that nobody listens on now. They lie below the range from which the kernel serves
    clients: under load, hardly any two neighbours of that range are free."""
    while True:
        first = random.randrange(10000, 30000)
        held = []
        try:
            for i in range(n):
                held.append(socket.create_server((host, first + i), family=socket.AF_INET6 if ':' in host else socket.AF_INET))
            return first
        except OSError:
            continue
        finally:
            for s in held:
                s.close()


def read_all(s):
    parts = []
    while True:
        part = s.recv(1 << 16)
        if not part:
            return b''.join(parts)
        parts.append(part)


def echo(client):
    while True:
        part = client.recv(1 << 16)
        if not part:
            return
        client.sendall(part)
