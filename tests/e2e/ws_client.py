"""A small WebSocket client (RFC 6455) for tests: plain TCP, nothing but the standard library.

    with WebSocket("ws://127.0.0.1:9101/stream") as ws:
        ws.send('{"method":"SUBSCRIBE",...}')
        text = ws.receive(timeout=5)     # None after a close frame; ws.close_code says which

Answers pings by itself and keeps count of them.
"""

import base64
import hashlib
import os
import socket
import struct
import time
import urllib.parse

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """The server did not upgrade; .status is its HTTP status, 0 when it only hung up."""

    def __init__(self, status):
        super().__init__(f"HTTP status {status}")
        self.status = status


class WebSocket:
    def __init__(self, url, timeout=10):
        parts = urllib.parse.urlsplit(url)
        self.close_code = None
        self.close_reason = ""
        self.pings = 0
        self._data = b""
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout)
        target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._deadline = time.monotonic() + timeout
        while b"\r\n\r\n" not in self._data:
            if not self._fill():
                break
        head, _, self._data = self._data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1]) if lines[0].startswith("HTTP/") else 0
        if status != 101:
            self._socket.close()
            raise Refused(status)
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert fields["sec-websocket-accept"] == accept.lower()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _fill(self):
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no frame came in time")
        self._socket.settimeout(left)
        try:
            data = self._socket.recv(1 << 16)
        except socket.timeout:
            raise TimeoutError("no frame came in time") from None
        except ConnectionResetError:
            data = b""
        self._data += data
        return bool(data)

    def _take(self, size):
        while len(self._data) < size:
            if not self._fill():
                raise EOFError("the server hung up without a close frame")
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def _frame(self):
        first, second = self._take(2)
        assert not second & 0x80, "a server must not mask"
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self._take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self._take(8))[0]
        return first >> 7, first & 0x0F, self._take(size)

    def send_frame(self, opcode, data, final=True):
        mask = os.urandom(4)
        size = len(data)
        head = bytes([(0x80 if final else 0) | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 1 << 16:
            head += bytes([0x80 | 126]) + struct.pack(">H", size)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", size)
        self._socket.sendall(head + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(data)))

    def send(self, text):
        self.send_frame(TEXT, text.encode())

    def close(self, code=1000):
        self.send_frame(CLOSE, struct.pack(">H", code))

    def receive(self, timeout=10):
        """The next message as text (bytes when binary); None when the server closed."""
        self._deadline = time.monotonic() + timeout
        message, kind = b"", None
        while True:
            final, opcode, data = self._frame()
            if opcode == PING:
                self.pings += 1
                self.send_frame(PONG, data)
            elif opcode == CLOSE:
                if len(data) >= 2:
                    self.close_code = struct.unpack(">H", data[:2])[0]
                    self.close_reason = data[2:].decode()
                return None
            elif opcode != PONG:
                kind = opcode or kind
                message += data
                if final:
                    return message.decode() if kind == TEXT else message

    def drain(self, quiet=1.0):
        """All messages until nothing came for `quiet` seconds or the server closed."""
        messages = []
        while True:
            try:
                message = self.receive(quiet)
            except TimeoutError:
                return messages
            if message is None:
                return messages
            messages.append(message)
