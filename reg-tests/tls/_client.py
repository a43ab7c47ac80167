# SPDX-License-Identifier: Apache-2.0
"""A client that looks at the certificate it gets."""
import os
import ssl
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import WAIT_S, read_head

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def context(root, ciphers=None, least=None, most=None, alpn=None, certificate=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.load_verify_locations(root)
    if ciphers:
        c.set_ciphers(ciphers)
    if least:
        c.minimum_version = least
    if most:
        c.maximum_version = most
    if alpn:
        c.set_alpn_protocols(alpn)
    if certificate:
        c.load_cert_chain(certificate.pem)
    return c


def serial(answer):
    """Of what shake() gave: the number of the certificate that was presented, or why there was none."""
    return answer if isinstance(answer, str) else answer.getpeercert()['serialNumber']


def shake(usher, name, sni, ctx, session=None):
    """The secured socket, or the words of what went wrong."""
    s = usher.connect(name)
    s.settimeout(WAIT_S)
    try:
        return ctx.wrap_socket(s, server_hostname=sni, session=session)
    except (ssl.SSLError, OSError) as e:
        s.close()
        return str(e)


def ask(s, path=b'/'):
    """Status line, body and what the connection said of itself; a client certificate that is refused shows here with TLS 1.3."""
    try:
        s.sendall(b'GET %s HTTP/1.1\r\nHost: h\r\n\r\n' % path)
        f = s.makefile('rb')
        head = read_head(f)
        if head is None:
            return None, b''
        return head.split(b'\r\n')[0], f.read(int(head.lower().split(b'content-length:')[1].split()[0]))
    except (ssl.SSLError, OSError) as e:
        return str(e), b''
