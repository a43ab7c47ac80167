# SPDX-License-Identifier: Apache-2.0
"""Who else has a say in a server's health: agents, the server it tracks, its traffic; and what follows when it changes.
Waits for lines of the log, which are HAProxy 2.6's."""
# tsan
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'process'))
from _usher import WAIT_S, Origin, Usher, ask_cli, read_head, stat_rows  # noqa: E402

agent_says = b'up 50%\n'
web_says = b'200 OK'
held = threading.Event()
asked = threading.Semaphore(0)


def agent(s):
    says = agent_says
    s.sendall(says)
    if says.endswith(b'\r'):  # the end of the line is one, whoever goes on holding the connection
        s.recv(100)


def agent_spoken_to(s):
    if s.recv(5, socket.MSG_WAITALL) == b'hello':
        agent(s)


def web(s):
    f = s.makefile('rb')
    while True:
        head = read_head(f)
        if head is None:
            return
        if b'/held ' in head:
            asked.release()
            held.wait(WAIT_S)
        if b'/tell ' in head or b'/brink ' in head:
            s.sendall(b'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n')
            continue
        s.sendall(b'HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n' % web_says)


log_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
log_socket.bind(('127.0.0.1', 0))
log_socket.settimeout(WAIT_S)
agent_origin, hello_origin, web_origin = Origin(agent), Origin(agent_spoken_to), Origin(web)
seen = []
mark = 0  # lines before it have been waited for, or passed over


def logged(*texts):
    """Awaits a line for each text, in whatever order threads write them; returns the lines. Once all are there the next
    call looks behind the last of them."""
    global mark
    found = {}
    while True:
        for at in range(mark, len(seen)):
            for text in texts:
                if text in seen[at]:
                    found.setdefault(text, at)
        if len(found) == len(texts):
            mark = max(found.values()) + 1
            return [seen[found[text]] for text in texts]
        line = log_socket.recv(9000).decode().rstrip('\n')
        seen.append(line[line.index(']: ') + 3:])


CONFIG = f'''
global
    stats socket "fd@${{cli}}" level admin
    log 127.0.0.1:{log_socket.getsockname()[1]} local0
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    # However slow the machine is: who answers at all has answered in time.
    timeout check 20s
    log global
    option log-health-checks
frontend f
    bind "fd@${{fe}}"
    option httplog
    use_backend %[path,field(2,/)]
    default_backend web
backend web
    option httpchk
    server s 127.0.0.1:{web_origin.port} check inter 200ms rise 2 fall 2 on-marked-down shutdown-sessions
backend trackers
    server t 127.0.0.1:{web_origin.port} track web/s
    server chain 127.0.0.1:{web_origin.port} track t
backend agents
    server a 127.0.0.1:{web_origin.port} weight 40 agent-check agent-port {agent_origin.port} agent-inter 200ms
    server b 127.0.0.1:{web_origin.port} weight 40 agent-check agent-addr 127.0.0.1 agent-port {hello_origin.port} agent-inter 200ms agent-send hello
    server off 127.0.0.1:{web_origin.port} agent-check agent-port 1 no-agent-check
backend tell
    default-server check inter 600s
    server fails 127.0.0.1:{web_origin.port} observe layer7 error-limit 3 on-error mark-down
backend brink
    default-server check inter 600s
    server fails 127.0.0.1:{web_origin.port} observe layer7 error-limit 2 on-error sudden-death init-state fully-up
backend failcheck
    server fails 127.0.0.1:1 observe layer4 error-limit 2 check inter 600s fastinter 20s port {web_origin.port} fall 2 init-state fully-up
backend soon
    server fails 127.0.0.1:1 observe layer4 error-limit 1 on-error fastinter check inter 600s fastinter 20ms port {web_origin.port}
backend begins
    default-server check inter 600s
    server down 127.0.0.1:{web_origin.port} init-state down rise 3
    server fully 127.0.0.1:{web_origin.port} init-state fully-down rise 3
    server up 127.0.0.1:{web_origin.port} init-state up rise 3
backend spare
    server main 127.0.0.1:{web_origin.port} on-marked-up shutdown-backup-sessions
    server spare 127.0.0.1:{web_origin.port} backup
backend slow
    server s 127.0.0.1:{web_origin.port} weight 100 maxconn 200 slowstart 600s
    server quick 127.0.0.1:{web_origin.port} weight 100
'''

