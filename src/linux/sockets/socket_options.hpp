#pragma once
// What sockets bound to a device have in common.

#include <initializer_list>
#include <string>

namespace michi::linux {

/// False with errno, as setsockopt.
bool set_option(int fd, int level, int option, int value);
bool bind_to_device(int fd, const std::string& device);
/// Of a raw ICMPv6 socket: these types come in, no others.
bool hear_only_icmp6(int fd, std::initializer_list<int> types);

}  // namespace michi::linux
