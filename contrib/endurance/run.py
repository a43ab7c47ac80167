#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mixed load at full speed for as long as you like; every answer is proved, and at the end nothing may be left over.

usage: contrib/endurance/run.py [--minutes 60] [--program ./usher] [--threads 2] [--reload-every 5] [--share 100] [--phases 8]
       [--tls] [--lua load | load-per-thread]

Keep-alive, new connections, bodies by length and by chunks both ways, echoes while they flow, 8 MB bodies, pipelining,
websockets, tcp with PROXY headers, slow clients and servers, idle clients, clients that go away, servers that do; rules,
captures, logs, queues, checks, six balancing algorithms; commands on the runtime socket all the while. load.c says what
clients do, origin.c what servers do: both prove every byte.

Four fifths of the time one worker runs undisturbed, in phases; after each the clients have gone, and then the gauges of
`show stat` must be zero, `show sess` empty, the sockets those of the beginning, and requests, statuses, bytes and log
lines counted by the program exactly those the clients counted. Memory may not grow from phase to phase. In the last
fifth the program is reloaded again and again under the same load: no request may be lost, and old workers must leave.
With --tls the program reaches the servers through itself: TLS to servers and TLS with clients, and a PROXY header before it.
With --lua scripts (hooks.lua) do a part of the rules, and a service of theirs is asked beside.
Loopback only; it takes all processors. Not part of make check.
"""
import argparse, collections, csv, io, json, os, re, shutil, signal, socket, subprocess, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WAIT_S = 60
MAY_GROW = 4 << 20  # what allocators and caches may still take after the warm-up

CONFIG = '''
global
    nbthread {threads}
    maxconn 4000
    hard-stop-after 45s
    stats socket {work}/cli level admin
    log {work}/log local0 info
defaults
    mode http
    option redispatch
    retries 3
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    timeout queue 60s
    timeout tunnel 60s
    timeout http-request 60s
    timeout http-keep-alive 60s
frontend web
    bind 127.0.0.1:{web}
    log global
    option httplog
    option forwardfor
    capture request header Host len 20
    capture request header User-Agent len 20
    capture response header X-Tag len 24
    acl few hdr(cookie) -m sub id=
    acl odd path_end 1 3 5 7 9
    http-request set-var(txn.tag) path,field(4,/)
    http-request set-header X-Rule %[var(txn.tag)]
    http-request del-header X-Drop
    http-request add-header X-Odd yes if odd few
    http-request deny if {{ req.fhdr(x-drop) -m found }}
    http-request set-header X-Long %[path,lower,sha1,hex] if odd
    http-response set-header X-Web %[var(txn.tag)]
    http-response del-header Server if odd
    use_backend %[path,field(2,/)]
frontend broken
    bind 127.0.0.1:{broken}
    http-request set-header X-Rule %[path,field(4,/)]
    use_backend %[path,field(2,/)]
backend rr
    balance roundrobin
    http-reuse always
    server a 127.0.0.1:{http} check inter 500ms
    server b 127.0.0.1:{http} weight 7
backend least
    balance leastconn
    server a 127.0.0.1:{http} weight 10
    server b 127.0.0.1:{http} weight 3 check inter 700ms
backend hash
    balance uri
    hash-type consistent
    server a 127.0.0.1:{http}
    server b 127.0.0.1:{http}
backend random
    balance random
    http-reuse aggressive
    server a 127.0.0.1:{http}
    server b 127.0.0.1:{http}
backend narrow
    server a 127.0.0.1:{http} maxconn 6
    server b 127.0.0.1:{http} maxconn 3
backend fresh
    option http-server-close
    balance source
    server a 127.0.0.1:{http}
    server b 127.0.0.1:{http}
listen plain
    mode tcp
    bind 127.0.0.1:{plain}
    server headed 127.0.0.1:{headed} send-proxy-v2
listen headed
    mode tcp
    bind 127.0.0.1:{headed} accept-proxy
    tcp-request content accept if {{ src 192.0.2.0/24 127.0.0.0/8 }}
    tcp-request content reject
    server echo 127.0.0.1:{echo}
'''
COMMANDS = ['show stat', 'show info', 'show sess', 'show sess all', 'show servers state', 'show stat typed',
            'set weight rr/b 1', 'set weight rr/b 200', 'set weight least/a 50%', 'set weight hash/a 20', 'set weight hash/a 100%',
            'disable server random/a', 'enable server random/a', 'set server least/b state drain', 'set server least/b state ready',
            'disable server narrow/b', 'enable server narrow/b', 'set server fresh/a state maint', 'set server fresh/a state ready']
# Every way to a server leads through one of these.
SECURED = '''
listen secured
    mode tcp
    bind 127.0.0.1:{secured} ssl crt {work}/cert.pem
    server http 127.0.0.1:{http}
listen secured-headed
    mode tcp
    bind 127.0.0.1:{secured_headed} accept-proxy ssl crt {work}/cert.pem
    server headed 127.0.0.1:{headed} send-proxy-v2
'''
# What scripts do instead, in the shared state or in one for each thread.
IN_LUA = (('http-request set-var(txn.tag) path,field(4,/)', 'http-request lua.rule'), ('    http-request set-header X-Rule %[var(txn.tag)]\n', ''),
          ('%[path,lower,sha1,hex]', '%[lua.digest]'), ('http-response set-header X-Web %[var(txn.tag)]', 'http-response lua.web'),
          ('http-request set-header X-Rule %[path,field(4,/)]', 'http-request set-header X-Rule %[path,lua.fourth]'))
SERVICE = '''
frontend service
    bind 127.0.0.1:{service}
    http-request use-service lua.about
'''
PORTS = ['service', 'web', 'broken', 'plain', 'headed', 'http', 'echo', 'secured', 'secured_headed']


def over_tls(config):
    config = config.replace('127.0.0.1:{http}', '127.0.0.1:{secured} ssl verify none')
    config = config.replace('127.0.0.1:{headed} send-proxy-v2', '127.0.0.1:{secured_headed} ssl verify none send-proxy-v2')
    return config + SECURED


def by_scripts(config, how):
    for rule, hook in IN_LUA:
        assert rule in config
        config = config.replace(rule, hook)
    return config.replace('global\n', f'global\n    lua-{how} {HERE}/hooks.lua\n    tune.lua.maxmem 256\n', 1) + SERVICE


def hold_ports():
    """Ports of our own: bound for good, not listening; processes of this user may share them, others not."""
    held = {}
    for name in PORTS:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        s.bind(('127.0.0.1', 0))
        held[name] = s
    return held


def ask(command):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(WAIT_S)
        s.connect('cli')
        s.sendall(command.encode() + b'\n')
        s.shutdown(socket.SHUT_WR)
        text = b''
        while part := s.recv(1 << 16):
            text += part
    return text.decode()


def info():
    return dict(line.split(': ', 1) for line in ask('show info').splitlines() if ': ' in line)


def stat():
    return {(r['pxname'], r['svname']): r for r in csv.DictReader(io.StringIO(ask('show stat').lstrip('# ')))}


def resident(pid):
    return next(int(line.split()[1]) for line in open(f'/proc/{pid}/status') if line.startswith('VmRSS')) * 1024


def descriptors(pid):
    kinds = collections.Counter()
    for fd in os.listdir(f'/proc/{pid}/fd'):
        try:
            kinds[os.readlink(f'/proc/{pid}/fd/{fd}').split(':')[0]] += 1
        except FileNotFoundError:
            pass
    return kinds


def children(pid):
    return [int(c) for c in open(f'/proc/{pid}/task/{pid}/children').read().split()]


class Endurance:
    def __init__(self, options, work):
        self.o, self.work = options, work
        self.faults, self.grown, self.held, self.storms = [], [], hold_ports(), False
        self.port = {name: s.getsockname()[1] for name, s in self.held.items()}
        for name in ('load', 'origin'):
            subprocess.run([os.environ.get('CC', 'cc'), '-O2', '-o', name, os.path.join(HERE, name + '.c')], check=True)
        self.log = open('log.stderr', 'ab')
        if options.tls:
            subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj',
                            '/CN=localhost', '-keyout', 'key.pem', '-out', 'cert.pem'], check=True, capture_output=True)
            with open('cert.pem', 'a') as f:
                f.write(open('key.pem').read())

    def fault(self, text):
        print('fault:', text, flush=True)
        self.faults.append(text)

    def configure(self, threads):
        config = over_tls(CONFIG) if self.o.tls else CONFIG
        with open('usher.cfg.new', 'w') as f:
            f.write((by_scripts(config, self.o.lua) if self.o.lua else config).format(threads=threads, work=self.work, **self.port))
        os.rename('usher.cfg.new', 'usher.cfg')

    def await_ready(self):
        while True:
            said = self.notify.recv(4096)
            if b'READY=1' in said and b'RELOADING' not in said:
                return

    def start(self):
        p = self.port
        self.origin = subprocess.Popen(['./origin', '-h', str(p['http']), '-e', str(p['echo']), '-l', 'log'], stdout=subprocess.PIPE, stderr=self.log)
        self.origin.stdout.readline()
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind('notify.sock')
        self.notify.settimeout(WAIT_S)
        self.configure(self.o.threads)
        self.master = subprocess.Popen([os.path.abspath(self.o.program), '-Ws', '-f', 'usher.cfg'], stdin=subprocess.DEVNULL, stdout=self.log,
                                       stderr=self.log, env=dict(os.environ, NOTIFY_SOCKET='notify.sock'))
        self.await_ready()
        self.worker = int(info()['Pid'])

    def origin_counts(self):
        with socket.create_connection(('127.0.0.1', self.port['http']), timeout=WAIT_S) as s:
            s.sendall(b'GET /counts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
            text = b''
            while b'}' not in text:
                text += s.recv(4096)
        return json.loads(text.partition(b'\r\n\r\n')[2])

    def load(self, seconds, *more):
        p = self.port
        return subprocess.Popen(['./load', '-w', str(p['web']), '-b', str(p['broken']), '-p', str(p['plain']), '-x', str(p['headed']),
                                 '-d', str(seconds), '-s', str(self.o.share), *more], stdout=subprocess.PIPE, stderr=self.log, text=True)

    def judge(self, counts):
        for what in ('lost', 'stuck', 'wrong', 'refused'):
            if counts[what]:
                self.fault(f'clients: {counts[what]} {what}')

    # ---- when the clients have gone ----

    def left_over(self):
        left = []
        sessions = [line for line in ask('show sess').splitlines() if line and ' fe=GLOBAL ' not in line and 'proto=unix' not in line]
        if sessions:
            left.append(f'{len(sessions)} sessions: {sessions[0][:300]}')
        for (px, sv), row in stat().items():
            left += [f'{px}/{sv} {gauge} {row[gauge]}' for gauge in ('scur', 'qcur', 'srv_icur') if row.get(gauge) not in ('', '0', None)]
        now = descriptors(self.worker)
        if now['socket'] > self.sockets + 2:  # a check may be under way
            left.append(f"{now['socket']} sockets, {self.sockets} at first")
        return left

    def settle(self):
        until = time.monotonic() + WAIT_S
        while (left := self.left_over()) and time.monotonic() < until:
            time.sleep(0.25)
        for what in left:
            self.fault('left over: ' + what)

    def snapshot(self):
        web, origin = stat()['web', 'FRONTEND'], self.origin_counts()
        taken = {name: int(web[name] or 0) for name in ('req_tot', 'hrsp_2xx', 'hrsp_3xx', 'hrsp_5xx', 'bin', 'bout')}
        return taken | {'logs': origin['logs_web'] + int(info()['DroppedLogs']), 'faults': origin['faults'], 'fault': origin['fault']}

    def compare(self, before, counts):
        after = self.snapshot()
        until = time.monotonic() + 5
        while after['logs'] - before['logs'] < counts['done'] and time.monotonic() < until:
            time.sleep(0.1)
            after = self.snapshot()
        for ours, theirs in (('req_tot', 'done'), ('logs', 'done'), ('hrsp_2xx', '2xx'), ('hrsp_3xx', '3xx'), ('hrsp_5xx', '5xx'),
                             ('bin', 'web_in'), ('bout', 'web_out')):
            if after[ours] - before[ours] != counts[theirs]:
                self.fault(f'{ours} grew by {after[ours] - before[ours]}, the clients counted {counts[theirs]}')
        if after['faults'] != before['faults']:
            self.fault(f"servers: {after['faults'] - before['faults']} faults, the first: {after['fault']}")

    # ---- phases ----

    def ask_service(self, n):
        """So many requests in one piece."""
        with socket.create_connection(('127.0.0.1', self.port['service']), timeout=WAIT_S) as s:
            s.sendall(b'POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde' % n * n + b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
            text = b''
            while part := s.recv(1 << 16):
                text += part
        told = text.count(b'POST /%d 127.0.0.1 5' % n)
        if told != n and not self.storms:
            self.fault(f'the service answered {told} of {n} requests')

    def bother(self, process):
        """Commands and samples while the clients are at work; the highest memory and number of descriptors."""
        most, files, n = 0, 0, 0
        while process.poll() is None:
            if self.master.poll() is not None:
                process.terminate()
                break
            try:
                if self.o.lua:
                    self.ask_service(100)
                ask(COMMANDS[n % len(COMMANDS)])
                most, files = max(most, resident(self.worker)), max(files, sum(descriptors(self.worker).values()))
            except (OSError, StopIteration):
                pass
            n += 1
            time.sleep(0.2)
        for command in ('enable server random/a', 'set server least/b state ready', 'enable server narrow/b', 'set server fresh/a state ready'):
            ask(command)
        return most, files

    def steady(self, number, seconds):
        before = self.snapshot()
        clients = self.load(seconds)
        most, files = self.bother(clients)
        counts = json.loads(clients.communicate(timeout=WAIT_S)[0])
        self.judge(counts)
        self.settle()
        self.compare(before, counts)
        rss = resident(self.worker)
        self.grown.append(rss)
        print(f"phase {number}: {counts['seconds']:.0f} s, {counts['done']} answers ({counts['done'] / counts['seconds']:.0f}/s), "
              f"{(counts['web_in'] + counts['web_out']) / 2**30:.2f} GiB, {counts['connections']} connections, {counts['tunnels']} tunnels, "
              f"{counts['aborted']} aborted; memory {rss / 2**20:.1f} MiB after ({int(info()['PoolUsed_bytes']) / 2**20:.2f} allocated), "
              f"{most / 2**20:.1f} at most; {files} descriptors at most", flush=True)
        if int(info()['Pid']) != self.worker:
            self.fault('the worker is another one')

    def stormy(self, seconds):
        self.storms = True
        clients = self.load(seconds, '-r')
        sampler = threading.Thread(target=self.bother, args=(clients,))
        sampler.start()
        reloads, end = 0, time.monotonic() + seconds
        while time.monotonic() + self.o.reload_every < end and clients.poll() is None:
            time.sleep(self.o.reload_every)
            self.configure(self.o.threads + reloads % 3)
            self.master.send_signal(signal.SIGUSR2)
            self.await_ready()
            self.worker = int(info()['Pid'])
            reloads += 1
        sampler.join()
        counts = json.loads(clients.communicate(timeout=WAIT_S)[0])
        self.judge(counts)
        until = time.monotonic() + WAIT_S
        while len(children(self.master.pid)) > 1 and time.monotonic() < until:
            time.sleep(0.1)
        if len(children(self.master.pid)) != 1:
            self.fault(f'{len(children(self.master.pid))} workers remain')
        print(f"reloads: {reloads} in {counts['seconds']:.0f} s, {counts['done']} answers, {counts['tunnels']} tunnels; closed under a request that "
              f"was not the first: {counts['raced']}, pipelined behind an announced end: {counts['behind_close']}", flush=True)

    def grew(self):
        """Memory after the second phase against the last; a sanitizer keeps what was freed."""
        if len(self.grown) >= 3 and b'__asan_init' not in open(self.o.program, 'rb').read():
            growth = self.grown[-1] - self.grown[1]
            print(f'memory after the phases, MiB: {" ".join(f"{g / 2**20:.1f}" for g in self.grown)}')
            if growth > MAY_GROW:
                self.fault(f'memory grew by {growth} bytes')

    def run(self):
        seconds, phases = self.o.minutes * 60, self.o.phases
        self.start()
        self.sockets = descriptors(self.worker)['socket']
        try:
            for number in range(phases):
                self.steady(number + 1, seconds * 0.8 / phases)
            self.grew()
            if self.o.reload_every:
                self.stormy(seconds * 0.2)
        except BaseException:
            print(open('log.stderr', errors='replace').read()[-5000:])
            raise
        finally:
            if self.master.poll() is not None:
                self.fault(f'the master ended with {self.master.returncode}')
            else:
                self.master.terminate()
                if self.master.wait(WAIT_S) not in (0, 128 + signal.SIGTERM, -signal.SIGTERM):
                    self.fault(f'the master ended with {self.master.returncode}')
            self.origin.terminate()
            self.origin.wait(WAIT_S)
        said = open('log.stderr', errors='replace').read()
        if re.search(r'Sanitizer|runtime error|ASSERT|assertion', said):
            self.fault('see the log')
        if self.faults:
            print(said[-20000:])
        print('endurance:', f'{len(self.faults)} faults' if self.faults else 'nothing lost, nothing stuck, nothing left over')
        return 1 if self.faults else 0


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--minutes', type=float, default=60)
    p.add_argument('--program', default=os.path.join(ROOT, 'usher'))
    p.add_argument('--threads', type=int, default=2)
    p.add_argument('--share', type=float, default=100, help='per cent of the usual number of connections')
    p.add_argument('--phases', type=int, default=8)
    p.add_argument('--reload-every', type=float, default=5, help='seconds; 0: no reloads')
    p.add_argument('--tls', action='store_true', help='TLS on every way to a server')
    p.add_argument('--lua', choices=['load', 'load-per-thread'], help='scripts in the place of rules')
    options = p.parse_args()
    options.program = os.path.abspath(options.program)
    work = tempfile.mkdtemp(prefix='usher-endurance.')
    os.chdir(work)
    try:
        return Endurance(options, work).run()
    finally:
        os.chdir('/')
        shutil.rmtree(work, ignore_errors=True)


sys.exit(main())
