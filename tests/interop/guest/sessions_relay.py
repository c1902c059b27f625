"""A provider's DHCPv6 relay agent (RFC 8415 §19) for sessions that come and go: it hears clients on every ppp device there is.

    sessions_relay.py SERVER PORT LINK-ADDRESS

The server stays where it is, as at a provider; so no client has to wait for one to start. Clients are heard by a packet socket:
to join a group on each new device takes a millisecond, in which one that asks at once is not heard. Prints "ready" when it listens.
"""
import select
import socket
import struct
import sys

from relay import INTERFACE_ID, RELAY_FORWARD, RELAY_MESSAGE, RELAY_REPLY, SERVERS, first, option, options

PORT, CLIENT_PORT = 547, 546
IPV6, UDP = 0x86DD, 17
HEADERS = 48  # of IPv6 and UDP


def inet6(text):
    return socket.inet_pton(socket.AF_INET6, text)


def from_client(clients, sock, server, link):
    packet, (device, _, _, _, _) = clients.recvfrom(4096)
    to, = struct.unpack_from("!H", packet, 42) if len(packet) > HEADERS and packet[6] == UDP else (0,)
    if device.startswith("ppp") and to == PORT and packet[24:40] == inet6(SERVERS):
        head = bytes([RELAY_FORWARD, 0]) + link + packet[8:24]
        whose = option(INTERFACE_ID, struct.pack("!I", socket.if_nametoindex(device)))
        sock.sendto(head + whose + option(RELAY_MESSAGE, packet[HEADERS:]), server)


def from_server(sock):
    message = sock.recv(4096)
    if message[:1] == bytes([RELAY_REPLY]):
        found = options(message[34:])
        client = socket.inet_ntop(socket.AF_INET6, message[18:34])
        index, = struct.unpack("!I", first(found, INTERFACE_ID))
        sock.sendto(first(found, RELAY_MESSAGE), (client, CLIENT_PORT, 0, index))


def main():
    server, link = (sys.argv[1], int(sys.argv[2])), inet6(sys.argv[3])
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind(("::", PORT))
    clients = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(IPV6))
    print("ready", flush=True)
    while True:
        for readable in select.select([clients, sock], [], [])[0]:
            try:
                if readable is clients:
                    from_client(clients, sock, server, link)
                else:
                    from_server(sock)
            except (OSError, struct.error) as error:  # a session that is gone meanwhile
                print(f"{type(error).__name__}: {error}", flush=True)


if __name__ == "__main__":
    main()
