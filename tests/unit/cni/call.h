// One call of a plugin inside the test's own process.
#pragma once

#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "common/cni/plugin.h"

namespace catena::test {

using Variables = std::map<std::string, std::string>;

cni::Environment environment_of(Variables variables);

// What a runtime sets for `verb`, CNI_NETNS being a path that cannot be opened.
Variables variables_for(const std::string& verb);

// {"cniVersion": version, "name": "net", "type": "noop"}
nlohmann::json config_of(const std::string& version);

struct CallOutcome {
  int exit_status = -1;
  std::string out;
  std::string err;
  // `out`; an empty object where it is empty.
  nlohmann::json answer() const;
  int code() const { return answer().value("code", 0); }
  std::string message() const { return answer().value("msg", ""); }
};

CallOutcome call(const cni::Plugin& plugin, const Variables& variables, const std::string& input);

// A plugin whose verbs all succeed: ADD gives 10.0.0.5/24 on eth0 in "/ns". `verbs_run` says which
// ran, in order: "ADD CHECK ".
const cni::Plugin& good_plugin();
extern std::string verbs_run;

}  // namespace catena::test
