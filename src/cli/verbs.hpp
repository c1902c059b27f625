#pragma once
// What each verb does, as plain functions of what was asked for. How it is asked for stands in arguments.cpp, which
// alone knows the library that reads arguments. Each gives the program's exit status.

#include <cstdint>
#include <string>

namespace michi::cli {

struct Context;

struct CheckOrder {
  std::string file;
  std::string secrets;
};
struct UplinkOrder {
  std::string verb;  // up, down, redial
  std::string name;
  unsigned wait = 0;
};
struct ReloadOrder {
  std::string file;
  bool dry_run = false;
  unsigned confirm = 0;
};
struct WhyOrder {
  std::string destination, source, interface, protocol;
  std::uint16_t port = 0, source_port = 0;
};
struct EventsOrder {
  bool follow = false;
  std::string since;
};
struct TraceOrder {
  std::string name;
  std::string file;
};

int check(Context& context, const CheckOrder& order);
/// All uplinks, or the one that is named.
int status(Context& context, const std::string& name);
int give(Context& context, const UplinkOrder& order);
int plan(Context& context);
int flush(Context& context);
int reload(Context& context, const ReloadOrder& order);
int confirm(Context& context);
int why(Context& context, const WhyOrder& flow);
int doctor(Context& context, const std::string& name);
int events(Context& context, const EventsOrder& order);
int trace(Context& context, const TraceOrder& order);

}  // namespace michi::cli
