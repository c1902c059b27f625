#pragma once
// Model → JSON: the words of the API, shared by daemon and command line. Version 1; keys are only
// added. Durations are whole milliseconds, unknown values null.

#include <boost/json/fwd.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "control/commands.hpp"
#include "model/snapshot.hpp"

namespace michi::control {

inline constexpr int kSchema = 1;

boost::json::value to_json(const model::Snapshot& snapshot);
boost::json::value to_json(const model::UplinkSnapshot& uplink);
boost::json::value to_json(const model::LanSnapshot& lan);
boost::json::value to_json(const model::PassedSnapshot& passed);
boost::json::value to_json(const model::Event& event);
boost::json::value to_json(const ReloadReply& reply);
boost::json::value to_json(const WhyReply& reply);
boost::json::value to_json(const ExaminationReply& reply);
boost::json::value to_json(const Refusal& refusal);
boost::json::value to_json(const TracedFrame& frame);

/// {"schema":1, …object}
boost::json::object reply(boost::json::object object);
/// {"schema":1,"uplink":{…}}
boost::json::value uplink_reply(const model::UplinkSnapshot& uplink);
boost::json::value plan_reply(const std::vector<std::string>& lines);
boost::json::value done_reply();

}  // namespace michi::control
