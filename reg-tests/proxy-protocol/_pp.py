# SPDX-License-Identifier: Apache-2.0
"""PROXY headers, made and taken apart."""
import socket
import struct

SIGNATURE = b'\r\n\r\n\0\r\nQUIT\n'
CRC32C, AUTHORITY, NOOP, UNIQUE_ID, SSL = 3, 2, 4, 5, 0x20


def tlv(kind, value):
    return bytes([kind]) + struct.pack('>H', len(value)) + value


def v2(command, family, body):
    return SIGNATURE + bytes([0x20 | command, family]) + struct.pack('>H', len(body)) + body


def inet(src, dst, sport, dport):
    return socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack('>HH', sport, dport)


def inet6(src, dst, sport, dport):
    return socket.inet_pton(socket.AF_INET6, src) + socket.inet_pton(socket.AF_INET6, dst) + struct.pack('>HH', sport, dport)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


class Heard:
    """A v2 header taken apart: command, family byte, addresses, TLVs in order, and the bytes behind."""

    def __init__(self, data):
        assert data.startswith(SIGNATURE), data
        assert data[12] >> 4 == 2
        self.command, self.family = data[12] & 15, data[13]
        end = 16 + struct.unpack('>H', data[14:16])[0]
        at = 16 + {0: 0, 0x11: 12, 0x21: 36}[self.family]
        self.block, self.rest, self.tlvs = data[16:at], data[end:], []
        while at < end:
            kind, n = struct.unpack('>BH', data[at:at + 3])
            value = data[at + 3:at + 3 + n]
            if kind == CRC32C:
                whole = data[:at + 3] + bytes(4) + data[at + 7:end]
                assert struct.unpack('>I', value)[0] == crc32c(whole), 'checksum'
                value = b''
            self.tlvs.append((kind, value))
            at += 3 + n
        assert at == end
