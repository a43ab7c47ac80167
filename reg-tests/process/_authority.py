# SPDX-License-Identifier: Apache-2.0
"""Certificates for tests, made with the openssl command in a directory that goes with the process.

    authority = Authority()
    site = authority.server('example.com', '*.example.com')      # site.pem: leaf, chain and key in one file
    alice = authority.client('alice')
    late = authority.server('late.example', days=(-20, -10))     # expired ten days ago
    wrong = authority.server('wrong.example', purpose='client')
    authority.revoke(alice)                                      # authority.crl names it from now on
    odd = resigned(alice, b'alice', b'al\\0ce')                  # other bytes of the same length in it

Above the leaves stands an intermediate, above that the root that clients and servers trust (authority.root). Keys are EC P-256, or
RSA with key='rsa' or 'rsa4096'. The same words give the same certificate, so that a test may ask wherever it needs one. Nothing
here is secret.
"""
import atexit
import datetime
import ipaddress
import os
import shutil
import ssl
import subprocess
import tempfile

KEYS = {'ec': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], 'rsa': ['-newkey', 'rsa:2048'],
        'rsa4096': ['-newkey', 'rsa:4096']}
SIGNS = 'basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'
PURPOSES = {'server': 'extendedKeyUsage=serverAuth', 'client': 'extendedKeyUsage=clientAuth',
            'both': 'extendedKeyUsage=serverAuth,clientAuth', 'authority': '\n'.join(SIGNS)}
CA_CONFIG = """
[ca]
default_ca = here
[here]
database = {dir}/index
new_certs_dir = {dir}/issued
certificate = {dir}/cert.pem
private_key = {dir}/key.pem
crlnumber = {dir}/crlnumber
rand_serial = yes
default_md = sha256
default_crl_days = 30
unique_subject = no
policy = any
[any]
organizationName = optional
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
CN = unnamed
"""


