#include "agent/daemon/results.h"

#include <string>

#include <nlohmann/json.hpp>

namespace catena::agent {

using Json = nlohmann::json;

void tell_kept(const Json& result, base::Log& log) {
  const Json added = result.value("added", Json::object());
  const Json released = result.value("released", Json::object());
  const int more = added.value("ipv4", 0) + added.value("ipv6", 0);
  const int fewer = released.value("ipv4", 0) + released.value("ipv6", 0);
  if (more != 0 || fewer != 0) {
    log.info("pool.keep: " + std::to_string(more) + " addresses more, " + std::to_string(fewer) +
             " given back, room for " + std::to_string(result.value("idle", 0)) + " pods");
  }
}

void tell_kept_enis(const Json& result, base::Log& log) {
  const std::size_t more = result.value("enis", Json::array()).size();
  const std::size_t fewer = result.value("released", Json::array()).size();
  if (more != 0 || fewer != 0) {
    log.info("eni.keep: " + std::to_string(more) + " ENIs more, " + std::to_string(fewer) +
             " given back, " + std::to_string(result.value("idle", 0)) + " wait for pods");
  }
}

void tell_synced(const Json& result, base::Log& log) {
  for (const Json& line : result.value("done", Json::array())) {
    log.info("pool.sync: " + line.get<std::string>());
  }
}

void tell_collected(const Json& result, base::Log& log) {
  for (const Json& found : result.value("garbage", Json::array())) {
    log.info("gc: " + found.value("kind", "") + " " + found.value("what", "") +
             " removed: " + found.value("why", ""));
  }
}

}  // namespace catena::agent
