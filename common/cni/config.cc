#include "common/cni/config.h"

#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/cni/args.h"
#include "common/cni/result.h"
#include "common/cni/runtime_config.h"
#include "common/cni/version.h"

namespace catena::cni {
namespace {

using base::Error;
using base::ErrorKind;
using base::Fields;
using base::KeyCase;
using base::Result;
using base::Status;
using nlohmann::json;

constexpr std::array<std::string_view, 13> kCommonKeys{
    "cniVersion",    "cniVersions",  "name",     "type", "prevResult",
    "runtimeConfig", "capabilities", "args",     "dns",  "logFile",
    "logLevel",      "disableCheck", "disableGC"};
constexpr std::string_view kReservedPrefix = "cni.dev/";

Status read_names(Fields& fields, NetworkConfig& config) {
  config.name = TRY(fields.string("name")).value_or("");
  if (!is_valid_id(config.name)) {
    return fields.bad_value("name",
                            "a network name of letters, digits, '_', '.' and '-', beginning with a "
                            "letter or digit");
  }
  return {};
}

Status read_type(Fields& fields, NetworkConfig& config) {
  config.type = TRY(fields.string("type")).value_or("");
  return {};
}

Status read_log_file(Fields& fields, std::string& log_file) {
  log_file = TRY(fields.absolute_path("logFile")).value_or("");
  return {};
}

Status read_log_level(Fields& fields, base::LogLevel& log_level) {
  static constexpr std::array<std::pair<std::string_view, base::LogLevel>, 4> kLevels{
      {{"debug", base::LogLevel::kDebug},
       {"info", base::LogLevel::kInfo},
       {"warning", base::LogLevel::kWarning},
       {"error", base::LogLevel::kError}}};
  const std::optional<std::string> text =
      TRY(fields.one_of("logLevel", {"debug", "info", "warning", "error"}));
  for (const auto& [name, level] : kLevels) {
    if (text == name) {
      log_level = level;
    }
  }
  return {};
}

Status read_config_dns(Fields& fields, Dns& dns) {
  std::optional<Fields> members = TRY(fields.object("dns"));
  if (!members) {
    return {};
  }
  Dns read = TRY(read_dns(*members));
  TRY(members->no_unknown_keys());
  dns = std::move(read);
  return {};
}

// libcni leaves the key in what it hands to the plugin; the values say nothing to us.
Status check_capabilities(Fields& fields) {
  std::optional<Fields> capabilities = TRY(fields.object("capabilities"));
  if (!capabilities) {
    return {};
  }
  for (const auto& item : fields.raw("capabilities")->items()) {
    if (!item.value().is_boolean()) {
      return capabilities->bad_value(item.key(), "true or false");
    }
  }
  return {};
}

Result<Version> read_version(Fields& fields) {
  const std::string text = TRY(fields.string("cniVersion")).value_or("");
  const std::optional<Version> version = version_from(text);
  if (!version) {
    const std::string said =
        text.empty() ? "config has no cniVersion, which means 0.1.0" : "config is \"" + text + "\"";
    return Error(ErrorKind::kIncompatible,
                 "incompatible CNI versions: " + said + ", plugin supports " + supported_versions())
        .advice("set cniVersion of the network configuration to one of these");
  }
  return *version;
}

Status check_verb(Version version, Command command) {
  const Version first = first_version_with(command);
  if (version >= first) {
    return {};
  }
  return Error(ErrorKind::kIncompatible, "config version does not allow " + to_string(command) +
                                             ": config is \"" + to_string(version) + "\", " +
                                             to_string(command) + " came with " + to_string(first));
}

Status read_prev_result(Fields& fields, NetworkConfig& config) {
  const json* value = fields.raw("prevResult");
  if (value != nullptr && !value->is_null()) {
    config.prev_result = TRY(result_from_json(*value, config.version, "prevResult"));
  }
  return {};
}

Result<std::vector<Attachment>> attachments_at(Fields& fields, std::string_view key) {
  std::vector<Attachment> attachments;
  std::optional<std::vector<Fields>> entries = TRY(fields.objects(key, KeyCase::kIgnored));
  for (Fields& entry : entries ? *entries : std::vector<Fields>{}) {
    const std::optional<std::string> container_id = TRY(entry.string("containerID"));
    const std::optional<std::string> if_name = TRY(entry.string("ifname"));
    if (!container_id || !if_name) {
      return entry.bad_value(container_id ? "ifname" : "containerID", "a string");
    }
    attachments.push_back({*container_id, *if_name});
  }
  return attachments;
}

Status read_valid_attachments(Fields& fields, NetworkConfig& config) {
  // The second one is what older libcni sends.
  for (const std::string_view key : {"cni.dev/valid-attachments", "cni.dev/attachments"}) {
    if (fields.raw(key) != nullptr) {
      config.valid_attachments = TRY(attachments_at(fields, key));
      return {};
    }
  }
  return {};
}

Status read_version_and_result(Fields& fields, Command command, const Tolerance& tolerate,
                               NetworkConfig& config) {
  Result<Version> version = read_version(fields);
  if (version.ok()) {
    config.version = *version;
  } else {
    TRY(tolerate(std::move(version).error()));
  }
  TRY(check_verb(config.version, command));
  TRY(tolerate(read_prev_result(fields, config)));
  if (command == Command::kCheck && !config.prev_result) {
    return fields.bad_value("prevResult", "the result of ADD")
        .advice("the runtime has lost it: recreate the pod");
  }
  return {};
}

}  // namespace

Fields NetworkConfig::own_fields() const {
  Fields fields = Fields::of(*json, "").value();
  for (const std::string_view key : kCommonKeys) {
    fields.ignore(key);
  }
  fields.ignore_prefix(kReservedPrefix);
  return fields;
}

Preamble preamble_of(const json& json) {
  Preamble preamble;
  Result<Fields> fields = Fields::of(json, "");
  if (!fields.ok()) {
    return preamble;
  }
  const Tolerance tolerate(true, nullptr);
  tolerate(read_log_file(*fields, preamble.log_file)).value();
  tolerate(read_log_level(*fields, preamble.log_level)).value();
  const Result<Version> version = read_version(*fields);
  preamble.version = version.ok() ? *version : kLatestVersion;
  return preamble;
}

Result<NetworkConfig> read_config(std::string_view text, Command command,
                                  std::vector<std::string>* passed_over) {
  auto json = std::make_shared<const nlohmann::json>(TRY(base::parse_json(text, kMostInput)));
  return read_config(std::move(json), command, passed_over);
}

Result<NetworkConfig> read_config(std::shared_ptr<const json> json, Command command,
                                  std::vector<std::string>* passed_over) {
  Result<Fields> fields = Fields::of(*json, "");
  if (!fields.ok()) {
    return std::move(fields).error().as(ErrorKind::kUndecodable);
  }
  const Tolerance tolerate(command == Command::kDel || command == Command::kGc, passed_over);
  NetworkConfig config;
  config.json = std::move(json);
  TRY(read_names(*fields, config));
  TRY(tolerate(read_type(*fields, config)));
  TRY(tolerate(read_log_file(*fields, config.log_file)));
  TRY(tolerate(read_log_level(*fields, config.log_level)));
  TRY(tolerate(read_config_dns(*fields, config.dns)));
  TRY(tolerate(check_capabilities(*fields)));
  TRY(read_runtime_config(*fields, tolerate, config.runtime));
  TRY(read_cni_args(*fields, tolerate, config.args));
  TRY(read_version_and_result(*fields, command, tolerate, config));
  if (command == Command::kGc) {
    TRY(tolerate(read_valid_attachments(*fields, config)));
  }
  return config;
}

}  // namespace catena::cni