def openssl(*words):
    done = subprocess.run(['openssl', *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, f'openssl {" ".join(words)}\n{done.stderr}'
    return done.stdout


def read(*paths):
    return ''.join(open(p).read() for p in paths)


class Certificate:
    """Paths: cert, key, chain (what stands between it and the root), pem (cert, chain, key: HAProxy's order), both (cert
    and chain)."""

    def __init__(self, issuer, directory):
        self.issuer, self.directory = issuer, directory
        for name in ('cert', 'key', 'chain', 'pem', 'both'):
            setattr(self, name, os.path.join(directory, name + '.pem'))

    def bundle(self, chain):
        both = read(self.cert) + chain
        for path, text in ((self.chain, chain), (self.both, both), (self.pem, both + read(self.key))):
            with open(path, 'w') as f:
                f.write(text)

    def field(self, name):
        """What `openssl x509 -noout -<name>` prints of it, such as serial, subject, fingerprint."""
        return openssl('x509', '-in', self.cert, '-noout', '-' + name).strip().partition('=')[2]


class Issuer:
    """One certificate that signs others: openssl's ca with its files."""

    def __init__(self, directory, name, above=None):
        self.directory, self.config = directory, os.path.join(directory, 'ca.cnf')
        self.crl = os.path.join(directory, 'crl.pem')
        os.makedirs(os.path.join(directory, 'issued'))
        for file, text in (('index', ''), ('crlnumber', '01\n'), ('ca.cnf', CA_CONFIG.format(dir=directory))):
            with open(os.path.join(directory, file), 'w') as f:
                f.write(text)
        if above:
            self.certificate = above.issue(directory, f'/O=Tests/CN={name}', '', 'authority', 'ec', (-3650, 3650))
        else:
            self.certificate = Certificate(None, directory)
            openssl('req', '-x509', '-new', *KEYS['ec'], '-nodes', '-config', self.config, '-subj', f'/O=Tests/CN={name}',
                    '-days', '3650', '-addext', SIGNS[0], '-addext', SIGNS[1], '-keyout', self.certificate.key,
                    '-out', self.certificate.cert)
        self.list_revoked()

    def issue(self, directory, subject, names, purpose, key, days):
        """days: from and until when it is valid, counted from now."""
        made = Certificate(self, directory)
        csr, extensions = os.path.join(directory, 'csr'), os.path.join(directory, 'extensions')
        os.makedirs(directory, exist_ok=True)
        with open(extensions, 'w') as f:
            f.write(f'{PURPOSES[purpose]}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n')
            f.write(f'subjectAltName={names}\n' if names else '')
        now = datetime.datetime.now(datetime.timezone.utc)
        begin, end = ((now + datetime.timedelta(days=d)).strftime('%Y%m%d%H%M%SZ') for d in days)
        openssl('req', '-new', *KEYS[key], '-nodes', '-config', self.config, '-subj', subject, '-keyout', made.key, '-out', csr)
        openssl('ca', '-batch', '-notext', '-config', self.config, '-in', csr, '-out', made.cert, '-startdate', begin,
                '-enddate', end, '-extfile', extensions)
        return made

    def revoke(self, certificate):
        openssl('ca', '-config', self.config, '-revoke', certificate.cert)
        self.list_revoked()

    def list_revoked(self):
        openssl('ca', '-config', self.config, '-gencrl', '-out', self.crl)


class Authority:
    def __init__(self, directory=None):
        self.directory = directory or tempfile.mkdtemp(prefix='authority.')
        if directory is None:
            atexit.register(shutil.rmtree, self.directory, ignore_errors=True)
        self.made = {}
        self.top = Issuer(os.path.join(self.directory, 'top'), 'Root for tests')
        self.middle = Issuer(os.path.join(self.directory, 'middle'), 'Intermediate for tests', self.top)
        self.root, self.intermediate = self.top.certificate.cert, self.middle.certificate.cert
        self.crl = os.path.join(self.directory, 'crl.pem')
        self.write_crl()

    def write_crl(self):
        """Who checks a whole chain wants a list from each issuer in it."""
        with open(self.crl, 'w') as f:
            f.write(read(self.middle.crl, self.top.crl))

    def make(self, purpose, names, key, days, by_root, common_name):
        word = (purpose, names, key, days, by_root, common_name)
        if word not in self.made:
            issuer = self.top if by_root else self.middle
            each = ','.join(('IP:' if is_address(n) else 'DNS:') + n for n in names)
            directory = os.path.join(self.directory, str(len(self.made)))
            certificate = issuer.issue(directory, f'/O=Tests/CN={common_name}', each, purpose, key, days)
            certificate.bundle('' if by_root else read(self.intermediate))
            self.made[word] = certificate
        return self.made[word]

    def server(self, *names, key='ec', days=(-1, 30), purpose='server', by_root=False):
        """names: host names, with * in their first label too, or addresses. by_root: without the intermediate between."""
        return self.make(purpose, names, key, days, by_root, names[0])

    def client(self, name, key='ec', days=(-1, 30), purpose='client'):
        return self.make(purpose, (), key, days, False, name)

    def revoke(self, certificate):
        certificate.issuer.revoke(certificate)
        self.write_crl()


def der_length(n):
    if n < 0x80:
        return bytes([n])
    octets = n.to_bytes((n.bit_length() + 7) // 8, 'big')
    return bytes([0x80 | len(octets)]) + octets


def der_item(data, at):
    """Where the item at `at` ends."""
    n = data[at + 1]
    if n < 0x80:
        return at + 2 + n
    return at + 2 + (n & 0x7f) + int.from_bytes(data[at + 2:at + 2 + (n & 0x7f)], 'big')


def resigned(certificate, old, new):
    """A Certificate with other bytes of the same length in it, and a good signature: what openssl's commands will not write. It has
    the same key."""
    assert len(old) == len(new)
    der = ssl.PEM_cert_to_DER_cert(read(certificate.cert))
    begin = 2 + (der[1] & 0x7f if der[1] & 0x80 else 0)
    end = der_item(der, begin)
    signed, algorithm = der[begin:end], der[end:der_item(der, end)]
    assert signed.count(old) == 1, signed.count(old)
    signed = signed.replace(old, new)
    made = Certificate(certificate.issuer, tempfile.mkdtemp(prefix='resigned.', dir=os.path.dirname(certificate.directory)))
    with open(os.path.join(made.directory, 'signed'), 'wb') as f:
        f.write(signed)
    key = certificate.issuer.certificate.key
    done = subprocess.run(['openssl', 'dgst', '-sha256', '-sign', key, f.name], capture_output=True, check=True)
    inside = signed + algorithm + b'\x03' + der_length(len(done.stdout) + 1) + b'\0' + done.stdout
    with open(made.cert, 'w') as f:
        f.write(ssl.DER_cert_to_PEM_cert(b'\x30' + der_length(len(inside)) + inside))
    shutil.copy(certificate.key, made.key)
    made.bundle(read(certificate.chain))
    return made


def is_address(name):
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return False
