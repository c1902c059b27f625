"""A provider's DHCPv6 relay agent (RFC 8415 §19) for sessions that come and go: it hears clients on every ppp device there is.

    sessions_relay.py SERVER PORT LINK-ADDRESS

The server stays where it is, as at a provider; so no client has to wait for one to start. Prints "ready" when it listens.
"""
import select
import socket
import struct
import sys

from relay import INTERFACE_ID, RELAY_FORWARD, RELAY_MESSAGE, RELAY_REPLY, SERVERS, first, option, options

PORT, CLIENT_PORT = 547, 546
RTMGRP_LINK = 1


def inet6(text):
    return socket.inet_pton(socket.AF_INET6, text)


def join_new(sock, joined):
    for index, name in socket.if_nameindex():
        if name.startswith("ppp") and index not in joined:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, inet6(SERVERS) + struct.pack("@I", index))
            joined.add(index)


def pass_on(sock, server, link):
    """From a client to the server, from the server to the client, as the message says."""
    message, (peer, _, _, index) = sock.recvfrom(4096)
    if not message:
        return
    if message[0] == RELAY_REPLY:
        found = options(message[34:])
        client = socket.inet_ntop(socket.AF_INET6, message[18:34])
        index, = struct.unpack("!I", first(found, INTERFACE_ID))
        sock.sendto(first(found, RELAY_MESSAGE), (client, CLIENT_PORT, 0, index))
    else:
        head = bytes([RELAY_FORWARD, 0]) + link + inet6(peer.split("%")[0])
        sock.sendto(head + option(INTERFACE_ID, struct.pack("!I", index)) + option(RELAY_MESSAGE, message), server)


def main():
    server, link = (sys.argv[1], int(sys.argv[2])), inet6(sys.argv[3])
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind(("::", PORT))
    news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    news.bind((0, RTMGRP_LINK))
    joined = set()
    print("ready", flush=True)
    while True:
        for readable in select.select([news, sock], [], [])[0]:
            try:
                if readable is news:
                    news.recv(65536)
                    join_new(sock, joined)
                else:
                    pass_on(sock, server, link)
            except (OSError, struct.error) as error:  # a session that is gone meanwhile
                print(f"{type(error).__name__}: {error}", flush=True)


if __name__ == "__main__":
    main()
