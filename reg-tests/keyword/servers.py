# SPDX-License-Identifier: Apache-2.0
"""Who serves: use_backend, default_backend, use-server, backup, allbackups, disabled, default-server, retries."""
# tsan
import socket

from _usher import Origin, Usher, read_all

origin = {name: Origin(lambda s, name=name: s.sendall(name.encode())) for name in ('a', 'b', 'c')}
dead = socket.create_server(('127.0.0.1', 0))
dead_port = dead.getsockname()[1]
dead.close()  # refuses from now on


def server(name, words=''):
    return f'server {name} 127.0.0.1:{origin[name].port} {words}'


config = f'''
defaults
    mode tcp
    timeout connect 200ms
    timeout client 20s
    timeout server 20s

frontend switch
    bind "fd@${{switch}}"
    acl never always_false
    use_backend just_b if never
    use_backend just_c if {{ dst_port 0:65535 }} !never
    use_backend just_b
    default_backend just_a
frontend default
    bind "fd@${{default}}"
    use_backend just_b if {{ always_false }}
    default_backend just_a
frontend byname
    bind "fd@${{byname}}"
    use_backend just_%[str(b)]
    default_backend just_a
frontend nowhere
    bind "fd@${{nowhere}}"
    use_backend none_%[str(b)]
    default_backend just_a
backend just_a
    {server('a')}
backend just_b
    {server('b')}
backend just_c
    {server('c')}

listen useserver
    bind "fd@${{useserver}}"
    use-server a if {{ always_false }}
    use-server b if {{ always_true }}
    {server('a')}
    {server('b', 'weight 0')}
    {server('c')}
listen persist
    bind "fd@${{persist}}"
    option persist
    use-server b if {{ always_true }}
    {server('a')}
    {server('b')}
listen backup
    bind "fd@${{backup}}"
    default-server backup
    {server('a', 'disabled')}
    {server('b')}
    {server('c')}
listen allbackups
    bind "fd@${{allbackups}}"
    option allbackups
    default-server backup disabled
    {server('a', 'no-backup')}
    {server('b', 'enabled')}
    {server('c', 'enabled')}
listen redispatch
    bind "fd@${{redispatch}}"
    retries 1
    option redispatch
    server dead 127.0.0.1:{dead_port} weight 256
    {server('a')}
listen noretry
    bind "fd@${{noretry}}"
    retries 1
    no option redispatch
    server dead 127.0.0.1:{dead_port}
listen none
    bind "fd@${{none}}"
    {server('a', 'disabled')}
'''
names = ['switch', 'default', 'byname', 'nowhere', 'useserver', 'persist', 'backup', 'allbackups', 'redispatch',
         'noretry', 'none']

with Usher(config, sockets=names) as usher:
    def ask(name, times=1):
        got = ''
        for _ in range(times):
            with usher.connect(name) as c:
                try:
                    got += read_all(c).decode()
                except ConnectionResetError:
                    pass
        return got

    def expect(name, want, times=1):
        got = ''.join(sorted(ask(name, times)))
        assert got == want, f'{name}: {got!r}, not {want!r}'

    expect('switch', 'c')
    expect('default', 'a')
    expect('byname', 'b')
    expect('nowhere', 'a')  # a name that no backend has
    expect('useserver', 'bb', 2)
    expect('persist', 'bb', 2)
    expect('backup', 'bbb', 3)
    expect('allbackups', 'bbcc', 4)
    expect('redispatch', 'aaa', 3)
    expect('noretry', '')
    expect('none', '')
