"""A peer that sends exactly the bytes a test says: WebSocket, HTTP or nonsense, plain or through TLS.

Where FakeVenue speaks WebSocket properly, this speaks nothing by itself. A test gives `script(peer)`, which runs in a
thread of its own for every TCP connection:

    with RawVenue(lambda peer: (peer.upgrade(), peer.send(b"\\x81\\x02hi"))) as venue:
        ... connect to venue.ws_url ...

What comes after the TLS handshake is kept in `venue.received`, so that a test can say that nothing came. A peer is
closed when its script returns, unless that returns True.
"""

import base64
import hashlib
import socket
import ssl
import struct
import threading

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Peer:
    """One connection, from the server's side."""

    def __init__(self, venue, sock):
        self.venue = venue
        self.sock = sock

    def recv(self, size=65536):
        data = self.sock.recv(size)
        self.venue.received += data
        return data

    def read_request(self):
        """The head of an HTTP request."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.recv(4096)
            if not more:
                raise ConnectionError("end")
            data += more
        return data

    def send(self, data):
        self.sock.sendall(data)

    def trickle(self, data):
        """Each byte in a packet of its own, as far as the kernel goes along with it."""
        for i in range(len(data)):
            self.sock.sendall(data[i : i + 1])

    def upgrade(self, accept=None, status=b"101 Switching Protocols", extra=b""):
        """Answers the WebSocket handshake; `accept` in place of the right key."""
        request = self.read_request()
        key = next(
            line.split(b":", 1)[1].strip()
            for line in request.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key:")
        )
        right = base64.b64encode(hashlib.sha1(key + GUID).digest())
        self.send(
            b"HTTP/1.1 " + status + b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + extra
            + b"Sec-WebSocket-Accept: " + (right if accept is None else accept) + b"\r\n\r\n"
        )
        return request

    def wait_end(self):
        """Reads until the client has gone."""
        try:
            while self.recv():
                pass
        except OSError:
            pass

    def reset(self):
        """RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class RawVenue:
    """Listens on loopback until the `with` block ends. `tls`: an ssl.SSLContext of a server."""

    def __init__(self, script, tls=None, host="127.0.0.1"):
        self.script = script
        self.tls = tls
        self.received = b""  # after the handshake, of all connections
        self.attempts = 0
        self.handshakes = 0  # TLS handshakes that came to their end
        self.socks = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.socket(family)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((host, 0))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]
        place = f"[{host}]" if ":" in host else host
        self.ws_url = f"{'wss' if tls else 'ws'}://{place}:{self.port}"
        self.http_url = f"{'https' if tls else 'http'}://{place}:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._accept_loop, daemon=True).start()
        return self

    def __exit__(self, *unused):
        for sock in [self._listener, *self.socks]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def _accept_loop(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.attempts += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        stays = False
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
                # A client that refuses a certificate says so after TLS 1.3 has let it finish.
                self.handshakes += 1
            self.socks.append(sock)
            stays = self.script(Peer(self, sock))
        except (OSError, ConnectionError, StopIteration):
            pass
        if stays is not True:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
