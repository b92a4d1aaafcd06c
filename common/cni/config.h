// The network configuration on stdin: what every plugin has in common.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/fields.h"
#include "common/base/ip.h"
#include "common/base/log.h"
#include "common/base/mac.h"
#include "common/base/result.h"
#include "common/cni/types.h"

namespace catena::cni {

// Rates in bits per second, bursts in bits; 0: not limited (CNI convention "bandwidth").
struct Bandwidth {
  std::uint64_t ingress_rate = 0;
  std::uint64_t ingress_burst = 0;
  std::uint64_t egress_rate = 0;
  std::uint64_t egress_burst = 0;
};

// The capability arguments that the suite's plugins read; keys are matched without regard to case,
// since containerd capitalises them. Others are accepted and left alone.
struct RuntimeConfig {
  std::vector<base::Prefix> ips;  // a bare address comes as /32 or /128
  std::optional<base::Mac> mac;
  std::optional<Bandwidth> bandwidth;
  std::vector<std::pair<std::string, std::string>> pod_annotations;
  bool has_pod_annotations = false;  // the runtime sent them, be it none
};

// Key "args.cni" (CNI convention): what the network's author asks for.
struct CniArgs {
  std::vector<base::Prefix> ips;  // a bare address comes as /32 or /128
  std::optional<base::Mac> mac;
};

struct NetworkConfig {
  Version version = Version::k1_1_0;
  std::string name;
  std::string type;
  RuntimeConfig runtime;
  CniArgs args;
  // Absent for the first plugin of a chain on ADD, on DEL below 0.4.0 and when the runtime lost it.
  std::optional<AddResult> prev_result;
  // GC: absent when the key was absent (nothing is to be taken as gone); empty for [] and null (all
  // attachments are gone).
  std::optional<std::vector<Attachment>> valid_attachments;
  Dns dns;                                           // key "dns", handed to the result
  std::string log_file;                              // key "logFile"; empty: syslog
  base::LogLevel log_level = base::LogLevel::kInfo;  // key "logLevel"

  // The whole object, for the plugin's own keys; shared, so that Fields made from it stay valid.
  std::shared_ptr<const nlohmann::json> json;

  // The plugin's own keys: every key that this file knows counts as known already, so a plugin asks
  // for its own and ends with no_unknown_keys().
  base::Fields own_fields() const;
};

// The most that a network configuration on stdin may hold, in bytes: GC with 10,000 attachments is
// 1 MB.
inline constexpr std::size_t kMostInput = std::size_t{4} << 20U;

// What can be told of any configuration, however bad: for the answer and the log.
struct Preamble {
  Version version = Version::k1_1_0;  // the latest where the configuration has none of ours
  std::string log_file;
  base::LogLevel log_level = base::LogLevel::kInfo;
};
Preamble preamble_of(const nlohmann::json& json);

// kUndecodable: not JSON or not an object. kBadConfig: a bad name, type, value or key of those
// above, or CHECK without prevResult. kIncompatible: a cniVersion out of the list, or a verb the
// version lacks (CHECK below 0.4.0, GC and STATUS below 1.1.0). A missing cniVersion means 0.1.0,
// which is not supported. DEL and GC need a name and a verb that the version has; whatever else is
// bad is let pass as if it were absent, cniVersion being 1.1.0 then: a configuration made worse
// after ADD must not keep a pod from being torn down. What was passed over is in `passed_over`.
base::Result<NetworkConfig> read_config(std::string_view text, Command command,
                                        std::vector<std::string>* passed_over);
// The same of a text that was parsed already.
base::Result<NetworkConfig> read_config(std::shared_ptr<const nlohmann::json> json, Command command,
                                        std::vector<std::string>* passed_over);

}  // namespace catena::cni
