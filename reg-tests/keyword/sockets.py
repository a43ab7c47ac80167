# SPDX-License-Identifier: Apache-2.0
"""The words of bind and server lines that reach the kernel, and the socket options of proxies, as the kernel has them."""
import ctypes
import os
import socket
import stat
import struct
import sys

from _usher import Origin, Usher, WAIT_S, free_ports, read_all

TCP_USER_TIMEOUT, TCP_DEFER_ACCEPT, TCP_FASTOPEN, IP_TRANSPARENT, SO_BINDTODEVICE = 18, 9, 23, 19, 25
libc = ctypes.CDLL(None, use_errno=True)


def sockets_of(pid):
    """Copies of all sockets of another process, or None when that is not allowed here."""
    copies = []
    pidfd = libc.syscall(434, pid, 0)  # pidfd_open
    for name in os.listdir(f'/proc/{pid}/fd'):
        try:
            if not os.readlink(f'/proc/{pid}/fd/{name}').startswith('socket:'):
                continue
        except FileNotFoundError:
            continue
        fd = libc.syscall(438, pidfd, int(name), 0)  # pidfd_getfd
        if fd < 0:
            return None
        copies.append(socket.socket(fileno=fd))
    os.close(pidfd)
    return copies


peers = []


def note_peer(client):
    peers.append(client.getpeername()[0])
    client.sendall(b'hello')
    read_all(client)


origin = Origin(note_peer)
here = os.getcwd()
range_port, words_port, defer_port, v6_port, any_port, one_port, thread_port = (
    free_ports(3), free_ports(), free_ports(), free_ports(host='::1'), free_ports(), free_ports(), free_ports())
is_root = os.geteuid() == 0
config = f'''
global
    nbthread 3
defaults
    mode tcp
    timeout connect 10s
    timeout client 20s
    timeout server 20s
listen range
    bind 127.0.0.1:{range_port}-{range_port + 2}
    server s 127.0.0.1:{origin.port} source 127.0.0.2
listen words
    bind 127.0.0.1:{words_port} mss 900 tfo tcp-ut 7s backlog 33 name w id 77 interface lo
    option clitcpka
    clitcpka-cnt 3
    clitcpka-idle 40s
    clitcpka-intvl 5s
    option srvtcpka
    srvtcpka-cnt 4
    srvtcpka-idle 50s
    srvtcpka-intvl 6s
    server s 127.0.0.1:{origin.port} tcp-ut 9s interface lo
listen defer
    bind 127.0.0.1:{defer_port} defer-accept
    option tcpka
    option tcp-smart-accept
    option tcp-smart-connect
    option splice-auto
    option splice-request
    option splice-response
    server s 127.0.0.1:{origin.port}
listen six
    bind [::1]:{v6_port} v6only
    server s 127.0.0.1:{origin.port}
listen any
    bind [::]:{any_port} v4v6
    server s 127.0.0.1:{origin.port}
listen one
    bind 127.0.0.1:{one_port} shards 1
    bind 127.0.0.1:{thread_port} thread 2
    server s 127.0.0.1:{origin.port} no-tfo
listen unix
    bind unix@{here}/a.sock mode 640 uid {os.geteuid()} gid {os.getegid()}
    bind {here}/b.sock mode 600
    bind abns@usher-test-{os.getpid()}
    server s 127.0.0.1:{origin.port}
listen linger
    bind "fd@${{linger}}"
    option nolinger
    server s 127.0.0.1:{Origin(lambda s: s.recv(1)).port}
''' + (f'''
listen foreign
    bind 192.0.2.77:{free_ports()} transparent
    server s 127.0.0.1:{origin.port}
''' if is_root else '')


def connect(address, family=socket.AF_INET):
    c = socket.socket(family)
    c.settimeout(WAIT_S)
    c.connect(address)
    return c


def served(c):
    assert c.recv(5) == b'hello'
    return c