with Usher(CONFIG, sockets=['fe', 'cli']) as usher:
    def cli(command):
        return ask_cli(usher.address('cli'), command)

    def stat(backend, server):
        return next(r for r in stat_rows(cli('show stat')) if r['pxname'] == backend and r['svname'] == server)

    def get(path):
        c = usher.connect('fe')
        c.sendall(b'GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n' % path.encode())
        return c

    def status(path):
        with get(path) as c:
            return int(c.makefile('rb').readline().split()[1])

    def stat_until(backend, server, field, value):
        while True:
            row = stat(backend, server)
            if row[field] == value:
                return row

    # init-state, after the first round of each; the next is far away.
    logged('Health check for server begins/fully succeeded', 'Health check for server begins/down succeeded',
           'Agent check for server agents/b succeeded')
    assert stat('begins', 'fully')['status'] == 'DOWN 1/3'
    assert stat('begins', 'down')['status'] == 'UP'
    assert stat('begins', 'up')['status'].startswith('UP')

    # Agents: weight, state, admin, limits.
    row = stat_until('agents', 'b', 'agent_status', 'L7OK')
    assert row['weight'] == '20' and row['status'] == 'no check', row
    assert row['last_agt'] == 'via agent : up' and row['agent_health'] == '1', row
    agent_says = b'down #gone fishing\n'
    logged('Agent check for server agents/a failed, reason: Layer7 wrong status, code: 0, info: "via agent : down (gone fishing)", check',
           'Server agents/a is DOWN.')
    assert stat('agents', 'a')['status'] == 'DOWN (agent)'
    agent_says = b'up, 75%, maxconn:30\r\n'
    logged('Server agents/a is UP.')
    row = stat('agents', 'a')
    assert row['weight'] == '30' and row['slim'] == '30', row
    # Whatever their case; what follows the state and is no order is its reason, which cannot end its quotes in the log.
    agent_says = b'Stopped 50% out for "lunch\n'
    logged('Agent check for server agents/a failed, reason: Layer7 wrong status, code: 0, info: "via agent : Stopped (out for #22lunch)", check',
           'Server agents/a is DOWN.')
    agent_says = b'UP,MAXCONN:20\n'
    logged('Server agents/a is UP.')
    row = stat('agents', 'a')
    assert row['weight'] == '20' and row['slim'] == '20', row
    agent_says = b'up, 75%, maxconn:30\r\n'
    stat_until('agents', 'a', 'slim', '30')
    agent_says = b'drain\n'
    logged('Server agents/a enters drain state')
    assert stat('agents', 'a')['status'] == 'DRAIN (agent)'
    agent_says = b'maint\n'
    logged('Server agents/a is going DOWN for maintenance')
    # It is an agent (16), made (2), enabled (4), perhaps at work (1), and not paused (8): its next word ends the maintenance.
    assert next(r.split()[14] for r in cli('show servers state agents').splitlines() if ' a ' in r) in ('22', '23')
    agent_says = b'ready up 100%\n'
    logged('Server agents/a is UP/READY (leaving forced maintenance).')
    agent_says = b'nonsense\n'
    row = stat_until('agents', 'a', 'last_agt', 'agent reports an error : nonsense')
    assert row['agent_status'] == 'CHECKED' and row['status'] == 'no check', row
    # Lines that are cut off, or would have to be, order nothing; a carriage return alone ends one.
    for agent_says, said in [(b'drain maxconn:3', 'Ignoring incomplete line from agent'), (b'drain ' + b'x' * 60000, 'Ignoring incomplete line from agent'),
                             (b'', 'Empty answer from agent'), (b'drain\0\n', 'Ignoring a line from agent that is no text'),
                             (b'up ' * 50 + b'drain\n', 'Ignoring a line from agent that is too long')]:
        row = stat_until('agents', 'a', 'last_agt', said)
        assert row['status'] == 'no check' and row['slim'] == '30', row
    agent_says = b'drain #' + b'y' * 300 + b'\r'
    logged('Server agents/a enters drain state')
    agent_says = b'ready\n'
    logged('Server agents/a is UP (leaving forced drain).')
    assert stat('agents', 'off')['agent_status'] == ''

    # Who tracks follows, through chains and in maintenance; sessions on a server that goes down are shut.
    assert stat('trackers', 't')['tracked'] == 'web/s'
    c = get('/held')
    assert asked.acquire(timeout=WAIT_S)
    web_says = b'500 Oops'
    assert c.makefile('rb').readline().split()[1] == b'502'
    *downs, line = logged('Server web/s is DOWN', 'Server trackers/t is DOWN via web/s', 'Server trackers/chain is DOWN via trackers/t',
                          '"GET /held HTTP/1.1"')
    assert [d for d in seen if d in downs] == downs, seen  # one after the other
    assert ' DH' in line, line
    held.set()
    web_says = b'200 OK'
    logged('Server trackers/t is UP via web/s', 'Server trackers/chain is UP via trackers/t')
    cli('disable server web/s')
    logged('Server trackers/chain is going DOWN for maintenance via trackers/t')
    assert stat('trackers', 'chain')['status'] == 'MAINT (via trackers/t)'
    cli('enable server web/s')
    logged('Server trackers/chain is UP/READY (leaving maintenance).')
    cli('set server web/s state drain')
    logged('Server trackers/t enters drain state via web/s')
    cli('set server web/s state ready')
    logged('Server trackers/chain is UP (leaving drain).')

    for backend in 'tell', 'brink', 'failcheck', 'soon':
        stat_until(backend, 'fails', 'check_status', 'L4OK')
    # What traffic says: marked down at once, nearly so, counted as a failed check, or only looked at sooner.
    for _ in range(3):
        assert status('/tell') == 500
    assert 'Health analyze, info: "Detected 3 consecutive errors, last one was: Wrong http response", status: 0/2 DOWN.' in logged(
        'Health check for server tell/fails failed', 'Server tell/fails is DOWN')[0]
    assert status('/tell') == 503
    for _ in range(2):
        assert status('/brink') == 500
    logged('Health check for server brink/fails failed')
    assert stat('brink', 'fails')['status'] == 'UP 1/3', stat('brink', 'fails')
    for _ in range(2):
        assert status('/brink') == 500
    logged('Server brink/fails is DOWN')
    assert stat('brink', 'fails')['hanafail'] == '2', stat('brink', 'fails')
    for _ in range(2):
        assert status('/failcheck') == 503
    logged('Health check for server failcheck/fails failed, reason: Health analyze')
    assert status('/soon') == 503

    # Those on a backup server are told to come again when the others are back.
    held.clear()
    cli('disable server spare/main')
    c = get('/spare/held')
    while stat('spare', 'spare')['scur'] != '1':
        pass
    cli('enable server spare/main')
    assert c.makefile('rb').readline().split()[1] == b'502'
    assert ' UH' in logged('"GET /spare/held HTTP/1.1"')[0]
    held.set()

    # A server that comes up gets its share little by little.
    cli('disable server slow/s')
    cli('enable server slow/s')
    row = stat('slow', 's')
    assert row['throttle'] in ('1', '2') and row['weight'] == row['throttle'], row
    for _ in range(40):
        assert status('/slow') == 200
    assert int(stat('slow', 's')['stot']) <= 4, stat('slow', 's')['stot']
