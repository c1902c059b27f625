#pragma once
// The command line of michi-ac, as settings of the engine and of the data path.

#include <map>
#include <string>
#include <vector>

#include "base/net/address.hpp"
#include "base/result.hpp"
#include "engine/pppoe/access_concentrator.hpp"

namespace michi::lab {

struct Options {
  std::string interface;
  std::string tun;
  std::string control;  // path of the Unix socket; empty: none
  engine::pppoe::AcSettings ac;
  Ipv4 pool_last;
  std::map<std::string, Prefix> blocks;  // user → the prefix routed to that session
};

/// The error is a sentence for the person who typed it.
Result<Options, std::string> parse_options(int argc, char** argv);

std::string usage();

}  // namespace michi::lab