with Usher(config, sockets=['linger']) as usher:
    usher.connect('linger').close()  # it listens; the others do a little later
    while True:
        try:
            served(connect(('127.0.0.1', range_port))).close()
            break
        except ConnectionRefusedError:
            assert usher.process.poll() is None, usher.log()
    for i in range(3):
        served(connect(('127.0.0.1', range_port + i))).close()
    assert set(peers) == {'127.0.0.2'}, peers

    words = served(connect(('127.0.0.1', words_port)))
    assert words.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) <= 900
    served(connect(('::1', v6_port), socket.AF_INET6)).close()
    try:
        connect(('127.0.0.1', v6_port))
        assert False, 'v6only took an IPv4 client'
    except ConnectionRefusedError:
        pass
    served(connect(('127.0.0.1', any_port))).close()
    served(connect(('::1', any_port), socket.AF_INET6)).close()
    for i in range(6):
        served(connect(('127.0.0.1', one_port))).close()
        served(connect(('127.0.0.1', thread_port))).close()
    for path, mode in ((f'{here}/a.sock', 0o640), (f'{here}/b.sock', 0o600)):
        assert stat.S_IMODE(os.stat(path).st_mode) == mode, path
        served(connect(path, socket.AF_UNIX)).close()
    # An abstract name fills its whole field with zeros, as HAProxy's do.
    served(connect(f'\0usher-test-{os.getpid()}'.ljust(108, '\0'), socket.AF_UNIX)).close()

    # Deferred: nobody accepts before the first byte, so nobody says hello.
    deferred = connect(('127.0.0.1', defer_port))
    seen = len(peers)
    served(connect(('127.0.0.1', any_port))).close()
    assert len(peers) == seen + 1
    deferred.sendall(b'x')
    served(deferred).close()

    # Closed by reset.
    with usher.connect('linger') as c:
        c.sendall(b'x')
        try:
            c.recv(1)
            while c.send(b'y'):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass

    # What the kernel was told.
    plain = served(connect(('127.0.0.1', any_port)))
    copies = sockets_of(usher.process.pid)
    if copies is None:
        print('not allowed to look at the sockets of another process')
        words.close()
        plain.close()
        sys.exit(77)
    inet = [s for s in copies if s.family in (socket.AF_INET, socket.AF_INET6)]
    listening = [s for s in inet if s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)]

    def on(port):
        return [s for s in listening if s.getsockname()[1] == port]

    tcp = socket.IPPROTO_TCP
    sizes = [len(on(p)) for p in (words_port, one_port)]
    assert sizes == [3, 1], sizes
    for s in on(words_port):
        assert s.getsockopt(tcp, TCP_USER_TIMEOUT) == 7000
        assert s.getsockopt(tcp, TCP_FASTOPEN) > 0
        # Where the kernel tells what waits in a listening socket, it tells next how much may.
        assert struct.unpack_from('I', s.getsockopt(tcp, socket.TCP_INFO, 104), 28) == (33,)
        assert s.getsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, 16).rstrip(b'\0') == b'lo'
    for s in on(defer_port):
        assert s.getsockopt(tcp, TCP_DEFER_ACCEPT) > 0
    if is_root:
        assert [s for s in listening if s.getsockname()[0] == '192.0.2.77' and s.getsockopt(socket.SOL_IP, IP_TRANSPARENT)]

    def keepalive(s):
        return (s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0, s.getsockopt(tcp, socket.TCP_KEEPCNT),
                s.getsockopt(tcp, socket.TCP_KEEPIDLE), s.getsockopt(tcp, socket.TCP_KEEPINTVL))

    accepted = [s for s in inet if s not in listening and s.getsockname()[1] == words_port]
    assert [keepalive(s) for s in accepted] == [(True, 3, 40, 5)], [keepalive(s) for s in accepted]
    accepted = [s for s in inet if s not in listening and s.getsockname()[1] == any_port]
    assert accepted and not any(keepalive(s)[0] for s in accepted)
    dialled = [s for s in inet if s not in listening and s.family == socket.AF_INET and s.type == socket.SOCK_STREAM
               and keepalive(s) == (True, 4, 50, 6)]
    assert len(dialled) == 1
    assert dialled[0].getsockopt(tcp, TCP_USER_TIMEOUT) == 9000
    assert dialled[0].getpeername()[1] == origin.port
    for s in copies:
        s.close()
    words.close()
    plain.close()
